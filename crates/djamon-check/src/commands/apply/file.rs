//! The file of `apply`: what it says there should be, each thing with its line. It knows nothing of what there is.

use std::path::Path;

use djamon_core::channels::{Author, Settings, Switchboard};
use djamon_core::config::{Config, Kind, secret_keys};
use djamon_core::domain::options::MASK;
use djamon_core::domain::text::{self, nearest};
use djamon_core::domain::{Invalid, SiteOptions, Target};
use djamon_core::store::channels::RESERVED;
use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde_json::{Map, Value};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// What there should be.
#[derive(Debug, Default)]
pub struct Wanted {
    /// Groups, in the order of the file.
    pub groups: Vec<WantedGroup>,
    /// Sites, in the order of the file.
    pub sites: Vec<WantedSite>,
    /// Channels, in the order of the file.
    pub channels: Vec<WantedChannel>,
}

/// A group there should be.
#[derive(Debug, Clone)]
pub struct WantedGroup {
    /// Its slug.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// Whether visitors see it.
    pub public: bool,
}

/// A site there should be.
#[derive(Debug, Clone)]
pub struct WantedSite {
    /// Where it stands: file, line and `[[site]]`.
    pub place: String,
    /// Its slug.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// Its address; the credentials may be masked.
    pub target: Target,
    /// Its group's slug or name.
    pub group: Option<String>,
    /// Whether visitors see it.
    pub public: bool,
    /// Whether it is paused; as it is when not said.
    pub paused: Option<bool>,
    /// What it has of its own; secret headers may be masked.
    pub options: SiteOptions,
}

/// A channel there should be.
#[derive(Debug, Clone)]
pub struct WantedChannel {
    /// Where it stands: file, line and `[[channel]]`.
    pub place: String,
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: String,
    /// Whether it is told of anything.
    pub enabled: bool,
    /// The slugs or names of the groups it is told of; none: everything.
    pub groups: Vec<String>,
    /// The keys of its kind; secrets may be masked.
    pub settings: Settings,
}

const SECTIONS: [&str; 3] = ["group", "site", "channel"];
const GROUP_KEYS: [&str; 3] = ["slug", "name", "public"];
const SITE_KEYS: [&str; 6] = ["slug", "name", "url", "group", "public", "paused"];
const CHANNEL_KEYS: [&str; 4] = ["name", "kind", "enabled", "groups"];

impl Wanted {
    /// Reads `text`; messages call the file `name`, and relative paths start at `base`.
    ///
    /// # Errors
    /// All problems, one line each, in the order of the file.
    pub fn read(name: &str, text: &str, base: &Path) -> Result<Wanted, Vec<String>> {
        let mut reader = Reader { name, text, problems: Vec::new() };
        let table = match DeTable::parse(text) {
            Ok(table) => table.into_inner(),
            Err(error) => {
                let at = error.span().unwrap_or_default().start;
                reader.wrong(at, "", error.message());
                return Err(reader.told());
            }
        };
        let (mut groups, mut sites, mut channels) = (Vec::new(), Vec::new(), Vec::new());
        for (section, content) in &table {
            let at = section.span().start;
            let Some(section) = SECTIONS.into_iter().find(|known| known == section.get_ref()) else {
                let what = format!(
                    "[[{}]] is not known here; the file has [[group]], [[site]] and [[channel]]",
                    section.get_ref()
                );
                reader.wrong(at, "", &what);
                continue;
            };
            for entry in entries(section, content, &mut reader) {
                match section {
                    "group" => groups.extend(reader.group(&entry)),
                    "site" => sites.extend(reader.site(&entry, base)),
                    _ => channels.extend(reader.channel(&entry, base).map(|channel| (entry.at, channel))),
                }
            }
        }
        reader.give_slugs("group", groups.iter_mut().map(|(at, g)| (*at, &mut g.slug, &*g.name)).collect());
        reader.give_slugs("site", sites.iter_mut().map(|(at, s)| (*at, &mut s.slug, &*s.name)).collect());
        reader.no_name_twice(&channels);
        if !reader.problems.is_empty() {
            return Err(reader.told());
        }
        Ok(Wanted { groups: bare(groups), sites: bare(sites), channels: bare(channels) })
    }
}

/// A thing and where its entry stands, in bytes.
type Placed<T> = (usize, T);

fn bare<T>(things: Vec<Placed<T>>) -> Vec<T> {
    things.into_iter().map(|(_, thing)| thing).collect()
}

/// One `[[…]]` of the file.
struct Entry<'a> {
    section: &'static str,
    at: usize,
    table: &'a DeTable<'a>,
}

