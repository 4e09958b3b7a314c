//! A monitor whose clock was wrong for a while.

use std::time::Duration;

use djamon_core::calendar::Zone;
use djamon_core::domain::Site;
use djamon_core::store::{figures, hours};
use djamon_tests::clock::NOON;
use djamon_tests::on_both;
use djamon_tests::scripted::{add_site, run, seen};

use super::model::rows;

on_both! {
    fn what_a_clock_that_was_ahead_closed_goes_on_once_it_is_set_right(database: TestDatabase) {
        let connection = &mut database.connect();
        let begin = NOON.plus(Duration::from_secs(9 * 3600 + 1800));
        let (right, ahead) = (add_site(connection, "right", begin), add_site(connection, "ahead", begin));
        let minute = |n: u64| begin.plus(Duration::from_secs(60 * n));
        // From 21:30 until 5:10, twice with a clock that is wrong for one look: over midnight, and by a year.
        for n in (0..460).filter(|n| ![46, 101].contains(n)) {
            let good = n % 7 != 0;
            run(connection, minute(n), vec![seen(&right, minute(n), good), seen(&ahead, minute(n), good)], &[]);
            let wrong = match n {
                45 => minute(n + 181),
                100 => minute(n + 365 * 24 * 60),
                _ => continue,
            };
            run(connection, wrong, vec![seen(&ahead, wrong, true)], &[]);
        }
        let now = minute(460);
        for (table, number) in [("site_hours", "hour"), ("site_days", "day")] {
            let rows = rows(connection, table, number);
            let of = |site: &Site| -> Vec<(i64, [i64; 4])> {
                let now = Zone::default().day_of(now) * if number == "hour" { 24 } else { 1 } + 24;
                let rows = rows.iter().filter(|((id, at), _)| *id == site.id.0 && *at < now);
                rows.map(|((_, at), span)| (*at, span.up_degraded_down_blind)).collect()
            };
            assert_eq!(of(&ahead), of(&right), "{table}");
            let looks = |site: &Site| rows.iter().filter(|((id, _), _)| *id == site.id.0).map(|(_, span)| span.looks).sum::<i32>();
            let more = if number == "hour" { 2 } else { 0 };
            assert_eq!(looks(&ahead), looks(&right) + more, "{table}: none is lost");
        }
        let number = Zone::default().day_of(now);
        let ids = [right.id, ahead.id];
        let totals = hours::totals(connection, &ids, (number - 1, number + 1), |_| now).unwrap();
        let [right_ms, ahead_ms] = ids.map(|id| totals[&id].tally).map(|tally| (tally.up_ms, tally.down_ms));
        assert_eq!(ahead_ms, right_ms);
        let packed = figures::of(connection, None, now).unwrap();
        assert_eq!(packed[&ahead.id], packed[&right.id]);
        diesel::RunQueryDsl::execute(diesel::sql_query("DELETE FROM site_recent"), connection).unwrap();
        assert_eq!(figures::of(connection, None, now).unwrap(), packed);
    }
}
