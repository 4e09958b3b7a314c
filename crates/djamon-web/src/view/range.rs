//! How far back a chart looks, in words and in links.

use djamon_core::domain::series::Window;
use djamon_core::domain::uptime::HOUR_MS;
use serde::Serialize;

/// Milliseconds of a day, where the calendar does not matter.
pub const DAY_MS: i64 = 24 * HOUR_MS;

/// The name of `window` on pages.
pub const fn in_words(window: Window) -> &'static str {
    match window {
        Window::Day => "24 hours",
        Window::Week => "7 days",
        Window::Month => "30 days",
        Window::Year => "1 year",
    }
}

/// How many of the stretches that are known make a point: 100 to 200 points are a line that is worth reading.
pub const fn together(window: Window) -> usize {
    match window {
        Window::Day | Window::Week => 1,
        Window::Month => 4,
        Window::Year => 2,
    }
}

/// A link to a window.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RangeChoice {
    name: &'static str,
    words: &'static str,
    chosen: bool,
}

/// The links that choose one, of which `shown` is the one shown.
pub fn choices(shown: Window) -> Vec<RangeChoice> {
    let choice = |window: Window| RangeChoice {
        name: window.name(),
        words: in_words(window),
        chosen: window == shown,
    };
    Window::ALL.into_iter().map(choice).collect()
}
