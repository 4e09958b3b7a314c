//! Which outage a site joins, and how it leaves.

use serde::{Deserialize, Serialize};

use super::{EventId, GroupId, Instant, Invalid, LocationId, Look, OutageId, RunId, SiteId};

/// How far one outage reaches; there is at most one open outage per scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Every site.
    All,
    /// The sites of one group.
    Group(GroupId),
}

/// Which scope a site's outage has: `[check] outage_scope`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ScopeRule {
    /// One current outage for everything, as documented.
    #[default]
    All,
    /// One per group; sites without a group share one.
    Group,
}

impl ScopeRule {
    /// The scope of a site in `group`.
    pub fn scope(self, group: Option<GroupId>) -> Scope {
        match (self, group) {
            (ScopeRule::Group, Some(group)) => Scope::Group(group),
            (ScopeRule::Group, None) | (ScopeRule::All, _) => Scope::All,
        }
    }
}

/// Why a site is no longer in an outage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Left {
    /// It is back.
    Recovered,
    /// It was paused.
    Paused,
    /// It was removed.
    Removed,
    /// What its verdicts rest on was changed.
    Changed,
}

impl Left {
    /// Its name in tables and JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Left::Recovered => "recovered",
            Left::Paused => "paused",
            Left::Removed => "removed",
            Left::Changed => "changed",
        }
    }

    /// The reason of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Left::Recovered, Left::Paused, Left::Removed, Left::Changed]
            .into_iter()
            .find(|left| left.name() == name)
    }
}

/// An outage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outage {
    /// Its number.
    pub id: OutageId,
    /// How far it reaches.
    pub scope: Scope,
    /// The earliest first failed look of its sites.
    pub started_at: Instant,
    /// The look that raised it.
    pub detected_at: Instant,
    /// When its last site was back; `None` while it is open.
    pub resolved_at: Option<Instant>,
    /// The run that raised it.
    pub opened_by: RunId,
    /// Who has taken it in hand; then nobody is reminded of it any more.
    pub acknowledged: Option<Acknowledged>,
}

/// That somebody has taken an outage in hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acknowledged {
    /// When.
    pub at: Instant,
    /// Who.
    pub by: String,
    /// What they said to it.
    pub why: Option<String>,
}

impl Acknowledged {
    /// Characters of a name and of what is said to it.
    const MOST: [usize; 2] = [80, 500];

    /// Takes an outage in hand in the name of `by`. Both texts are one line each; an empty `why` is none.
    ///
    /// # Errors
    /// [`Invalid`] of `who` or `why`: too long, no name, or more than one line.
    pub fn new(by: &str, why: Option<&str>, at: Instant) -> Result<Self, Invalid> {
        let [of_name, of_reason] = Self::MOST;
        let by = line("who", by, of_name)?;
        if by.is_empty() {
            return Err(Invalid::new("who", "is empty; say who has taken the outage in hand"));
        }
        let why = line("why", why.unwrap_or_default(), of_reason)?;
        Ok(Acknowledged { at, by, why: Some(why).filter(|why| !why.is_empty()) })
    }
}

fn line(field: &str, text: &str, most: usize) -> Result<String, Invalid> {
    let text = text.trim();
    if text.chars().any(char::is_control) {
        return Err(Invalid::new(
            field,
            "has a line break or another control character; write it in one line",
        ));
    }
    if text.chars().count() > most {
        return Err(Invalid::new(field, format!("is longer than {most} characters; say it shorter")));
    }
    Ok(text.to_owned())
}

/// One site's part in an outage, with copies of the looks it rests on. A site that came back has two.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The outage.
    pub outage: OutageId,
    /// The site.
    pub site: SiteId,
    /// Where it was seen from.
    pub location: LocationId,
    /// The event that told of it; none for a site that came back.
    pub event: Option<EventId>,
    /// Its first failed look.
    pub down_at: Instant,
    /// The look that confirmed it.
    pub detected_at: Instant,
    /// When it left; `None` while it is down.
    pub up_at: Option<Instant>,
    /// Why it left.
    pub left: Option<Left>,
    /// The first failed look.
    pub first: Look,
    /// The failed look that confirmed it.
    pub last: Look,
    /// The first good look of its recovery.
    pub good: Option<Look>,
}

/// What a person noted about an outage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// When.
    pub at: Instant,
    /// Who, by name.
    pub author: String,
    /// What.
    pub text: String,
}

impl Note {
    /// The most characters a note may have.
    pub const LONGEST: usize = 2000;

    /// What may be noted: `text` without spaces around it, its lines ended in one way.
    ///
    /// # Errors
    /// [`Invalid`] of the field `text`: nothing, too much, or what cannot be printed.
    pub fn text(text: &str) -> Result<String, Invalid> {
        let text = text.replace("\r\n", "\n").trim().to_owned();
        let problem = match text.chars().count() {
            0 => "is empty; write what is to be known".to_owned(),
            count if count > Self::LONGEST => {
                format!("is {count} characters long; use up to {}", Self::LONGEST)
            }
            _ if text.chars().any(|c| c.is_control() && c != '\n' && c != '\t') => {
                "has a character that cannot be printed".to_owned()
            }
            _ => return Ok(text),
        };
        Err(Invalid::new("text", problem))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_acknowledges_has_a_name_and_says_it_in_a_line() {
        let at = Instant::from_ms(7);
        let taken = Acknowledged::new(" ann ", Some(" on it "), at).unwrap();
        assert_eq!((taken.by.as_str(), taken.why.as_deref(), taken.at), ("ann", Some("on it"), at));
        assert_eq!(Acknowledged::new("ann", Some(" "), at).unwrap().why, None);
        let refused = |by: &str, why: &str| Acknowledged::new(by, Some(why), at).unwrap_err().to_string();
        assert!(refused(" ", "").starts_with("who: is empty"));
        assert!(refused(&"a".repeat(81), "").starts_with("who: is longer than 80 characters"));
        assert!(refused("ann", "one\ntwo").starts_with("why: has a line break"));
    }
}
