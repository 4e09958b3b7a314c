//! What has to change so that there is what the file wants; how that is told, and done.

use std::fmt;

use djamon_core::domain::group::{GroupChange, NewGroup};
use djamon_core::domain::site::{NewSite, SiteChange};
use djamon_core::domain::{Group, Instant, Invalid, Site};
use djamon_core::store::channels::{self, Channel};
use djamon_core::store::{AnyConnection, StoreError, groups, sites};
use serde_json::Value;

use super::file::{Wanted, WantedChannel, WantedGroup, WantedSite};

/// What there is.
#[derive(Debug)]
pub struct Current {
    /// Groups.
    pub groups: Vec<Group>,
    /// Sites.
    pub sites: Vec<Site>,
    /// Channels, without those of the configuration.
    pub channels: Vec<Channel>,
}

impl Current {
    /// Reads what there is.
    ///
    /// # Errors
    /// What the database says.
    pub fn read(connection: &mut AnyConnection) -> Result<Current, StoreError> {
        Ok(Current {
            groups: groups::all(connection)?,
            sites: sites::all(connection)?,
            channels: channels::all(connection)?,
        })
    }

    fn group_slug(&self, site: &Site) -> Option<&str> {
        self.groups.iter().find(|group| Some(group.id) == site.group).map(|group| group.slug.as_str())
    }
}

/// Steps in the order in which they can be taken.
#[derive(Debug)]
pub struct Plan(Vec<Step>);

