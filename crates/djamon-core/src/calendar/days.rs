//! Which day the hours of a history are of.

use std::ops::Range;

use super::Zone;

/// The days of a place's history. They are those of a time zone; where that was changed, days are cut by the new one from some
/// hour on. An hour is of one day, for good: around a change a day may be longer or shorter than a day, and go on once more
/// after a later one had begun.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Days {
    first: Zone,
    /// From which hour on by which zone, in order.
    changes: Vec<(i64, Zone)>,
}

/// Hours beside each other that are of one day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// Which hours.
    pub hours: Range<i64>,
    /// Which day.
    pub day: i64,
}

impl Days {
    /// So many days may go on at once beside the one of the hour that goes on: no two zones are further apart than 26 hours.
    pub const AT_ONCE: i64 = 3;

    /// Those of `first`, and from these hours on of these zones.
    pub fn new(first: Zone, mut changes: Vec<(i64, Zone)>) -> Self {
        changes.sort_by_key(|(hour, _)| *hour);
        Days { first, changes }
    }

    /// Whose days they are by now.
    pub fn zone(&self) -> &Zone {
        self.changes.last().map_or(&self.first, |(_, zone)| zone)
    }

    /// Whether the zone was changed after `hour`, or will be.
    pub fn change_after(&self, hour: i64) -> bool {
        self.changes.last().is_some_and(|(change, _)| *change > hour)
    }

    /// By which zone that hour is of a day.
    pub fn zone_at(&self, hour: i64) -> &Zone {
        let changes = self.changes.partition_point(|(change, _)| *change <= hour);
        self.changes.get(..changes).and_then(<[_]>::last).map_or(&self.first, |(_, zone)| zone)
    }

    /// The day of that hour.
    pub fn day_of(&self, hour: i64) -> i64 {
        let zone = self.zone_at(hour);
        zone.day_of(zone.hours().start_of(hour))
    }

    /// The hours of these days, in order.
    pub fn pieces(&self, days: Range<i64>) -> Vec<Piece> {
        let begins = std::iter::once((i64::MIN, &self.first));
        let begins = begins.chain(self.changes.iter().map(|(hour, zone)| (*hour, zone)));
        let ends = self.changes.iter().map(|(hour, _)| *hour).chain(std::iter::once(i64::MAX));
        let mut pieces = Vec::new();
        for ((begin, zone), end) in begins.zip(ends) {
            for day in days.clone() {
                let hours = zone.first_hour_of(day).max(begin)..zone.first_hour_of(day + 1).min(end);
                if !hours.is_empty() {
                    pieces.push(Piece { hours, day });
                }
            }
        }
        pieces
    }

    /// The hours, up to the `present` one, of days that are not over when the hour `open` goes on: those of its own day and, of later
    /// days that had begun before a change to a zone further west, those before it.
    pub fn going_on(&self, open: i64, present: i64) -> Vec<Piece> {
        let today = self.day_of(open);
        let later = if self.changes.is_empty() { 0 } else { Self::AT_ONCE };
        let mut pieces = self.pieces(today..today + 1 + later);
        for piece in &mut pieces {
            let end = if piece.day > today { open } else { present.saturating_add(1) };
            piece.hours.end = piece.hours.end.min(end);
        }
        pieces.retain(|piece| !piece.hours.is_empty());
        pieces
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::{day_number, parse_rfc3339};
    use proptest::prelude::*;

    const NAMES: [&str; 6] =
        ["UTC", "Asia/Tokyo", "America/New_York", "Asia/Kathmandu", "Pacific/Kiritimati", "Etc/GMT+12"];

    fn days(first: usize, changes: &[(i64, usize)]) -> Days {
        let zone = |n: usize| NAMES[n].parse().unwrap();
        Days::new(zone(first), changes.iter().map(|(hour, n)| (*hour, zone(*n))).collect())
    }

    #[test]
    fn after_a_change_westwards_the_day_before_goes_on() {
        let hour = |text: &str| Zone::default().hours().number_of(parse_rfc3339(text).unwrap());
        let day = |text: &str| day_number(text.parse().unwrap());
        // It is five in the morning of the 27th in Tokyo.
        let days = days(1, &[(hour("2026-11-26T20:00:00Z"), 0)]);
        let [last, first] = ["2026-11-26T19:00:00Z", "2026-11-26T20:00:00Z"].map(hour);
        let tokyo = hour("2026-11-26T15:00:00Z")..first;
        assert_eq!(days.going_on(last, last), [Piece { hours: tokyo.clone(), day: day("2026-11-27") }]);
        let after = days.going_on(first, hour("2026-11-26T22:00:00Z"));
        let of_26 =
            [hour("2026-11-25T15:00:00Z")..hour("2026-11-26T15:00:00Z"), first..hour("2026-11-26T23:00:00Z")];
        let [one, other] = of_26.map(|hours| Piece { hours, day: day("2026-11-26") });
        assert_eq!(after, [one, Piece { hours: tokyo, day: day("2026-11-27") }, other]);
    }

    proptest! {
        #[test]
        fn every_hour_is_in_one_piece(
            first in 0..NAMES.len(),
            changes in prop::collection::btree_map(0i64..150, 0..NAMES.len(), 0..5),
            open in 0i64..150,
            later in -2i64..30,
        ) {
            let start = 495_000;
            let changes: Vec<_> = changes.into_iter().map(|(hour, name)| (start + hour, name)).collect();
            let days = days(first, &changes);
            let whole = days.day_of(start) - 3..days.day_of(start) + 12;
            for hour in start..start + 200 {
                let of: Vec<_> = days.pieces(whole.clone()).into_iter().filter(|piece| piece.hours.contains(&hour)).collect();
                prop_assert_eq!(of.iter().map(|piece| piece.day).collect::<Vec<_>>(), [days.day_of(hour)]);
            }
            // What goes on is what is of today, or of a later day and past.
            let (open, today) = (start + open, days.day_of(start + open));
            let present = open + later;
            let going_on = days.going_on(open, present);
            for hour in start - 30..start + 200 {
                let day = days.day_of(hour);
                let found: Vec<_> = going_on.iter().filter(|piece| piece.hours.contains(&hour)).map(|piece| piece.day).collect();
                let expected = ((day == today && hour <= present) || (day > today && hour < open)).then_some(day);
                prop_assert_eq!(found, expected.into_iter().collect::<Vec<_>>(), "{}", hour);
            }
        }
    }
}
