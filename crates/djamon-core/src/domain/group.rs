//! A group: sites of one kind, shown together.

use super::{GroupId, Instant};

/// Sites of one kind ("Shops", "Databases").
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Its number.
    pub id: GroupId,
    /// Its name in URLs and commands; unique among groups that are not removed, and kept when the name changes.
    pub slug: String,
    /// Its name for people.
    pub name: String,
    /// Whether visitors who are not signed in see it.
    pub public: bool,
    /// Counts its changes, for `If-Match`.
    pub version: i32,
    /// When it was made.
    pub created_at: Instant,
}

/// A group to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewGroup {
    /// Wanted slug; made from the name when there is none.
    pub slug: Option<String>,
    /// Its name for people.
    pub name: String,
    /// Whether visitors see it.
    pub public: bool,
}

/// What may change of a group; `None` leaves a thing as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GroupChange {
    /// A new name; the slug stays.
    pub name: Option<String>,
    /// Whether visitors see it.
    pub public: Option<bool>,
}

/// The slug of the group that is called `name`, of those `known` by slug and name; `None` when none is called so.
///
/// # Errors
/// That several are called so, with their slugs.
pub fn called<'a>(
    name: &str,
    known: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Result<Option<&'a str>, String> {
    let slugs = known.into_iter().filter(|(_, known)| *known == name).map(|(slug, _)| slug);
    match slugs.collect::<Vec<_>>().as_slice() {
        [] => Ok(None),
        [one] => Ok(Some(one)),
        several => Err(format!(
            "{name:?} is the name of several groups; write the slug of one: {}",
            several.join(", ")
        )),
    }
}
