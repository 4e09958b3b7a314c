//! How a site stands for those who look at it: its states of all locations in one.

use serde::{Deserialize, Serialize};

use super::plan::SiteState;
use super::recent::Mark;
use super::{Instant, Look, Site, Standing};

/// The one word for a site. A recovering site is still down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// In an outage.
    Down,
    /// Failing, but not yet an outage.
    Failing,
    /// Not looked at since it was made, changed or resumed.
    Unknown,
    /// Fine.
    Up,
    /// Not checked.
    Paused,
}

impl State {
    /// Every state, the worst first.
    pub const ALL: [State; 5] = [State::Down, State::Failing, State::Unknown, State::Up, State::Paused];

    /// Its name in JSON and on pages.
    pub const fn name(self) -> &'static str {
        match self {
            State::Down => "down",
            State::Failing => "failing",
            State::Unknown => "unknown",
            State::Up => "up",
            State::Paused => "paused",
        }
    }

    /// The state of a site, from the edit and the standing that each location remembers. Down anywhere is down.
    pub fn of(
        site_edited_at: Instant,
        paused: bool,
        known: impl Iterator<Item = (Instant, Standing)>,
    ) -> State {
        if paused {
            return State::Paused;
        }
        let of_this_edit =
            known.filter(|(edited_at, _)| *edited_at == site_edited_at).map(|(_, standing)| standing);
        of_this_edit.max_by_key(|standing| worse(*standing)).map_or(State::Unknown, |standing| match standing
        {
            Standing::Up => State::Up,
            Standing::Failing => State::Failing,
            Standing::Down => State::Down,
        })
    }
}

const fn worse(standing: Standing) -> u8 {
    match standing {
        Standing::Up => 0,
        Standing::Failing => 1,
        Standing::Down => 2,
    }
}

/// How one site stands, with what is shown beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// The one word.
    pub state: State,
    /// Good, but slow.
    pub degraded: bool,
    /// Since when; `None` when unknown.
    pub since: Option<Instant>,
    /// Consecutive failed looks.
    pub failures: u32,
    /// Consecutive good looks.
    pub good: u32,
    /// When its certificate ends, if one was seen.
    pub certificate_expires_at: Option<Instant>,
    /// Its last looks, newest first, at most ten.
    pub looks: Vec<Look>,
    /// Its last looks as marks, newest first, at most fifty.
    pub marks: Vec<Mark>,
}

impl Status {
    /// The status of `site` from its states: the worst location speaks, of equals the one that looked last.
    pub fn of(site: &Site, states: Vec<SiteState>) -> Status {
        let known = states.iter().map(|state| (state.edited_at, state.streak.standing()));
        let state = State::of(site.edited_at, site.paused_at.is_some(), known);
        let speaker = states.into_iter().max_by_key(|state| {
            (state.edited_at == site.edited_at, worse(state.streak.standing()), state.last_at)
        });
        let Some(speaker) = speaker else {
            let since = site.paused_at;
            return Status {
                state,
                degraded: false,
                since,
                failures: 0,
                good: 0,
                certificate_expires_at: None,
                looks: Vec::new(),
                marks: Vec::new(),
            };
        };
        let is_current = speaker.edited_at == site.edited_at;
        let last = speaker.recent.looks.front();
        Status {
            state,
            degraded: state == State::Up && last.is_some_and(|look| look.degraded),
            since: site.paused_at.or(is_current.then(|| speaker.streak.since())),
            failures: if is_current { speaker.streak.failures() } else { 0 },
            good: if is_current { speaker.streak.good() } else { 0 },
            certificate_expires_at: speaker.certificate.map(|certificate| certificate.expires_at),
            looks: speaker.recent.looks.into(),
            marks: speaker.recent.marks.into(),
        }
    }
}
