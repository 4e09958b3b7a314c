//! The form of a site: which fields there are, from a site into them, and from them into a site. The options are those of
//! [`SiteOptions`], by the same names; a test sees to it that none is missing.

use djamon_core::domain::{
    Group, GroupId, Invalid, IpFamily, Method, Policy, Site, SiteOptions, Span, Target,
};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::form::{Choice, Difference, Field, Kind};
use crate::body::Form;

/// Fields that belong together; all but the first topic are folded while nothing is in them.
#[derive(Debug, Clone, Serialize)]
pub struct Topic {
    /// What they are about; empty for those that are always shown.
    pub title: &'static str,
    /// Whether it is unfolded.
    pub is_open: bool,
    /// The fields.
    pub fields: Vec<Field>,
}

/// What a form says of a site, parsed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// Its name; `None`: made from the address.
    pub name: Option<String>,
    /// Its slug; `None`: made from the name.
    pub slug: Option<String>,
    /// What is asked for.
    pub target: Target,
    /// Its group.
    pub group: Option<GroupId>,
    /// What it has of its own.
    pub options: SiteOptions,
    /// Whether visitors see it.
    pub public: bool,
}

/// All fields, empty. `defaults` counts where nothing is typed; a slug is chosen only once.
pub fn topics(groups: &[Group], defaults: &Policy, is_new: bool) -> Vec<Topic> {
    let mut topics = vec![
        Topic { title: "", is_open: true, fields: first(groups) },
        folded("How it is asked", asked(defaults)),
        folded("What is a good answer", good(defaults)),
        folded("When it is an outage", outage(defaults)),
        folded("Certificates", certificates()),
    ];
    if is_new {
        let slug = Field::new("slug", "Name in addresses", Kind::Text)
            .hint("Small letters, digits and hyphens; made from the name when empty. It stays as it is.");
        topics.push(folded("Address of its page", vec![slug]));
    }
    topics
}

fn folded(title: &'static str, fields: Vec<Field>) -> Topic {
    Topic { title, is_open: false, fields }
}

fn first(groups: &[Group]) -> Vec<Field> {
    let mut choices = vec![Choice::new("", "none")];
    choices.extend(groups.iter().map(|group| Choice::new(&group.slug, &group.name)));
    let visible = vec![Choice::new("yes", "yes"), Choice::new("no", "no, only people who are signed in")];
    vec![
        Field {
            placeholder: "https://shop.example/checkout".into(),
            ..Field::new("url", "Address", Kind::Url)
        }
        .required()
        .hint("http or https. A user name and password in it are kept apart and shown as ***."),
        Field { placeholder: "from the address".into(), ..Field::new("name", "Name", Kind::Text) },
        Field::new("group", "Group", Kind::Select).choices(choices),
        Field { placeholder: "every run".into(), ..Field::new("interval", "Checked every", Kind::Text) }
            .hint("Like 5m or 1h; 10 seconds to 31 days."),
        Field::new("public", "Visitors see it", Kind::Select).choices(visible).filled("yes"),
    ]
}

fn text(name: &'static str, label: &'static str, default: impl Into<String>) -> Field {
    Field { placeholder: default.into(), ..Field::new(name, label, Kind::Text) }
}

fn number(name: &'static str, label: &'static str, default: u32) -> Field {
    Field { placeholder: default.to_string(), ..Field::new(name, label, Kind::Number) }
}

fn yes_or_no(name: &'static str, label: &'static str, default: bool) -> Field {
    let usual = if default { "as usual (yes)" } else { "as usual (no)" };
    let choices = [("", usual), ("yes", "yes"), ("no", "no")];
    Field::new(name, label, Kind::Select).choices(choices.map(|(v, l)| Choice::new(v, l)).into())
}

fn asked(defaults: &Policy) -> Vec<Field> {
    let check = &defaults.check;
    let usual = format!("as usual ({})", check.method);
    let methods = [
        ("", usual.as_str()),
        ("head", "HEAD, and GET when that fails"),
        ("get", "GET: the whole page"),
        ("post", "POST"),
    ];
    let families = [("", "as usual (any)"), ("any", "any"), ("ipv4", "IPv4 only"), ("ipv6", "IPv6 only")];
    let choices = |of: &[(&str, &str)]| of.iter().map(|(v, l)| Choice::new(*v, *l)).collect();
    vec![
        Field::new("method", "Method", Kind::Select).choices(choices(&methods)),
        text("timeout", "Time for one request", Span(check.timeout).to_string()).hint("At most 20s."),
        yes_or_no("follow_redirects", "Follow redirects", check.follow_redirects),
        Field::new("ip_family", "Addresses", Kind::Select).choices(choices(&families)),
        Field::new("headers", "Headers to send", Kind::Area)
            .hint("One a line, like Accept: text/html. Secret ones are shown as ***."),
        Field::new("body", "Body of a POST", Kind::Area).hint("Shown as *** once it is saved."),
    ]
}

