//! What `site_states.memory` holds: the streak, the last looks and the open hour and day, packed. A state is rewritten with every look, so each
//! byte here is written once a minute and site.

use std::collections::VecDeque;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::backend::partitions::instant_of;
use crate::domain::certificate::{Certificate, Warned};
use crate::domain::plan::SiteState;
use crate::domain::recent::{Mark, Recent};
use crate::domain::uptime::{Kind, Ledger, Open, Tally, Vouch};
use crate::domain::{Instant, Look, Outcome, Phases, Streak, ViewId};

/// The format's number, the first byte; a reader refuses what it does not know.
const FORMAT: u8 = 1;

#[derive(Serialize, Deserialize)]
struct Memory {
    format: u8,
    streak: PackedStreak,
    looks: Vec<PackedLook>,
    /// Two marks a byte, newest first, the lower half first; 15 fills up.
    marks: Vec<u8>,
    /// When the certificate ends; when the one warned of ends, and at how many days.
    certificate: Option<(i64, Option<(i64, u8)>)>,
    /// The look that vouches: when, kind, for how many milliseconds at most.
    vouch: Option<(i64, u8, u64)>,
    hour: PackedOpen,
    day: PackedOpen,
}

#[derive(Serialize, Deserialize)]
struct PackedOpen {
    number: i64,
    up_ms: i64,
    degraded_ms: i64,
    down_ms: i64,
    blind_ms: i64,
    looks: u32,
    failures: u32,
}

#[derive(Serialize, Deserialize)]
enum PackedStreak {
    Up { good: u32, since: i64 },
    Failing { failures: u32, first: PackedLook },
    Down { failures: u32, since: i64 },
    Recovering { good: u32, first: PackedLook, since: i64 },
}

#[derive(Serialize, Deserialize)]
struct PackedLook {
    id: [u8; 16],
    /// How far the key's instant is ahead of the look's: nought, unless the clock jumped back.
    ahead: i64,
    outcome: i16,
    degraded: bool,
    code: u16,
    detail: Option<String>,
    duration_ms: u32,
    /// Each phase plus one; nought for none.
    phases: [u32; 5],
}

/// Packs the streak of a state, the looks behind it and the certificate.
pub fn pack(state: &SiteState) -> Vec<u8> {
    let SiteState { streak, recent, certificate, ledger, .. } = state;
    let streak = match streak {
        Streak::Up { good, since } => PackedStreak::Up { good: *good, since: since.ms() },
        Streak::Failing { failures, first } => {
            PackedStreak::Failing { failures: *failures, first: pack_look(first) }
        }
        Streak::Down { failures, since } => PackedStreak::Down { failures: *failures, since: since.ms() },
        Streak::Recovering { good, first, since } => {
            PackedStreak::Recovering { good: *good, first: pack_look(first), since: since.ms() }
        }
    };
    let marks: Vec<u8> = recent.marks.iter().map(|mark| mark_number(*mark)).collect();
    let marks = marks.chunks(2).map(|pair| match pair {
        [low, high] => low | high << 4,
        [low] => low | 0xf0,
        _ => 0xff,
    });
    let certificate = certificate.map(|known| {
        let warned = known.warned.map(|warned| (warned.expires_at.ms(), warned.at_days));
        (known.expires_at.ms(), warned)
    });
    let looks = recent.looks.iter().map(pack_look).collect();
    let vouch = ledger.vouch.map(|vouch| {
        let at_most = u64::try_from(vouch.at_most.as_millis()).unwrap_or(u64::MAX);
        (vouch.at.ms(), kind_number(vouch.kind), at_most)
    });
    let memory = Memory {
        format: FORMAT,
        streak,
        looks,
        marks: marks.collect(),
        certificate,
        vouch,
        hour: pack_open(&ledger.hour),
        day: pack_open(&ledger.day),
    };
    postcard::to_allocvec(&memory).unwrap_or_default()
}

