//! The first format of a site's memory: read for as long as there may be databases of it, never written. Its open day is
//! left behind: days are made of their hours, and those that are over were written already.

use serde::Deserialize;

use super::{Known, PackedStreak, unpack_frame};
use crate::domain::uptime::{Open, Tally};
use crate::domain::{Instant, Look, Outcome, Phases, ViewId};

#[derive(Deserialize)]
struct Memory {
    _format: u8,
    streak: PackedStreak<PackedLook>,
    looks: Vec<PackedLook>,
    marks: Vec<u8>,
    certificate: Option<(i64, Option<(i64, u8)>)>,
    vouch: Option<(i64, u8, u64)>,
    hour: PackedOpen,
    _day: PackedOpen,
}

#[derive(Deserialize)]
struct PackedOpen {
    number: i64,
    up_ms: i64,
    degraded_ms: i64,
    down_ms: i64,
    blind_ms: i64,
    looks: u32,
    failures: u32,
}

#[derive(Deserialize)]
struct PackedLook {
    id: [u8; 16],
    /// How far the key's instant is ahead of the look's.
    ahead: i64,
    outcome: i16,
    degraded: bool,
    code: u16,
    detail: Option<String>,
    duration_ms: u32,
    /// Each phase plus one; nought for none.
    phases: [u32; 5],
}

pub(super) fn unpack(bytes: &[u8]) -> Result<Known, String> {
    let memory: Memory = postcard::from_bytes(bytes).map_err(|error| error.to_string())?;
    let PackedOpen { number, up_ms, degraded_ms, down_ms, blind_ms, looks, failures } = memory.hour;
    let tally = Tally { up_ms, degraded_ms, down_ms, blind_ms, looks, failures, ..Tally::default() };
    let hour = Open { number, tally, ..Open::default() };
    let streak = memory.streak.try_map(unpack_look)?;
    let looks = memory.looks.into_iter().map(unpack_look).collect::<Result<_, _>>()?;
    Ok(unpack_frame(streak, looks, &memory.marks, memory.certificate, memory.vouch, hour))
}

fn unpack_look(packed: PackedLook) -> Result<Look, String> {
    let id = ViewId(uuid::Uuid::from_bytes(packed.id));
    let [dns_ms, connect_ms, tls_ms, first_byte_ms, body_ms] = packed.phases.map(|ms| ms.checked_sub(1));
    Ok(Look {
        id,
        at: Instant::from_ms(id.instant().ms() - packed.ahead),
        outcome: Outcome::from_number(packed.outcome)
            .ok_or_else(|| format!("outcome {} is unknown", packed.outcome))?,
        degraded: packed.degraded,
        code: (packed.code > 0).then_some(packed.code),
        detail: packed.detail,
        duration_ms: packed.duration_ms,
        phases: Phases { dns_ms, connect_ms, tls_ms, first_byte_ms, body_ms },
    })
}