fn entries<'a>(
    section: &'static str,
    content: &'a Spanned<DeValue<'a>>,
    reader: &mut Reader,
) -> Vec<Entry<'a>> {
    let tables: Option<Vec<_>> = content.get_ref().as_array().and_then(|array| {
        array
            .iter()
            .map(|one| Some(Entry { section, at: one.span().start, table: one.get_ref().as_table()? }))
            .collect()
    });
    tables.unwrap_or_else(|| {
        reader.wrong(content.span().start, "", &format!("{section} is a list; write [[{section}]]"));
        Vec::new()
    })
}

/// Reads entries and keeps the problems with their places.
struct Reader<'t> {
    name: &'t str,
    text: &'t str,
    problems: Vec<(usize, String)>,
}

impl Reader<'_> {
    fn place(&self, at: usize) -> String {
        let before = self.text.get(..at).unwrap_or(self.text);
        format!("{}:{}", self.name, before.matches('\n').count() + 1)
    }

    fn wrong(&mut self, at: usize, what: &str, problem: &str) {
        let colon = if what.is_empty() { "" } else { ": " };
        let line = format!("{}: {what}{colon}{}", self.place(at), problem.trim().replace('\n', ", "));
        self.problems.push((at, line));
    }

    /// Says what is wrong with `key` of `entry`, at the key's line when it is there.
    fn wrong_key(&mut self, entry: &Entry, key: &str, problem: &str) {
        let at = entry.table.iter().find(|(name, _)| name.get_ref() == key);
        let at = at.map_or(entry.at, |(name, _)| name.span().start);
        self.wrong(at, &format!("[[{}]] {key}", entry.section), problem);
    }

    fn told(mut self) -> Vec<String> {
        self.problems.sort();
        self.problems.into_iter().map(|(_, problem)| problem).collect()
    }

    /// The value of `key`, when it is there and of the right type.
    fn take<'a, T: Deserialize<'a>>(&mut self, entry: &Entry<'a>, key: &str) -> Option<T> {
        let (_, value) = entry.table.iter().find(|(name, _)| name.get_ref() == key)?;
        T::deserialize(value.clone().into_deserializer())
            .map_err(|error| self.wrong_key(entry, key, error.message()))
            .ok()
    }

    fn needed<'a, T: Deserialize<'a>>(&mut self, entry: &Entry<'a>, key: &str) -> Option<T> {
        if !entry.table.contains_key(key) {
            self.wrong_key(entry, key, "is missing");
        }
        self.take(entry, key)
    }

    /// What `check` makes of a value; its problem is kept.
    fn checked<T>(&mut self, entry: &Entry, checked: Result<T, Invalid>) -> Option<T> {
        checked.map_err(|invalid| self.wrong_key(entry, &invalid.field, &invalid.problem)).ok()
    }

    fn unknown(&mut self, entry: &Entry, key: &str, known: &[&str]) {
        let hint = nearest(key, known).map_or_else(
            || format!("the keys are {}", known.join(", ")),
            |meant| format!("did you mean {meant}?"),
        );
        self.wrong_key(entry, key, &format!("is not a key; {hint}"));
    }

    fn unknown_keys(&mut self, entry: &Entry, known: &[&str]) {
        for (key, _) in entry.table {
            if !known.contains(&key.get_ref().as_ref()) {
                self.unknown(entry, key.get_ref(), known);
            }
        }
    }

    fn slug(&mut self, entry: &Entry) -> Option<String> {
        let slug: String = self.take(entry, "slug")?;
        if slug.is_empty() || text::slugify(&slug) != slug {
            let problem = format!("{slug:?} cannot be a slug; use small letters, digits and single hyphens");
            self.wrong_key(entry, "slug", &problem);
        }
        Some(slug)
    }

    fn group(&mut self, entry: &Entry) -> Option<Placed<WantedGroup>> {
        self.unknown_keys(entry, &GROUP_KEYS);
        let slug = self.slug(entry).unwrap_or_default();
        let name: String = self.needed(entry, "name")?;
        let name = self.checked(entry, text::name(&name))?;
        Some((entry.at, WantedGroup { slug, name, public: self.take(entry, "public").unwrap_or(true) }))
    }

    fn site(&mut self, entry: &Entry, base: &Path) -> Option<Placed<WantedSite>> {
        let known: Vec<&str> = SITE_KEYS.iter().chain(SiteOptions::NAMES).copied().collect();
        self.unknown_keys(entry, &known);
        let slug = self.slug(entry).unwrap_or_default();
        let mut options = self.options(entry);
        options.files_mut().for_each(|(_, file)| *file = absolute_path(file, base));
        let url: String = self.needed(entry, "url")?;
        let target = self.checked(entry, Target::parse(&url))?;
        self.checked(entry, options.check_for(&target))?;
        let name = self.take(entry, "name").unwrap_or_else(|| target.default_name());
        let name = self.checked(entry, text::name(&name))?;
        let site = WantedSite {
            place: format!("{}: [[site]]", self.place(entry.at)),
            slug,
            name,
            target,
            group: self.take(entry, "group"),
            public: self.take(entry, "public").unwrap_or(true),
            paused: self.take(entry, "paused"),
            options,
        };
        Some((entry.at, site))
    }

    /// The options of a site, each read alone, so that a problem has its line.
    fn options(&mut self, entry: &Entry) -> SiteOptions {
        let mut options = SiteOptions::default();
        for (key, value) in entry.table {
            let key = key.get_ref().as_ref();
            if !is_option(key) {
                continue;
            }
            let one = SiteOptions::one::<toml::de::Error>(key, value.clone());
            match one.map(|one| (one.check_each(), one)) {
                Ok((Ok(()), one)) => options = options.with(one),
                Ok((Err(invalid), _)) => self.wrong_key(entry, key, &invalid.problem),
                Err(error) => self.wrong_key(entry, key, error.message()),
            }
        }
        // An option that is wrong by itself may be the one that another lacks.
        if entry.table.iter().all(|(key, _)| options.has(key.get_ref()) || !is_option(key.get_ref())) {
            self.checked(entry, options.check_together());
        }
        options
    }

    fn channel(&mut self, entry: &Entry, base: &Path) -> Option<WantedChannel> {
        let name: String = self.needed(entry, "name")?;
        let name = self.checked(entry, text::name(&name))?;
        if RESERVED.contains(&name.as_str()) {
            let problem = format!("{name:?} is the channel of [{name}] in djamon.toml; choose another name");
            self.wrong_key(entry, "name", &problem);
        }
        let kind: String = self.needed(entry, "kind")?;
        let mut settings = Map::new();
        for (key, value) in entry.table {
            let key = key.get_ref().as_ref();
            if CHANNEL_KEYS.contains(&key) {
                continue;
            }
            match Value::deserialize(value.clone().into_deserializer()) {
                Ok(value) => drop(settings.insert(key.to_owned(), value)),
                Err(error) => self.wrong_key(entry, key, error.message()),
            }
        }
        // What a masked secret stands for is known where the channel is kept: there it is checked.
        let mut secrets = Kind::from_name(&kind).into_iter().flat_map(secret_keys);
        if !secrets.any(|key| settings.get(key).is_some_and(|value| value == MASK)) {
            let board = Switchboard::new(&Config::default(), base);
            let checked = board.checked(Author::Machine, &kind, &settings, None);
            for problem in checked.err().into_iter().flat_map(|error| error.problems) {
                let (key, problem) = problem.split_once(": ").unwrap_or(("kind", &problem));
                self.wrong_key(entry, key, problem);
            }
        }
        Some(WantedChannel {
            place: format!("{}: [[channel]]", self.place(entry.at)),
            name,
            kind,
            enabled: self.take(entry, "enabled").unwrap_or(true),
            groups: self.take(entry, "groups").unwrap_or_default(),
            settings,
        })
    }

    fn no_name_twice(&mut self, channels: &[Placed<WantedChannel>]) {
        for (n, (at, channel)) in channels.iter().enumerate() {
            if channels.iter().take(n).any(|(_, other)| other.name == channel.name) {
                self.wrong(*at, "[[channel]] name", &format!("{:?} stands in this file twice", channel.name));
            }
        }
    }

    /// Gives every thing of `section` its slug: those in the file first, then from the names, in the order of the file.
    fn give_slugs(&mut self, section: &'static str, things: Vec<(usize, &mut String, &str)>) {
        let mut taken: Vec<String> = Vec::new();
        for (at, slug, _) in &things {
            if taken.contains(slug) {
                let problem = format!("{slug:?} stands in this file twice");
                self.wrong(*at, &format!("[[{section}]] slug"), &problem);
            }
            taken.extend(Some((**slug).clone()).filter(|slug| !slug.is_empty()));
        }
        for (_, slug, name) in things {
            if slug.is_empty() {
                *slug = text::unique_slugify(name, section, |slug| taken.iter().any(|other| other == slug));
                taken.push(slug.clone());
            }
        }
    }
}

fn is_option(key: &str) -> bool {
    SiteOptions::NAMES.contains(&key)
}

/// A path as it stays right wherever it is read.
fn absolute_path(path: &str, base: &Path) -> String {
    let path = base.join(path);
    std::path::absolute(&path).unwrap_or(path).to_string_lossy().into_owned()
}

#[cfg(test)]
#[path = "file_tests.rs"]
mod tests;