#[derive(Debug)]
enum Step {
    AddGroup(NewGroup, String),
    EditGroup { slug: String, change: GroupChange },
    AddSite { site: NewSite, slug: String, group: Option<String> },
    EditSite { slug: String, change: SiteChange, group: Option<Option<String>>, keys: Vec<&'static str> },
    AddChannel(WantedChannel),
    EditChannel { channel: WantedChannel, keys: Vec<String> },
    RemoveSite(String),
    RemoveGroup(String),
    RemoveChannel(String),
}

impl Plan {
    /// The way from what there is to what is wanted; with `prune` what is not wanted goes.
    ///
    /// # Errors
    /// [`Invalid`] with the line of a site whose group is nowhere, or whose masked secrets are not known.
    pub fn new(wanted: &Wanted, current: &Current, prune: bool) -> Result<Plan, Invalid> {
        let mut steps = Vec::new();
        for group in &wanted.groups {
            let known = current.groups.iter().find(|known| known.slug == group.slug);
            steps.extend(known.map_or_else(|| Some(add_group(group)), |known| edit_group(group, known)));
        }
        let mut used = Vec::new();
        for site in &wanted.sites {
            let group = site.group.as_deref().map(|named| group_meant(site, named, wanted, current));
            let group = group.transpose()?;
            used.extend(group.clone());
            let known = current.sites.iter().find(|known| known.slug == site.slug);
            steps.extend(site_step(site, group, known, current)?);
        }
        for channel in &wanted.channels {
            let known = current.channels.iter().find(|known| known.name == channel.name);
            steps.extend(known.map_or_else(
                || Some(Step::AddChannel(channel.clone())),
                |known| edit_channel(channel, known),
            ));
        }
        if prune {
            let gone = current.sites.iter().filter(|old| wanted.sites.iter().all(|new| new.slug != old.slug));
            steps.extend(gone.map(|site| Step::RemoveSite(site.slug.clone())));
            let gone = current.groups.iter().filter(|old| {
                !used.contains(&old.slug) && wanted.groups.iter().all(|new| new.slug != old.slug)
            });
            steps.extend(gone.map(|group| Step::RemoveGroup(group.slug.clone())));
            let gone =
                current.channels.iter().filter(|old| wanted.channels.iter().all(|new| new.name != old.name));
            steps.extend(gone.map(|channel| Step::RemoveChannel(channel.name.clone())));
        }
        Ok(Plan(steps))
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes every step. To be called within `store::write`.
    ///
    /// # Errors
    /// What a step says; then none is taken.
    pub fn carry_out(&self, connection: &mut AnyConnection, now: Instant) -> Result<(), StoreError> {
        self.0.iter().try_for_each(|step| step.take(connection, now))
    }
}

fn add_group(group: &WantedGroup) -> Step {
    let new = NewGroup { slug: Some(group.slug.clone()), name: group.name.clone(), public: group.public };
    Step::AddGroup(new, group.slug.clone())
}

fn edit_group(group: &WantedGroup, known: &Group) -> Option<Step> {
    let change = GroupChange {
        name: (group.name != known.name).then(|| group.name.clone()),
        public: (group.public != known.public).then_some(group.public),
    };
    (change != GroupChange::default()).then(|| Step::EditGroup { slug: group.slug.clone(), change })
}

/// The slug of the group that `site` names by slug or name, in the file or else in what there is.
fn group_meant(
    site: &WantedSite,
    named: &str,
    wanted: &Wanted,
    current: &Current,
) -> Result<String, Invalid> {
    let known: Vec<(&str, &str)> = wanted
        .groups
        .iter()
        .map(|group| (group.slug.as_str(), group.name.as_str()))
        .chain(current.groups.iter().map(|group| (group.slug.as_str(), group.name.as_str())))
        .collect();
    let by_slug = known.iter().find(|(slug, _)| *slug == named);
    match by_slug.or_else(|| known.iter().find(|(_, name)| *name == named)) {
        Some((slug, _)) => Ok((*slug).to_owned()),
        None => {
            let mut slugs: Vec<&str> = known.iter().map(|(slug, _)| *slug).collect();
            slugs.sort_unstable();
            slugs.dedup();
            let slugs = if slugs.is_empty() { "there are none".to_owned() } else { slugs.join(", ") };
            let problem = format!("there is no group {named:?} ({slugs}); add a [[group]] of this name");
            Err(Invalid::new(format!("{} group", site.place), problem))
        }
    }
}

fn site_step(
    site: &WantedSite,
    group: Option<String>,
    known: Option<&Site>,
    current: &Current,
) -> Result<Option<Step>, Invalid> {
    let placed =
        |invalid: Invalid| Invalid::new(format!("{} {}", site.place, invalid.field), invalid.problem);
    let target = site.target.clone().unmasked(known.map(|known| &known.target)).map_err(placed)?;
    let options = site.options.clone();
    let options = options.unmasked(&known.map(|known| known.options.clone()).unwrap_or_default());
    let options = options.map_err(placed)?;
    let Some(known) = known else {
        let (name, public, paused) = (Some(site.name.clone()), site.public, site.paused.unwrap_or(false));
        let slug = Some(site.slug.clone());
        let new = NewSite { slug, name, target, group: None, options, public, paused };
        return Ok(Some(Step::AddSite { site: new, slug: site.slug.clone(), group }));
    };
    let mut keys = Vec::new();
    let mut differs = |key: &'static str, differs: bool| {
        keys.extend(differs.then_some(key));
        differs
    };
    let mut change = SiteChange::default();
    change.name = differs("name", site.name != known.name).then(|| site.name.clone());
    change.target = differs("url", target != known.target).then_some(target);
    let moved = differs("group", group.as_deref() != current.group_slug(known));
    change.public = differs("public", site.public != known.public).then_some(site.public);
    let paused = site.paused.filter(|paused| *paused != known.paused_at.is_some());
    change.paused = paused.filter(|_| differs("paused", true));
    keys.extend(options.differing(&known.options));
    change.options = (options != known.options).then_some(options);
    let slug = site.slug.clone();
    let group = moved.then_some(group);
    Ok((!keys.is_empty()).then_some(Step::EditSite { slug, change, group, keys }))
}

fn edit_channel(channel: &WantedChannel, known: &Channel) -> Option<Step> {
    let stored: Value = serde_json::from_str(&known.settings).unwrap_or_default();
    let stored = stored.as_object().cloned().unwrap_or_default();
    let mut keys: Vec<String> = stored
        .keys()
        .chain(channel.settings.keys())
        .filter(|key| stored.get(*key) != channel.settings.get(*key))
        .cloned()
        .collect();
    keys.extend((channel.kind != known.kind).then(|| "kind".to_owned()));
    keys.extend((channel.enabled != known.enabled).then(|| "enabled".to_owned()));
    keys.sort();
    keys.dedup();
    (!keys.is_empty()).then(|| Step::EditChannel { channel: channel.clone(), keys })
}

impl Step {
    fn take(&self, connection: &mut AnyConnection, now: Instant) -> Result<(), StoreError> {
        match self {
            Step::AddGroup(group, _) => groups::add(connection, group, now).map(drop),
            Step::EditGroup { slug, change } => groups::edit(connection, slug, change).map(drop),
            Step::AddSite { site, slug: _, group } => {
                let group = group.as_deref().map(|slug| groups::by_slug(connection, slug)).transpose()?;
                let site = NewSite { group: group.map(|group| group.id), ..site.clone() };
                sites::add(connection, &site, now).map(drop)
            }
            Step::EditSite { slug, change, group, keys: _ } => {
                let group = match group {
                    None => None,
                    Some(None) => Some(None),
                    Some(Some(slug)) => Some(Some(groups::by_slug(connection, slug)?.id)),
                };
                sites::edit(connection, slug, SiteChange { group, ..change.clone() }, now).map(drop)
            }
            Step::AddChannel(channel) | Step::EditChannel { channel, keys: _ } => {
                let settings = Value::Object(channel.settings.clone()).to_string();
                channels::put(connection, &channel.name, &channel.kind, &settings, channel.enabled, now)
            }
            Step::RemoveSite(slug) => sites::remove(connection, slug, now).map(drop),
            Step::RemoveGroup(slug) => groups::remove(connection, slug, now).map(drop),
            Step::RemoveChannel(name) => channels::remove(connection, name, now),
        }
    }
}

impl fmt::Display for Plan {
    /// One line for each step.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|step| writeln!(f, "{step}"))
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Step::AddGroup(_, slug) => write!(f, "+ group {slug}"),
            Step::EditGroup { slug, change } => {
                let keys =
                    [change.name.is_some().then_some("name"), change.public.is_some().then_some("public")];
                write!(f, "~ group {slug}: {}", keys.into_iter().flatten().collect::<Vec<_>>().join(", "))
            }
            Step::AddSite { slug, .. } => write!(f, "+ site {slug}"),
            Step::EditSite { slug, keys, .. } => write!(f, "~ site {slug}: {}", keys.join(", ")),
            Step::AddChannel(channel) => write!(f, "+ channel {}", channel.name),
            Step::EditChannel { channel, keys } => {
                write!(f, "~ channel {}: {}", channel.name, keys.join(", "))
            }
            Step::RemoveSite(slug) => write!(f, "- site {slug}"),
            Step::RemoveGroup(slug) => write!(f, "- group {slug}"),
            Step::RemoveChannel(name) => write!(f, "- channel {name}"),
        }
    }
}