fn good(defaults: &Policy) -> Vec<Field> {
    vec![
        text("good_codes", "Good status codes", defaults.check.good_codes.to_string()),
        text("contains", "Text that must be there", ""),
        text("not_contains", "Text that must not be there", ""),
        text("matches", "Regular expression that must match", ""),
        text("json_path", "JSONPath that must select something", "").hint("RFC 9535, like $.status"),
        text("json_value", "How what it selects must compare", "").hint("Like == \"ok\" or >= 3"),
        text("expect_header", "Header that the answer must have", "").hint("Name: value, or only the name"),
        text("max_time", "Slow when it takes longer than", "").hint("Like 800ms"),
        yes_or_no("slow_is_failure", "Slow is a failure", defaults.check.slow_is_failure),
    ]
}

fn outage(defaults: &Policy) -> Vec<Field> {
    vec![
        number("attempts", "Failed looks in a row that make an outage", defaults.attempts),
        number("recover_after", "Good looks in a row that end it", defaults.recover_after),
    ]
}

fn certificates() -> Vec<Field> {
    let file = |name, label| text(name, label, "").hint("A whole path on the monitor's machine.");
    vec![
        yes_or_no("insecure", "Take any certificate", false),
        file("ca_file", "Trust the certificates in this file too"),
        file("client_cert", "Show the certificate in this file"),
        file("client_key", "Its key"),
    ]
}

/// Fills the fields with what a site is.
pub fn fill(topics: &mut [Topic], site: &Site, groups: &[Group]) {
    let of_site = text_of(site, groups);
    for field in topics.iter_mut().flat_map(|topic| &mut topic.fields) {
        field.value = of_site(field.name);
    }
    unfold(topics);
}

/// Fills the fields with what was typed.
pub fn keep(topics: &mut [Topic], form: &Form) {
    topics.iter_mut().for_each(|topic| super::form::keep(&mut topic.fields, form));
    unfold(topics);
}

fn unfold(topics: &mut [Topic]) {
    for topic in topics {
        topic.is_open |= topic.fields.iter().any(|field| !field.value.is_empty() || field.error.is_some());
    }
}

/// Puts what is wrong beside the fields; gives what belongs to none.
pub fn complain(topics: &mut [Topic], wrong: &[Invalid]) -> Vec<String> {
    let others = super::form::complain(topics.iter_mut().flat_map(|topic| &mut topic.fields), wrong);
    unfold(topics);
    others
}

/// What stands in the field of each name for a site as it is kept; secrets are masked.
fn text_of<'a>(site: &'a Site, groups: &'a [Group]) -> impl Fn(&str) -> String + 'a {
    let options = serde_json::to_value(site.options.masked()).unwrap_or_default();
    move |name| match name {
        "url" => site.shown_url(),
        "name" => site.name.clone(),
        "group" => groups
            .iter()
            .find(|group| Some(group.id) == site.group)
            .map(|group| group.slug.clone())
            .unwrap_or_default(),
        "public" => if site.public { "yes" } else { "no" }.to_owned(),
        option => options.get(option).map(written).unwrap_or_default(),
    }
}

/// An option's value as people write it.
fn written(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(yes) => if *yes { "yes" } else { "no" }.to_owned(),
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Array(items) => items.iter().map(written).collect::<Vec<_>>().join(","),
        Value::Object(headers) => {
            let lines = headers.iter().map(|(name, value)| format!("{name}: {}", written(value)));
            lines.collect::<Vec<_>>().join("\n")
        }
    }
}