/// Unpacks what [`pack`] made.
///
/// # Errors
/// A sentence, when the bytes are none of this format.
pub fn unpack(bytes: &[u8]) -> Result<(Streak, Recent, Option<Certificate>, Ledger), String> {
    let memory: Memory = match bytes.first() {
        Some(&FORMAT) => {
            postcard::from_bytes(bytes).map_err(|error| format!("site_states.memory: {error}"))?
        }
        other => return Err(format!("site_states.memory has format {other:?}, not {FORMAT}")),
    };
    let streak = match memory.streak {
        PackedStreak::Up { good, since } => Streak::Up { good, since: Instant::from_ms(since) },
        PackedStreak::Failing { failures, first } => Streak::Failing { failures, first: unpack_look(first)? },
        PackedStreak::Down { failures, since } => Streak::Down { failures, since: Instant::from_ms(since) },
        PackedStreak::Recovering { good, first, since } => {
            Streak::Recovering { good, first: unpack_look(first)?, since: Instant::from_ms(since) }
        }
    };
    let marks = memory.marks.iter().flat_map(|pair| [pair & 0x0f, pair >> 4]).filter_map(mark_of);
    let looks = memory.looks.into_iter().map(unpack_look).collect::<Result<VecDeque<_>, _>>()?;
    let certificate = memory.certificate.map(|(expires_at, warned)| Certificate {
        expires_at: Instant::from_ms(expires_at),
        warned: warned.map(|(ms, at_days)| Warned { expires_at: Instant::from_ms(ms), at_days }),
    });
    let vouch = memory.vouch.and_then(|(ms, kind, at_most)| {
        Some(Vouch {
            at: Instant::from_ms(ms),
            kind: kind_of(kind)?,
            at_most: Duration::from_millis(at_most),
        })
    });
    let ledger = Ledger { vouch, hour: unpack_open(memory.hour), day: unpack_open(memory.day) };
    Ok((streak, Recent { looks, marks: marks.collect() }, certificate, ledger))
}

fn pack_look(look: &Look) -> PackedLook {
    let phase = |ms: Option<u32>| ms.map_or(0, |ms| ms.saturating_add(1));
    let Phases { dns_ms, connect_ms, tls_ms, first_byte_ms, body_ms } = look.phases;
    PackedLook {
        id: *look.id.0.as_bytes(),
        ahead: instant_of(look.id).ms() - look.at.ms(),
        outcome: look.outcome.number(),
        degraded: look.degraded,
        code: look.code.unwrap_or(0),
        detail: look.detail.clone(),
        duration_ms: look.duration_ms,
        phases: [dns_ms, connect_ms, tls_ms, first_byte_ms, body_ms].map(phase),
    }
}

fn unpack_look(packed: PackedLook) -> Result<Look, String> {
    let id = ViewId(uuid::Uuid::from_bytes(packed.id));
    let [dns_ms, connect_ms, tls_ms, first_byte_ms, body_ms] = packed.phases.map(|ms| ms.checked_sub(1));
    Ok(Look {
        id,
        at: Instant::from_ms(instant_of(id).ms() - packed.ahead),
        outcome: Outcome::from_number(packed.outcome)
            .ok_or_else(|| format!("outcome {} is unknown", packed.outcome))?,
        degraded: packed.degraded,
        code: (packed.code > 0).then_some(packed.code),
        detail: packed.detail,
        duration_ms: packed.duration_ms,
        phases: Phases { dns_ms, connect_ms, tls_ms, first_byte_ms, body_ms },
    })
}

fn pack_open(open: &Open) -> PackedOpen {
    let Tally { up_ms, degraded_ms, down_ms, blind_ms, looks, failures } = open.tally;
    PackedOpen { number: open.number, up_ms, degraded_ms, down_ms, blind_ms, looks, failures }
}

fn unpack_open(packed: PackedOpen) -> Open {
    let PackedOpen { number, up_ms, degraded_ms, down_ms, blind_ms, looks, failures } = packed;
    Open { number, tally: Tally { up_ms, degraded_ms, down_ms, blind_ms, looks, failures } }
}

