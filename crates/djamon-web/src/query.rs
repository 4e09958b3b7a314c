//! The parameters behind the question mark: each parsed into a type that cannot be wrong, or refused by name.

use actix_web::web;
use djamon_core::domain::series::Window;
use djamon_core::domain::status::State;
use djamon_core::domain::{OutageId, ViewId};
use djamon_core::store::outages::Which;

use crate::error::WebError;
use crate::view::filter::Filter;

/// How many items one answer has at most.
pub const MOST: usize = 1000;
/// How many characters a search has at most.
const LONGEST_SEARCH: usize = 200;

/// A request's parameters. Unknown ones are left alone; of a repeated one the first counts.
#[derive(Debug, Clone, Default)]
pub struct Query(Vec<(String, String)>);

impl Query {
    /// Reads `a=1&b=2`.
    pub fn parse(text: &str) -> Self {
        Query(web::Query::<Vec<(String, String)>>::from_query(text).map(|pairs| pairs.0).unwrap_or_default())
    }

    /// The value of a parameter, as it was sent.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// `limit`: 1 to [`MOST`].
    ///
    /// # Errors
    /// [`WebError::Invalid`].
    pub fn limit(&self, usual: usize) -> Result<usize, WebError> {
        let Some(text) = self.get("limit") else { return Ok(usual) };
        number(text)
            .and_then(|limit| usize::try_from(limit).ok())
            .filter(|limit| (1..=MOST).contains(limit))
            .ok_or_else(|| invalid("limit", format!("{text:?} is not a number from 1 to {MOST}")))
    }

    /// `limit` and `after` of a list that is whole when neither is given.
    ///
    /// # Errors
    /// [`WebError::Invalid`].
    pub fn part(&self) -> Result<Option<Part>, WebError> {
        let after = self.get("after").map(|text| {
            number(text).ok_or_else(|| invalid("after", format!("{text:?} is not what a list's next was")))
        });
        let after = after.transpose()?;
        let is_part = after.is_some() || self.get("limit").is_some();
        let part = Part { after: after.unwrap_or(0), limit: self.limit(MOST)? };
        Ok(is_part.then_some(part))
    }

    /// `page`: from 1.
    ///
    /// # Errors
    /// [`WebError::Invalid`].
    pub fn page(&self) -> Result<i64, WebError> {
        let Some(text) = self.get("page") else { return Ok(1) };
        number(text)
            .filter(|page| *page >= 1)
            .map(i64::from)
            .ok_or_else(|| invalid("page", format!("{text:?} is not a number from 1 on")))
    }

    /// `before` or `upto`: an outage's number.
    ///
    /// # Errors
    /// [`WebError::Invalid`].
    pub fn outage(&self, name: &'static str) -> Result<Option<OutageId>, WebError> {
        let parse = |text| {
            number(text)
                .map(OutageId)
                .ok_or_else(|| invalid(name, format!("{text:?} is not the number of an outage")))
        };
        self.get(name).map(parse).transpose()
    }

    /// `before`: the id of a view.
    ///
    /// # Errors
    /// [`WebError::Invalid`].
    pub fn view(&self, name: &'static str) -> Result<Option<ViewId>, WebError> {
        let parse = |text: &str| {
            text.parse().map(ViewId).map_err(|_| invalid(name, format!("{text:?} is not the id of a view")))
        };
        self.get(name).map(parse).transpose()
    }

    /// `q`, `state` and `group`: which sites are asked for. What a form leaves empty is not asked for.
    ///
    /// # Errors
    /// [`WebError::Invalid`].
    pub fn filter(&self) -> Result<Filter, WebError> {
        let filled = |name: &str| self.get(name).map(str::trim).filter(|text| !text.is_empty());
        let q = filled("q").unwrap_or_default();
        if q.chars().count() > LONGEST_SEARCH {
            return Err(invalid("q", format!("is longer than {LONGEST_SEARCH} characters")));
        }
        let names = || State::ALL.map(State::name).join(", ");
        let state = |text: &str| {
            let found = State::ALL.into_iter().find(|state| state.name() == text);
            found.ok_or_else(|| invalid("state", format!("{text:?} is not a state; use one of {}", names())))
        };
        Ok(Filter {
            q: q.to_owned(),
            state: filled("state").map(state).transpose()?,
            group: filled("group").map(str::to_owned),
        })
    }

