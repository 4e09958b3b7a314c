//! Between the table of routes and a handler that reads: nothing is rendered that the reader has already, and nothing
//! twice that is the same for all.
//!
//! A page carries a token of what it shows. A script that asks for the page again sends it as `since`, and is told 204
//! when the same would come: one indexed query, for whether runs have stopped, and the watch's look at the database.

use std::io::Write;

use actix_web::http::header;
use actix_web::web::Bytes;
use djamon_core::domain::Instant;
use djamon_core::domain::health;
use djamon_core::store::AnyConnection;
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::answer::Answer;
use crate::ask::Ask;
use crate::auth::{Caller, Who};
use crate::error::WebError;
use crate::kept::{Kept, Key};
use crate::pulse;
use crate::routes::{Face, Route};
use crate::theme::Theme;

const MINUTE_MS: i64 = 60_000;

/// What `route` answers to somebody who may ask.
///
/// # Errors
/// Those of the handler; [`WebError::Database`].
pub fn answer(mut ask: Ask, route: &Route) -> Result<Answer, WebError> {
    if route.who == Who::Anyone {
        return (route.handler)(&ask);
    }
    if route.face == Face::Page && route.who != Who::Readers {
        // A form is never changed under somebody's hands.
        let answer = (route.handler)(&ask)?;
        return with_theme(&ask, route, answer);
    }
    let state = ask.app.watch.state(&ask.app.database)?;
    ask.state = Some(state);
    if let (Face::Page, Some(since)) = (route.face, ask.query.get("since"))
        && since == token(&ask, &mut *ask.database()?)?.unwrap_or_default()
    {
        return Ok(Answer::empty());
    }
    // The head of a page names the person who is signed in.
    let is_personal = route.face == Face::Page && ask.caller != Caller::Visitor;
    let answer =
        if route.kept && !is_personal { kept(&ask, route, state.number)? } else { (route.handler)(&ask)? };
    with_theme(&ask, route, answer)
}

/// `answer`, which remembers the colours that were chosen.
fn with_theme(ask: &Ask, route: &Route, answer: Answer) -> Result<Answer, WebError> {
    match Theme::cookie(ask) {
        Some(cookie) if route.face == Face::Page => answer.with_header(header::SET_COOKIE, cookie),
        _ => Ok(answer),
    }
}

/// What stands for all that a page shows: another one after a run, a change, or when runs have stopped.
///
/// # Errors
/// [`WebError::Database`].
pub fn token(ask: &Ask, database: &mut AnyConnection) -> Result<Option<String>, WebError> {
    let Some(state) = ask.state else { return Ok(None) };
    let (last, stale_for) = pulse::last_run(ask, database)?;
    let run = last.map_or(0, |run| run.id.0);
    let ticks = if stale_for.is_some() { ask.now.ms() / MINUTE_MS } else { 0 };
    Ok(Some(format!("{}-{}-{run}-{ticks}", ask.app.started_at.ms(), state.number)))
}

/// 1. What is kept. 2. What somebody else has made while this waited for its turn. 3. What the handler makes, kept for the
///    next one.
fn kept(ask: &Ask, route: &Route, state: u64) -> Result<Answer, WebError> {
    let encoding = Encoding::of(ask.header("accept-encoding").unwrap_or_default());
    let key = Key::new(ask.reader, ask.address.clone(), Theme::of(ask).name(), encoding.name());
    // 1.
    if let Some(kept) = ask.app.shelf.get(&key, state, ask.now) {
        return encoding.answer(kept);
    }
    // 2.
    let _turn = ask.app.makers.take();
    if let Some(kept) = ask.app.shelf.get(&key, state, ask.now) {
        return encoding.answer(kept);
    }
    // 3.
    let answer = (route.handler)(ask)?;
    let Some((content_type, body, version)) = answer.plain() else { return Ok(answer) };
    let (body, version) = (encoding.of_bytes(body)?, version.cloned());
    let kept = Kept { body, content_type, version, until: good_until(ask)? };
    ask.app.shelf.keep(key, state, kept.clone());
    encoding.answer(kept)
}

/// Until when an answer of now is true if nothing is written: lengths of time are told to the minute, and runs stop by
/// nothing being written.
fn good_until(ask: &Ask) -> Result<Instant, WebError> {
    let minute = Instant::from_ms((ask.now.ms().div_euclid(MINUTE_MS) + 1) * MINUTE_MS);
    let last = match ask.last_run.get() {
        Some(known) => known.clone(),
        None => pulse::last_run(ask, &mut *ask.database()?)?.0,
    };
    let stale = last.map(|run| health::stale_from(&run, pulse::promised(ask))).filter(|at| *at > ask.now);
    Ok(stale.map_or(minute, |at| at.min(minute)))
}

/// How an answer is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Encoding {
    Brotli,
    Gzip,
    Identity,
}

impl Encoding {
    /// The best that `Accept-Encoding` takes.
    fn of(accepted: &str) -> Self {
        let takes = |wanted: &str| {
            accepted.split(',').any(|one| {
                let (name, quality) = one.split_once(';').unwrap_or((one, ""));
                let is_none = quality.trim().strip_prefix("q=").is_some_and(|q| q.trim().parse() == Ok(0.0));
                name.trim().eq_ignore_ascii_case(wanted) && !is_none
            })
        };
        match (takes("br"), takes("gzip")) {
            (true, _) => Encoding::Brotli,
            (false, true) => Encoding::Gzip,
            (false, false) => Encoding::Identity,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Encoding::Brotli => "br",
            Encoding::Gzip => "gzip",
            Encoding::Identity => "identity",
        }
    }

    fn of_bytes(self, bytes: &Bytes) -> Result<Bytes, WebError> {
        let failed = |error: std::io::Error| WebError::Internal(format!("cannot compress: {error}"));
        match self {
            Encoding::Identity => Ok(bytes.clone()),
            Encoding::Gzip => {
                let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
                gzip.write_all(bytes).map_err(failed)?;
                Ok(gzip.finish().map_err(failed)?.into())
            }
            Encoding::Brotli => {
                // Quality 4 and a window of 256 KiB: a page of a thousand sites in some milliseconds.
                let mut brotli = brotli::CompressorWriter::new(Vec::new(), 4096, 4, 18);
                brotli.write_all(bytes).map_err(failed)?;
                Ok(brotli.into_inner().into())
            }
        }
    }

    /// `kept`, whose body is compressed so. The header keeps the server from compressing it again.
    fn answer(self, kept: Kept) -> Result<Answer, WebError> {
        let answer = Answer::of(kept.content_type, kept.body).with_header(header::VARY, "accept-encoding")?;
        let answer = match kept.version {
            Some(version) => answer.with_header(header::ETAG, version)?,
            None => answer,
        };
        match self {
            Encoding::Identity => Ok(answer),
            Encoding::Brotli | Encoding::Gzip => answer.with_header(header::CONTENT_ENCODING, self.name()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_accepted_encoding_is_taken() {
        for (accepted, encoding) in [
            ("gzip, deflate, br, zstd", Encoding::Brotli),
            ("BR;q=0, gzip;q=0.5", Encoding::Gzip),
            ("br; q=0.0", Encoding::Identity),
            ("", Encoding::Identity),
            ("*", Encoding::Identity),
        ] {
            assert_eq!(Encoding::of(accepted), encoding, "{accepted}");
        }
    }
}