const KINDS: [Kind; 4] = [Kind::Up, Kind::Degraded, Kind::Down, Kind::Blind];

fn kind_number(kind: Kind) -> u8 {
    match kind {
        Kind::Up => 0,
        Kind::Degraded => 1,
        Kind::Down => 2,
        Kind::Blind => 3,
    }
}

fn kind_of(number: u8) -> Option<Kind> {
    KINDS.get(usize::from(number)).copied()
}

const MARKS: [Mark; 6] = [Mark::Up, Mark::Degraded, Mark::Failing, Mark::Down, Mark::Blind, Mark::Unknown];

fn mark_number(mark: Mark) -> u8 {
    match mark {
        Mark::Up => 0,
        Mark::Degraded => 1,
        Mark::Failing => 2,
        Mark::Down => 3,
        Mark::Blind => 4,
        Mark::Unknown => 5,
    }
}

fn mark_of(number: u8) -> Option<Mark> {
    MARKS.get(usize::from(number)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn looks() -> impl Strategy<Value = Look> {
        let times = (0i64..1 << 47, -5000i64..5000, any::<u64>());
        let phases = prop::array::uniform5(prop::option::of(0u32..100_000));
        (
            times,
            0..Outcome::ALL.len(),
            any::<bool>(),
            prop::option::of(100u16..1000),
            ".{0,20}",
            any::<u32>(),
            phases,
        )
            .prop_map(
                |((ms, jump, random), outcome, degraded, code, detail, duration_ms, phases)| {
                    let [dns_ms, connect_ms, tls_ms, first_byte_ms, body_ms] = phases;
                    let mut bytes = [0; 10];
                    bytes[..8].copy_from_slice(&random.to_be_bytes());
                    Look {
                        id: ViewId(uuid::Builder::from_unix_timestamp_millis(ms as u64, &bytes).into_uuid()),
                        at: Instant::from_ms(ms + jump),
                        outcome: Outcome::ALL[outcome],
                        degraded,
                        code,
                        detail: (!detail.is_empty()).then_some(detail),
                        duration_ms,
                        phases: Phases { dns_ms, connect_ms, tls_ms, first_byte_ms, body_ms },
                    }
                },
            )
    }

    proptest! {
        #[test]
        fn what_is_packed_is_unpacked(
            looks in prop::collection::vec(looks(), 1..11),
            marks in prop::collection::vec(0u8..6, 0..51),
            kind in 0..4,
            certificate in prop::option::of((any::<i64>(), prop::option::of((any::<i64>(), any::<u8>())))),
        ) {
            let (first, since) = (looks[0].clone(), looks[0].at);
            let streak = match kind {
                0 => Streak::Up { good: 7, since },
                1 => Streak::Failing { failures: 2, first },
                2 => Streak::Down { failures: 9, since },
                _ => Streak::Recovering { good: 1, first, since },
            };
            let recent = Recent { looks: looks.into(), marks: marks.into_iter().filter_map(mark_of).collect() };
            let certificate = certificate.map(|(ms, warned)| Certificate {
                expires_at: Instant::from_ms(ms),
                warned: warned.map(|(ms, at_days)| Warned { expires_at: Instant::from_ms(ms), at_days }),
            });
            let (last_at, edited_at, next_due_at) = (since, since, None);
            let mut ledger = Ledger::default();
            recent.looks.iter().for_each(|look| drop(ledger.enter(look, Duration::from_secs(60), None)));
            let state = SiteState { streak, recent, certificate, ledger, last_at, edited_at, next_due_at };
            let expected = (state.streak.clone(), state.recent.clone(), state.certificate, state.ledger);
            prop_assert_eq!(unpack(&pack(&state)).unwrap(), expected);
        }
    }

    #[test]
    fn an_unknown_format_is_refused() {
        assert_eq!(unpack(&[9, 1]).unwrap_err(), "site_states.memory has format Some(9), not 1");
        assert!(unpack(&[1, 77]).unwrap_err().starts_with("site_states.memory: "));
    }
}
