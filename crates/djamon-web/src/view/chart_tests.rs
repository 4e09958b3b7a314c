use super::*;

const HOUR: i64 = 3_600_000;
const NOON: Instant = Instant::from_ms(1_795_435_200_000); // 2026-11-23T12:00:00Z

/// The hour that began so many hours before noon.
fn hour(before: i64, median_ms: Option<u32>, p95_ms: Option<u32>) -> Point {
    let from = Instant::from_ms(NOON.ms() - before * HOUR);
    let to = Instant::from_ms(from.ms() + HOUR);
    Point { from, to, median_ms, p95_ms, tally: Tally { up_ms: HOUR, ..Tally::default() } }
}

fn ago(hours: i64) -> Instant {
    Instant::from_ms(NOON.ms() - hours * HOUR)
}

#[test]
fn lines_begin_at_zero_and_break_where_nothing_is_known() {
    let points = [hour(24, Some(100), Some(200)), hour(23, Some(50), Some(200)), hour(12, Some(200), None)];
    let chart = Chart::new(Window::Day, &points, &[], NOON);
    // The top is 200 ms, an hour is 41.67 wide, and its middle is drawn.
    assert_eq!(chart.median, "M20 80L62 120M520 0h1");
    assert_eq!(chart.p95, "M20 0L62 0");
    assert_eq!(
        chart.text,
        "Response times of the last 24 hours: 95 of 100 looks were never slower than 200 ms"
    );
}

#[test]
fn outages_are_drawn_where_they_were_and_never_too_narrow_to_see() {
    let minute = std::time::Duration::from_secs(60);
    let outages =
        [(ago(12), ago(6)), (ago(1), ago(1).plus(minute)), (ago(60), ago(50)), (NOON, NOON.plus(minute))];
    let chart = Chart::new(Window::Day, &[hour(2, Some(1), Some(1))], &outages, NOON);
    let bands: Vec<_> = chart.bands.iter().map(|band| (band.kind, band.x, band.width)).collect();
    assert_eq!(bands, [("down", 500, 250), ("down", 958, 3)]);
    assert_eq!(chart.bands[0].text, "Down for 6 h, from 00:00 UTC");
    assert!(chart.text.ends_with("2 outages"), "{}", chart.text);
}

#[test]
fn blind_hours_side_by_side_are_one_band() {
    let blind = |before| {
        let mut point = hour(before, None, None);
        point.tally = Tally { up_ms: HOUR / 2, blind_ms: HOUR / 2, ..Tally::default() };
        point
    };
    let chart = Chart::new(Window::Day, &[blind(10), blind(9), hour(8, None, None), blind(7)], &[], NOON);
    let bands: Vec<_> = chart.bands.iter().map(|band| (band.x, band.width, band.text.as_str())).collect();
    assert_eq!(
        bands,
        [(583, 83, "Blind for 1 h after 02:00 UTC"), (708, 42, "Blind for 30 min after 05:00 UTC")]
    );
    assert!(chart.is_empty);
    assert_eq!(chart.text, "No response times in the last 24 hours");
}

#[test]
fn every_point_is_a_row_of_the_table() {
    let mut point = hour(1, Some(40), Some(1200));
    point.tally = Tally { up_ms: HOUR - 600_000, down_ms: 300_000, blind_ms: 300_000, ..Tally::default() };
    let chart = Chart::new(Window::Day, &[point], &[], NOON);
    let row = &chart.rows[0];
    assert_eq!((row.x, row.at.text.as_str()), (979, "11:00 UTC"));
    assert_eq!((row.median.as_deref(), row.p95.as_deref()), (Some("40 ms"), Some("1.20 s")));
    assert_eq!((row.uptime.as_deref(), row.note.as_str()), (Some("90.90"), "down 5 min, blind 5 min"));
}

#[test]
fn points_outside_are_not_drawn_and_one_at_the_edge_is_cut() {
    let mut first = hour(25, Some(100), Some(100));
    first.to = ago(23);
    let chart = Chart::new(Window::Day, &[hour(30, Some(9000), Some(9000)), first], &[], NOON);
    assert_eq!(chart.median, "M20 0h1");
    assert_eq!(chart.rows.len(), 1);
}

#[test]
fn points_are_made_of_neighbours_and_know_the_times_of_all_of_them() {
    let stretch = |before: i64, times: &[u32]| {
        let mut open = Open { number: -before, ..Open::default() };
        times.iter().for_each(|ms| open.times.add(*ms));
        open.tally.up_ms = HOUR;
        Stretch { from: ago(before), to: ago(before - 1), open }
    };
    let hours: Vec<Stretch> =
        (1..=20).rev().filter(|n| *n != 10).map(|n| stretch(n, &[10, 20, 30])).collect();
    let day = points(Window::Day, &hours);
    assert_eq!((day.len(), day[0].median_ms, day[0].p95_ms), (19, Some(20), Some(30)));
    let month = points(Window::Month, &hours);
    let lengths: Vec<i64> = month.iter().map(|p| (p.to.ms() - p.from.ms()) / HOUR).collect();
    assert_eq!(lengths, [4, 4, 2, 4, 4, 1], "a gap is not bridged");
    assert_eq!(month[0].tally.up_ms, 4 * HOUR);
    let two = points(Window::Year, &[stretch(2, &[10]), stretch(1, &[50, 50, 50])]);
    assert_eq!((two.len(), two[0].median_ms), (1, Some(50)), "of all looks, not of medians");
    assert_eq!(points(Window::Year, &[]), []);
}
