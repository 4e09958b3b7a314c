//! What `site_states.memory` holds: the streak, the last looks and the open hour, packed. A state is rewritten
//! with every look, so each byte here is written once a minute and site.

mod first;
mod looks;

use std::collections::VecDeque;
use std::time::Duration;

use serde::{Deserialize, Serialize, Serializer};

use super::spans::{pack_failed, unpack_failed};
use crate::domain::certificate::{Certificate, Warned};
use crate::domain::plan::SiteState;
use crate::domain::recent::{Mark, Recent};
use crate::domain::times::Times;
use crate::domain::uptime::{Kind, Ledger, Open, Tally, Vouch};
use crate::domain::{Instant, Look, Streak, ViewId};

/// The format's number, the first byte; a reader refuses what it does not know.
const FORMAT: u8 = 2;
/// The format before it, which is still read.
const FIRST: u8 = 1;

/// What is remembered beside the columns.
type Known = (Streak, Recent, Option<Certificate>, Ledger);

/// Most memories are not longer than this.
const USUAL: usize = 512;

/// Bytes that are written as they are: those of a vector would be written one by one.
struct Raw(Vec<u8>);

impl Serialize for Raw {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

/// `Bytes` are owned when it is packed and borrowed when it is unpacked, which is done for every site of every page.
#[derive(Serialize, Deserialize)]
struct Memory<Bytes> {
    format: u8,
    streak: PackedStreak<Bytes>,
    /// See [`looks`].
    looks: Bytes,
    /// Two marks a byte, newest first, the lower half first; 15 fills up.
    marks: Bytes,
    /// When the certificate ends; when the one warned of ends, and at how many days.
    certificate: Option<(i64, Option<(i64, u8)>)>,
    /// The look that vouches, the newest: when, kind, for how many milliseconds at most.
    vouch: Option<(i64, u8, u64)>,
    hour: PackedHour<Bytes>,
}

#[derive(Serialize, Deserialize)]
struct PackedHour<Bytes> {
    number: i64,
    up_ms: i64,
    degraded_ms: i64,
    down_ms: i64,
    blind_ms: i64,
    looks: u32,
    failures: u32,
    failed: Bytes,
    times: Bytes,
}

#[derive(Serialize, Deserialize)]
enum PackedStreak<L> {
    Up { good: u32, since: i64 },
    Failing { failures: u32, first: L },
    Down { failures: u32, since: i64 },
    Recovering { good: u32, first: L, since: i64 },
}

/// Packs the streak of a state, the looks behind it and the certificate.
pub fn pack(state: &SiteState) -> Vec<u8> {
    let SiteState { streak, recent, certificate, ledger, .. } = state;
    let one = |look| Raw(looks::pack(std::iter::once(look)));
    let streak = match streak {
        Streak::Up { good, since } => PackedStreak::Up { good: *good, since: since.ms() },
        Streak::Failing { failures, first } => {
            PackedStreak::Failing { failures: *failures, first: one(first) }
        }
        Streak::Down { failures, since } => PackedStreak::Down { failures: *failures, since: since.ms() },
        Streak::Recovering { good, first, since } => {
            PackedStreak::Recovering { good: *good, first: one(first), since: since.ms() }
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
    let vouch = ledger.vouch.map(|vouch| {
        let at_most = u64::try_from(vouch.at_most.as_millis()).unwrap_or(u64::MAX);
        (vouch.at.ms(), kind_number(vouch.kind), at_most)
    });
    let memory = Memory {
        format: FORMAT,
        streak,
        looks: Raw(looks::pack(recent.looks.iter())),
        marks: Raw(marks.collect()),
        certificate,
        vouch,
        hour: pack_hour(&ledger.hour),
    };
    postcard::to_extend(&memory, Vec::with_capacity(USUAL)).unwrap_or_default()
}

/// Unpacks what [`pack`] made.
///
/// # Errors
/// A sentence, when the bytes are none of this format.
pub fn unpack(bytes: &[u8]) -> Result<Known, String> {
    let known = match bytes.first() {
        Some(&FORMAT) => unpack_this(bytes),
        Some(&FIRST) => first::unpack(bytes),
        other => return Err(format!("site_states.memory has format {other:?}, not {FORMAT}")),
    };
    known.map_err(|error| format!("site_states.memory: {error}"))
}

fn unpack_this(bytes: &[u8]) -> Result<Known, String> {
    let memory: Memory<&[u8]> = postcard::from_bytes(bytes).map_err(|error| error.to_string())?;
    let one = |bytes: &[u8]| looks::unpack(bytes)?.pop().ok_or_else(|| "a look is missing".to_owned());
    let streak = memory.streak.try_map(one)?;
    let looks = looks::unpack(memory.looks)?;
    let hour = unpack_hour(memory.hour)?;
    Ok(unpack_frame(streak, looks, memory.marks, memory.certificate, memory.vouch, hour))
}

impl<L> PackedStreak<L> {
    fn try_map(self, look: impl FnOnce(L) -> Result<Look, String>) -> Result<Streak, String> {
        Ok(match self {
            PackedStreak::Up { good, since } => Streak::Up { good, since: Instant::from_ms(since) },
            PackedStreak::Failing { failures, first } => Streak::Failing { failures, first: look(first)? },
            PackedStreak::Down { failures, since } => {
                Streak::Down { failures, since: Instant::from_ms(since) }
            }
            PackedStreak::Recovering { good, first, since } => {
                Streak::Recovering { good, first: look(first)?, since: Instant::from_ms(since) }
            }
        })
    }
}

/// What all formats have in common.
fn unpack_frame(
    streak: Streak,
    looks: Vec<Look>,
    marks: &[u8],
    certificate: Option<(i64, Option<(i64, u8)>)>,
    vouch: Option<(i64, u8, u64)>,
    hour: Open,
) -> Known {
    let mut known = VecDeque::with_capacity(2 * marks.len());
    for pair in marks {
        known.extend(mark_of(pair & 0x0f));
        known.extend(mark_of(pair >> 4));
    }
    let certificate = certificate.map(|(expires_at, warned)| Certificate {
        expires_at: Instant::from_ms(expires_at),
        warned: warned.map(|(ms, at_days)| Warned { expires_at: Instant::from_ms(ms), at_days }),
    });
    let newest = looks.first().map(|look| look.id);
    let vouch = vouch.and_then(|(ms, kind, at_most)| {
        let (at, at_most) = (Instant::from_ms(ms), Duration::from_millis(at_most));
        Some(Vouch { id: newest.unwrap_or(ViewId::floor(at)), at, kind: kind_of(kind)?, at_most })
    });
    (streak, Recent { looks: looks.into(), marks: known }, certificate, Ledger { vouch, hour })
}

fn pack_hour(open: &Open) -> PackedHour<Raw> {
    let Tally { up_ms, degraded_ms, down_ms, blind_ms, looks, failures, failed } = open.tally;
    PackedHour {
        number: open.number,
        up_ms,
        degraded_ms,
        down_ms,
        blind_ms,
        looks,
        failures,
        failed: Raw(pack_failed(&failed)),
        times: Raw(open.times.to_bytes()),
    }
}

fn unpack_hour(packed: PackedHour<&[u8]>) -> Result<Open, String> {
    let PackedHour { number, up_ms, degraded_ms, down_ms, blind_ms, looks, failures, failed, times } = packed;
    let failed = unpack_failed(failed).map_err(|error| error.to_string())?;
    let tally = Tally { up_ms, degraded_ms, down_ms, blind_ms, looks, failures, failed };
    Ok(Open { number, tally, times: Times::from_bytes(times)? })
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
    use crate::domain::run::Blindness;
    use crate::domain::uptime::Hours;
    use crate::domain::{Outcome, Phases};
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
            recent.looks.iter().rev().for_each(|look| drop(ledger.enter(look, Duration::from_secs(60), &Blindness::NEVER, Hours::default())));
            let state = SiteState { streak, recent, certificate, ledger, last_at, edited_at, next_due_at };
            let expected = (state.streak.clone(), state.recent.clone(), state.certificate, state.ledger.clone());
            prop_assert_eq!(unpack(&pack(&state)).unwrap(), expected);
        }
    }

    #[test]
    fn an_unknown_format_is_refused() {
        assert_eq!(unpack(&[9, 1]).unwrap_err(), "site_states.memory has format Some(9), not 2");
        for format in [1, 2] {
            assert!(unpack(&[format, 77]).unwrap_err().starts_with("site_states.memory: "));
        }
    }

    /// As a program that knew only the first format left it: a site up, then changed, then failing twice.
    const FIRST: &str = "01010201A213C3A5DB7744A1EF3B1B67D12B07000E0094030116616E73776572656420343034204E6F7420466F756E6422\
        00010022000501A213C3A65F7440AE3DFF40808ACAA5000E0094030116616E73776572656420343034204E6F7420466F756E6401000100010001\
        A213C3A5DB7744A1EF3B1B67D12B07000E0094030116616E73776572656420343034204E6F7420466F756E6422000100220001A213C3A44373B8\
        B4A6E65C4B49BA68000000C801000B0001000B0001A213C3A30F792F8D0B652EBEB1DFE5000000C8010018000100040001A213C3A1157DBD9E4B\
        2C3F3D5076F0000000C80100540001005400032200F00001BE999DBCC26802C0CF24C2F13C8C13008802000502DCC4028C13008802000502";

    #[test]
    fn a_memory_of_the_first_format_is_still_read() {
        let bytes: Vec<u8> = FIRST
            .as_bytes()
            .chunks(2)
            .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
            .collect();
        let (streak, recent, certificate, ledger) = unpack(&bytes).unwrap();
        let said: Vec<_> =
            recent.looks.iter().map(|look| (look.at.ms(), look.outcome, look.duration_ms)).collect();
        let looks = [
            (1_795_627_918_943, Outcome::Status, 1),
            (1_795_627_918_811, Outcome::Status, 34),
            (1_795_627_918_403, Outcome::Up, 11),
            (1_795_627_918_095, Outcome::Up, 24),
            (1_795_627_917_589, Outcome::Up, 84),
        ];
        assert_eq!(said, looks);
        assert_eq!(recent.looks[0].id.to_string(), "01a213c3-a65f-7440-ae3d-ff40808acaa5");
        assert_eq!(recent.looks[0].detail.as_deref(), Some("answered 404 Not Found"));
        let Streak::Failing { failures: 2, first } = streak else { panic!("{streak:?}") };
        assert_eq!(first, recent.looks[1]);
        assert_eq!(recent.marks, [Mark::Failing, Mark::Failing, Mark::Up, Mark::Up, Mark::Up]);
        assert_eq!((certificate, ledger.vouch.unwrap().kind), (None, Kind::Down));
        let tally = ledger.hour.tally;
        assert_eq!((ledger.hour.number, tally.up_ms, tally.looks, tally.failures), (498_785, 1222, 5, 2));
    }
}
