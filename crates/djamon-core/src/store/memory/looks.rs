//! The last looks of a site, packed one after the other, newest first: of each only what the one before it does not say.
//! Times are told as distances, and the random part of a key once, for a site's keys share it.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::domain::recent::FULL;
use crate::domain::{Instant, Look, Outcome, Phases, ViewId};

/// The first byte of a look: its outcome, and what else is to be read.
const OUTCOME: u8 = 0b0000_1111;
const DEGRADED: u8 = 0b0001_0000;
const OWN_KEY: u8 = 0b0010_0000;
const AHEAD: u8 = 0b0100_0000;
const DETAIL: u8 = 0b1000_0000;

/// What of a key is random: all but the instant.
const RANDOM: usize = 10;

/// Most looks take no more room than this.
const USUAL: usize = 24;

/// Packs looks into one string of bytes.
pub fn pack<'a>(looks: impl Iterator<Item = &'a Look>) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(USUAL * looks.size_hint().0);
    let mut before: Option<&Look> = None;
    for look in looks {
        put_look(&mut bytes, look, before);
        before = Some(look);
    }
    bytes
}

fn put_look(bytes: &mut Vec<u8>, look: &Look, before: Option<&Look>) {
    let at = look.id.instant().ms();
    let ahead = at - look.at.ms();
    let has_own_key = before.is_none_or(|before| random(before.id) != random(look.id));
    let flag = |flag, is_set: bool| if is_set { flag } else { 0 };
    // Outcomes are numbered from 0 to 10: the border checks it.
    let outcome = u8::try_from(look.outcome.number()).unwrap_or(OUTCOME) & OUTCOME;
    bytes.push(
        outcome
            | flag(DEGRADED, look.degraded)
            | flag(OWN_KEY, has_own_key)
            | flag(AHEAD, ahead != 0)
            | flag(DETAIL, look.detail.is_some()),
    );
    put(bytes, &(before.map_or(0, |before| before.id.instant().ms()) - at));
    if has_own_key {
        bytes.extend(random(look.id));
    }
    if ahead != 0 {
        put(bytes, &ahead);
    }
    if let Some(detail) = &look.detail {
        put(bytes, detail);
    }
    let phase = |ms: Option<u32>| ms.map_or(0, |ms| ms.saturating_add(1));
    let Phases { dns_ms, connect_ms, tls_ms, first_byte_ms, body_ms } = look.phases;
    let phases = [dns_ms, connect_ms, tls_ms, first_byte_ms, body_ms].map(phase);
    put(bytes, &(look.code.unwrap_or(0), look.duration_ms, phases));
}

fn put(bytes: &mut Vec<u8>, value: &(impl Serialize + ?Sized)) {
    // Only a value that says it cannot be written fails; none of these does.
    *bytes = postcard::to_extend(value, std::mem::take(bytes)).unwrap_or_default();
}

/// Unpacks what [`pack`] made.
///
/// # Errors
/// A sentence, when the bytes are none of it.
pub fn unpack(mut bytes: &[u8]) -> Result<Vec<Look>, String> {
    let mut looks: Vec<Look> = Vec::with_capacity(FULL + 1);
    while let Some((flags, rest)) = bytes.split_first() {
        bytes = rest;
        let look = take_look(*flags, &mut bytes, looks.last())?;
        looks.push(look);
    }
    Ok(looks)
}

fn take_look(flags: u8, bytes: &mut &[u8], before: Option<&Look>) -> Result<Look, String> {
    let distance: i64 = take(bytes)?;
    let at = before.map_or(0, |before| before.id.instant().ms()).saturating_sub(distance);
    let key = match (flags & OWN_KEY != 0, before) {
        (false, Some(before)) => random(before.id),
        _ => take(bytes)?,
    };
    let ahead: i64 = if flags & AHEAD != 0 { take(bytes)? } else { 0 };
    let detail: Option<String> = if flags & DETAIL != 0 { Some(take(bytes)?) } else { None };
    let (code, duration_ms, phases): (u16, u32, [u32; 5]) = take(bytes)?;
    let [dns_ms, connect_ms, tls_ms, first_byte_ms, body_ms] = phases.map(|ms| ms.checked_sub(1));
    let outcome = i16::from(flags & OUTCOME);
    Ok(Look {
        id: key_of(at, key),
        at: Instant::from_ms(at.saturating_sub(ahead)),
        outcome: Outcome::from_number(outcome).ok_or_else(|| format!("outcome {outcome} is unknown"))?,
        degraded: flags & DEGRADED != 0,
        code: (code > 0).then_some(code),
        detail,
        duration_ms,
        phases: Phases { dns_ms, connect_ms, tls_ms, first_byte_ms, body_ms },
    })
}

fn take<T: DeserializeOwned>(bytes: &mut &[u8]) -> Result<T, String> {
    let (value, rest) = postcard::take_from_bytes(bytes).map_err(|error| error.to_string())?;
    *bytes = rest;
    Ok(value)
}

fn random(id: ViewId) -> [u8; RANDOM] {
    let [_, _, _, _, _, _, random @ ..] = *id.0.as_bytes();
    random
}

fn key_of(at: i64, random: [u8; RANDOM]) -> ViewId {
    let [_, _, a, b, c, d, e, f] = at.to_be_bytes();
    let [g, h, i, j, k, l, m, n, o, p] = random;
    ViewId(uuid::Uuid::from_bytes([a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p]))
}