    /// `range`: how far back a history goes.
    ///
    /// # Errors
    /// [`WebError::Invalid`].
    pub fn window(&self) -> Result<Window, WebError> {
        let Some(text) = self.get("range") else { return Ok(Window::default()) };
        let names = || Window::ALL.map(Window::name).join(", ");
        Window::from_name(text)
            .ok_or_else(|| invalid("range", format!("{text:?} is not a range; use one of {}", names())))
    }

    /// `state`: of outages.
    ///
    /// # Errors
    /// [`WebError::Invalid`].
    pub fn which(&self) -> Result<Which, WebError> {
        match self.get("state") {
            None | Some("") => Ok(Which::All),
            Some("open") => Ok(Which::Open),
            Some("resolved") => Ok(Which::Resolved),
            Some(other) => Err(invalid("state", format!("{other:?} is not a state; use open or resolved"))),
        }
    }
}

/// A part of a list that is in the order of its things' numbers, so that what is added meanwhile comes at its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// Those with greater numbers.
    pub after: i32,
    /// How many at most.
    pub limit: usize,
}

impl Part {
    /// Leaves of `things` those of this part, in their order, and gives what `after` has to be for those that follow.
    pub fn cut<T>(self, things: &mut Vec<T>, number: impl Fn(&T) -> i32) -> Option<String> {
        things.retain(|thing| number(thing) > self.after);
        things.sort_by_key(&number);
        let is_more = things.len() > self.limit;
        things.truncate(self.limit);
        things.last().filter(|_| is_more).map(|last| number(last).to_string())
    }
}

/// Digits only: `parse` would take a sign too.
pub fn number(text: &str) -> Option<i32> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

fn invalid(field: &'static str, problem: String) -> WebError {
    WebError::invalid(field, problem)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_asked_for_has_its_usual_value() {
        let query = Query::parse("");
        assert_eq!(query.limit(10).unwrap(), 10);
        assert_eq!(query.page().unwrap(), 1);
        assert_eq!(query.which().unwrap(), Which::All);
        assert_eq!((query.outage("before").unwrap(), query.view("before").unwrap()), (None, None));
    }

    #[test]
    fn a_form_that_was_left_empty_asks_for_everything() {
        assert!(Query::parse("q=+&state=&group=").filter().unwrap().is_open());
        let filter = Query::parse("q=+shop+&state=down&group=a").filter().unwrap();
        assert_eq!((filter.q.as_str(), filter.state), ("shop", Some(State::Down)));
        let refused = |text: &str| Query::parse(text).filter().unwrap_err().to_string();
        assert_eq!(
            refused("state=foo"),
            "state: \"foo\" is not a state; use one of down, failing, unknown, up, paused"
        );
        assert_eq!(refused(&format!("q={}", "x".repeat(201))), "q: is longer than 200 characters");
        assert_eq!(
            Query::parse("range=1h").window().unwrap_err().to_string(),
            "range: \"1h\" is not a range; use one of 24h, 7d, 30d, 1y"
        );
    }

    #[test]
    fn impossible_values_are_refused_by_name() {
        let refused = |text: &str| {
            let query = Query::parse(text);
            let answers = [
                query.limit(10).map(|_| ()),
                query.page().map(|_| ()),
                query.which().map(|_| ()),
                query.outage("upto").map(|_| ()),
                query.view("before").map(|_| ()),
            ];
            let refused: Vec<_> =
                answers.into_iter().filter_map(Result::err).map(|e| e.to_string()).collect();
            refused.join("; ")
        };
        assert_eq!(refused("limit=0"), "limit: \"0\" is not a number from 1 to 1000");
        assert_eq!(refused("limit=1001"), "limit: \"1001\" is not a number from 1 to 1000");
        assert_eq!(refused("limit=+5"), "limit: \" 5\" is not a number from 1 to 1000");
        assert_eq!(refused("page=0"), "page: \"0\" is not a number from 1 on");
        assert_eq!(refused("state=foo"), "state: \"foo\" is not a state; use open or resolved");
        assert_eq!(refused("upto=99999999999"), "upto: \"99999999999\" is not the number of an outage");
        assert_eq!(refused("before=xyz&limit=3"), "before: \"xyz\" is not the id of a view");
    }
}