/// Reads the fields. `known` is the site as it is kept: what is masked is as it is there.
///
/// # Errors
/// Everything that is wrong, each by its field.
pub fn read(form: &Form, groups: &[Group], known: Option<&Site>) -> Result<Draft, Vec<Invalid>> {
    let typed = |name: &str| form.get(name).map(str::trim).filter(|text| !text.is_empty());
    let mut wrong = Vec::new();
    let target = Target::parse(form.get("url").unwrap_or_default())
        .and_then(|target| target.unmasked(known.map(|site| &site.target)));
    let group = typed("group").map(|slug| {
        let gone = || Invalid::new("group", "is not there any more; choose another one");
        groups.iter().find(|group| group.slug == slug).map(|group| group.id).ok_or_else(gone)
    });
    let mut options = SiteOptions::default();
    for name in SiteOptions::NAMES {
        match typed(name).map(|text| option(name, text, form.get(name).unwrap_or_default())) {
            None => {}
            Some(Ok(one)) => options = options.with(one),
            Some(Err(problem)) => wrong.push(Invalid::new(*name, problem)),
        }
    }
    let nothing = SiteOptions::default();
    let options = options.unmasked(known.map_or(&nothing, |site| &site.options));
    let options = options.and_then(|options| checked(options, target.as_ref().ok()));
    let draft = |target, group, options| Draft {
        name: typed("name").map(str::to_owned),
        slug: typed("slug").map(str::to_owned),
        target,
        group,
        options,
        public: typed("public") != Some("no"),
    };
    match (target, group.transpose(), options) {
        (Ok(target), Ok(group), Ok(options)) if wrong.is_empty() => Ok(draft(target, group, options)),
        (target, group, options) => {
            let mut all: Vec<Invalid> = target.err().into_iter().chain(group.err()).collect();
            all.append(&mut wrong);
            all.extend(options.err());
            Err(all)
        }
    }
}

fn checked(options: SiteOptions, target: Option<&Target>) -> Result<SiteOptions, Invalid> {
    options.check()?;
    if let Some(target) = target {
        options.check_for(target)?;
    }
    for (name, file) in options.clone().files_mut() {
        if !file.starts_with('/') {
            return Err(Invalid::new(name, format!("{file:?} is not a whole path; begin it with /")));
        }
    }
    Ok(options)
}

/// The one option `name`; `text` has no spaces around it, `whole` is all that was typed.
fn option(name: &str, text: &str, whole: &str) -> Result<SiteOptions, String> {
    let kind = ["attempts", "recover_after"].iter().find(|number| **number == name);
    let value = match (name, text) {
        ("method", _) => json!(text.parse::<Method>()?),
        ("ip_family", _) => json!(text.parse::<IpFamily>()?),
        ("follow_redirects" | "insecure" | "slow_is_failure", "yes") => json!(true),
        ("follow_redirects" | "insecure" | "slow_is_failure", _) => json!(false),
        ("headers", _) => headers(text)?,
        // What a page must say, and what is sent, may begin or end with a space.
        ("body" | "contains" | "not_contains" | "matches", _) => json!(whole.replace("\r\n", "\n")),
        _ if kind.is_some() => {
            json!(text.parse::<u32>().map_err(|_| format!("{text:?} is not a whole number"))?)
        }
        _ => json!(text),
    };
    let one = Map::from_iter([(name.to_owned(), value)]);
    serde_json::from_value(Value::Object(one)).map_err(|error| error.to_string())
}

fn headers(text: &str) -> Result<Value, String> {
    let mut headers = Map::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let split = line.split_once(':').map(|(name, value)| (name.trim(), value.trim()));
        let Some((name, value)) = split.filter(|(name, _)| !name.is_empty()) else {
            return Err(format!("{line:?} is not a header; write it like Accept: text/html"));
        };
        if headers.insert(name.to_owned(), json!(value)).is_some() {
            return Err(format!("{name:?} is there twice"));
        }
    }
    Ok(Value::Object(headers))
}

/// Where what was typed differs from the site as it is kept now.
pub fn differences(topics: &[Topic], form: &Form, site: &Site, groups: &[Group]) -> Vec<Difference> {
    let of_site = text_of(site, groups);
    let name_of = |slug: &str| {
        groups
            .iter()
            .find(|group| group.slug == slug)
            .map_or_else(|| slug.to_owned(), |group| group.name.clone())
    };
    let fields = topics.iter().flat_map(|topic| &topic.fields);
    let both = fields.map(|field| {
        let typed = form.get(field.name).unwrap_or_default().replace("\r\n", "\n");
        (field, of_site(field.name), typed)
    });
    both.filter(|(_, saved, typed)| saved.trim() != typed.trim())
        .map(|(field, saved, typed)| match field.name {
            "group" => Difference { label: field.label, saved: name_of(&saved), typed: name_of(&typed) },
            _ => Difference { label: field.label, saved, typed },
        })
        .collect()
}

#[cfg(test)]
#[path = "site_form_tests.rs"]
mod tests;
