//! Which sites of a list are shown: by words, state and group, one page of them.

use djamon_core::domain::status::State;
use djamon_core::json::Reader;
use djamon_core::store::statuses::SiteStatus;
use serde::Serialize;
use url::form_urlencoded::Serializer;

/// What a reader asks to see of a list of sites.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Filter {
    /// Words that must all stand in a site's name or its group's, or, for members, in its address.
    pub q: String,
    /// The state it must be in.
    pub state: Option<State>,
    /// The slug of the group it must be in.
    pub group: Option<String>,
}

impl Filter {
    /// Whether everything is shown.
    pub fn is_open(&self) -> bool {
        *self == Filter::default()
    }

    /// Those of `sites` that are asked for; `name_of` gives the name of a site's group.
    pub fn apply<'a>(
        &self,
        reader: Reader,
        sites: &'a [SiteStatus],
        name_of: impl Fn(&SiteStatus) -> Option<&'a str>,
    ) -> Vec<&'a SiteStatus> {
        let q = self.q.to_lowercase();
        let words: Vec<&str> = q.split_whitespace().collect();
        let is_wanted = |one: &&SiteStatus| {
            let is_in = || self.group.as_ref().is_none_or(|group| one.group.as_ref() == Some(group));
            let is_so = self.state.is_none_or(|state| one.status.state == state);
            is_so && is_in() && (words.is_empty() || has(reader, one, name_of(one), &words))
        };
        sites.iter().filter(is_wanted).collect()
    }

    /// The same question as it stands in an address, ready for one more parameter: `q=shop&`, or nothing.
    pub fn query(&self) -> String {
        let mut query = Serializer::new(String::new());
        if !self.q.is_empty() {
            query.append_pair("q", &self.q);
        }
        if let Some(state) = self.state {
            query.append_pair("state", state.name());
        }
        if let Some(group) = &self.group {
            query.append_pair("group", group);
        }
        let query = query.finish();
        if query.is_empty() { query } else { query + "&" }
    }
}

fn has(reader: Reader, one: &SiteStatus, group: Option<&str>, words: &[&str]) -> bool {
    let mut text = one.site.name.to_lowercase();
    if let Some(group) = group {
        text.push('\n');
        text.push_str(&group.to_lowercase());
    }
    if reader.sees_private() {
        text.push('\n');
        text.push_str(&one.site.shown_url().to_lowercase());
    }
    words.iter().all(|word| text.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_kept_in_the_address_of_the_next_page() {
        let filter = Filter { q: "a&b c".into(), state: Some(State::Down), group: Some("shops".into()) };
        assert_eq!(filter.query(), "q=a%26b+c&state=down&group=shops&");
        assert_eq!(Filter::default().query(), "");
    }
}
