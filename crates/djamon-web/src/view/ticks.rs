//! Where the axes of a chart have their words: round values on one, round times on the other.

use djamon_core::calendar::rfc3339;
use djamon_core::domain::Instant;
use djamon_core::domain::series::Window;
use djamon_core::domain::uptime::HOUR_MS;
use serde::Serialize;

use super::range::DAY_MS;
use super::time::took;

/// A word on an axis.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Tick {
    /// Where: on the time axis in per cent of the width, on the other in the drawing's units.
    pub at: String,
    /// The word.
    pub text: String,
    /// The instant it stands for, on the time axis.
    pub iso: Option<String>,
}

/// The smallest round value that nothing exceeds: 1, 2 or 5 and noughts; a tenth of a second at least.
pub fn top(highest: u32) -> u32 {
    let powers = (2..9).map(|power| 10u32.pow(power));
    let rounds = powers.flat_map(|power| [power, power.saturating_mul(2), power.saturating_mul(5)]);
    rounds.into_iter().find(|round| *round >= highest).unwrap_or(highest)
}

/// Nought, the half and the top of an axis that is `height` high, counted from above.
pub fn of_value(top: u32, height: i64) -> Vec<Tick> {
    let tick = |(at, value): (i64, u32)| Tick { at: at.to_string(), text: took(value), iso: None };
    [(height, 0), (height / 2, top / 2), (0, top)].into_iter().map(tick).collect()
}

/// Round times of `window` between `from` and `to`: every sixth hour, days, every fifth day, months (UTC).
pub fn of_time(window: Window, from: Instant, to: Instant) -> Vec<Tick> {
    let step = if window == Window::Day { 6 * HOUR_MS } else { DAY_MS };
    let whole = (to.ms() - from.ms()).max(1);
    let first = from.ms().div_euclid(step) + 1;
    let last = to.ms().div_euclid(step);
    (first..=last)
        .filter(|number| window != Window::Month || number % 5 == 0)
        .filter_map(|number| {
            let at = Instant::from_ms(number * step);
            let place = (at.ms() - from.ms()) * 10_000 / whole;
            let iso = rfc3339(at);
            let text = word(window, &iso)?;
            // At the very edge a word would be cut.
            let at = (150..=9850).contains(&place).then(|| format!("{}.{:02}", place / 100, place % 100))?;
            Some(Tick { at, text, iso: Some(iso) })
        })
        .collect()
}

/// What is written at this time; of a year only the first of each month has a word.
fn word(window: Window, iso: &str) -> Option<String> {
    let month = iso.get(5..7)?.parse::<usize>().ok().and_then(|month| MONTHS.get(month.checked_sub(1)?))?;
    let day = iso.get(8..10)?.trim_start_matches('0');
    match window {
        Window::Day => Some(iso.get(11..16)?.to_owned()),
        Window::Week | Window::Month => Some(format!("{day} {month}")),
        Window::Year => (day == "1").then(|| (*month).to_owned()),
    }
}

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: Instant = Instant::from_ms(1_795_435_200_000); // 2026-11-23T12:00:00Z

    #[test]
    fn the_axis_ends_at_a_round_value_above_all() {
        let tops = [0, 99, 100, 101, 480, 500, 501, 4999, 20_000].map(top);
        assert_eq!(tops, [100, 100, 100, 200, 500, 500, 1000, 5000, 20_000]);
        let words: Vec<String> = of_value(500, 160).into_iter().map(|tick| tick.text).collect();
        assert_eq!(words, ["0 ms", "250 ms", "500 ms"]);
    }

    #[test]
    fn each_range_has_words_of_its_own() {
        let words = |window: Window| -> Vec<String> {
            of_time(window, window.from(NOON), NOON).into_iter().map(|tick| tick.text).collect()
        };
        assert_eq!(words(Window::Day), ["18:00", "00:00", "06:00"]);
        assert_eq!(
            words(Window::Week),
            ["17 Nov", "18 Nov", "19 Nov", "20 Nov", "21 Nov", "22 Nov", "23 Nov"]
        );
        assert_eq!(words(Window::Month), ["29 Oct", "3 Nov", "8 Nov", "13 Nov", "18 Nov", "23 Nov"]);
        let year = words(Window::Year);
        assert_eq!((year.len(), year.first().unwrap().as_str()), (12, "Dec"));
        let day = of_time(Window::Day, Window::Day.from(NOON), NOON);
        assert_eq!(day.iter().map(|tick| tick.at.as_str()).collect::<Vec<_>>(), ["25.00", "50.00", "75.00"]);
    }
}
