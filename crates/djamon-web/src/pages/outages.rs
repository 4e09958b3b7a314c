//! `/outages`: every outage on record, newest first.

use djamon_core::domain::OutageId;
use djamon_core::store::blindness;
use djamon_core::store::outages::Which;
use serde::Serialize;

use super::page;
use crate::answer::Answer;
use crate::ask::Ask;
use crate::error::WebError;
use crate::outages as ours;
use crate::view::blind::BlindLine;
use crate::view::outage::OutageLine;
use crate::view::paginator::{Paginator, ROWS};

/// So many times when the monitor could not see are shown.
const BLIND_TIMES: i64 = 10;

/// A page of outages.
///
/// # Errors
/// [`WebError::Invalid`]; [`WebError::NotFound`] beyond the last page; [`WebError::Database`].
pub fn outages(ask: &Ask) -> Result<Answer, WebError> {
    #[derive(Serialize)]
    struct Page {
        outages: Vec<OutageLine>,
        paginator: Paginator,
        which: &'static str,
        blind_times: Vec<BlindLine>,
    }
    let (number, upto, which) = (ask.query.page()?, ask.query.outage("upto")?, ask.query.which()?);
    let database = &mut *ask.database()?;
    let upto = match upto {
        Some(upto) => Some(upto),
        None => ours::page(ask, database, which, None, 0, 1)?.first().map(|seen| seen.of.outage.id),
    };
    let before = upto.map(|upto| OutageId(upto.0.saturating_add(1)));
    let rows = ours::count(ask, database, which, before)?;
    let (name, query) = match which {
        Which::All => ("all", ""),
        Which::Open => ("open", "state=open&"),
        Which::Resolved => ("resolved", "state=resolved&"),
    };
    let paginator = Paginator::new(number, rows, ROWS).ok_or(WebError::NotFound)?;
    let paginator = paginator.asking(query.to_owned()).upto(upto);
    let limit = usize::try_from(ROWS).unwrap_or(usize::MAX);
    let found = ours::page(ask, database, which, before, paginator.offset(), limit)?;
    let outages = found.iter().map(|seen| OutageLine::new(seen, ask.now)).collect();
    // What belongs to no outage stands below the newest.
    let blind_times =
        if number > 1 { Vec::new() } else { blindness::newest(database, BLIND_TIMES, ask.now)? };
    let blind_times = blind_times.iter().map(|time| BlindLine::new(time, ask.now)).collect();
    page(ask, database, "outages.html", &Page { outages, paginator, which: name, blind_times })
}
