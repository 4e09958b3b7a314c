//! What has to change so that there is what the file wants; how that is told, and done.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fmt;

use djamon_core::channels::{Author, Settings, Switchboard};
use djamon_core::domain::channel::{ChannelChange, NewChannel};
use djamon_core::domain::group::{GroupChange, NewGroup, called};
use djamon_core::domain::site::{NewSite, SiteChange};
use djamon_core::domain::{Channel, Group, Instant, Invalid, Site};
use djamon_core::store::{AnyConnection, StoreError, channels, groups, sites};

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
    pub fn new(
        wanted: &Wanted,
        current: &Current,
        board: &Switchboard,
        prune: bool,
    ) -> Result<Plan, Invalid> {
        let mut steps = Vec::new();
        for group in &wanted.groups {
            let known = current.groups.iter().find(|known| known.slug == group.slug);
            steps.extend(known.map_or_else(|| Some(add_group(group)), |known| edit_group(group, known)));
        }
        let mut used = Vec::new();
        let known: HashMap<&str, &Site> =
            current.sites.iter().map(|site| (site.slug.as_str(), site)).collect();
        for site in &wanted.sites {
            let group = site.group.as_deref();
            let group =
                group.map(|named| group_meant(&format!("{} group", site.place), named, wanted, current));
            let group = group.transpose()?;
            used.extend(group.clone());
            let known = known.get(site.slug.as_str()).copied();
            steps.extend(site_step(site, group, known, current)?);
        }
        for channel in &wanted.channels {
            let known = current.channels.iter().find(|known| known.name == channel.name);
            let channel = whole_channel(channel, known, wanted, current, board)?;
            used.extend(channel.groups.iter().cloned());
            steps.extend(match known {
                Some(known) => edit_channel(channel, known, current, board),
                None => Some(Step::AddChannel(channel)),
            });
        }
        if prune {
            let kept: HashSet<&str> = wanted.sites.iter().map(|site| site.slug.as_str()).collect();
            let gone = current.sites.iter().filter(|old| !kept.contains(old.slug.as_str()));
            steps.extend(gone.map(|site| Step::RemoveSite(site.slug.clone())));
            let gone =
                current.channels.iter().filter(|old| wanted.channels.iter().all(|new| new.name != old.name));
            steps.extend(gone.map(|channel| Step::RemoveChannel(channel.name.clone())));
            let gone = current.groups.iter().filter(|old| {
                !used.contains(&old.slug) && wanted.groups.iter().all(|new| new.slug != old.slug)
            });
            steps.extend(gone.map(|group| Step::RemoveGroup(group.slug.clone())));
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
    pub fn carry_out(
        &self,
        connection: &mut AnyConnection,
        board: &Switchboard,
        now: Instant,
    ) -> Result<(), StoreError> {
        self.0.iter().try_for_each(|step| step.take(connection, board, now))
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

/// The slug of the group that is `named` by slug or name, in the file or else in what there is.
fn group_meant(place: &str, named: &str, wanted: &Wanted, current: &Current) -> Result<String, Invalid> {
    let wanted = || wanted.groups.iter().map(|group| (group.slug.as_str(), group.name.as_str()));
    let current = || current.groups.iter().map(|group| (group.slug.as_str(), group.name.as_str()));
    let slugs = || wanted().chain(current()).map(|(slug, _)| slug);
    if slugs().any(|slug| slug == named) {
        return Ok(named.to_owned());
    }
    let ambiguous = |problem: String| Invalid::new(place, problem);
    let in_file = called(named, wanted()).map_err(ambiguous)?;
    match in_file.map_or_else(|| called(named, current()), |slug| Ok(Some(slug))).map_err(ambiguous)? {
        Some(slug) => Ok(slug.to_owned()),
        None => {
            let mut slugs: Vec<&str> = slugs().collect();
            slugs.sort_unstable();
            slugs.dedup();
            let slugs = if slugs.is_empty() { "there are none".to_owned() } else { slugs.join(", ") };
            let problem = format!("there is no group {named:?} ({slugs}); add a [[group]] of this name");
            Err(Invalid::new(place, problem))
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
    let moved = differs("group", group.as_deref() != current.group_slug(known));
    let paused = site.paused.filter(|paused| *paused != known.paused_at.is_some());
    let change = SiteChange {
        name: differs("name", site.name != known.name).then(|| site.name.clone()),
        target: differs("url", target != known.target).then_some(target),
        group: None,
        public: differs("public", site.public != known.public).then_some(site.public),
        paused: paused.filter(|_| differs("paused", true)),
        options: (options != known.options).then(|| options.clone()),
    };
    keys.extend(options.differing(&known.options));
    let slug = site.slug.clone();
    let group = moved.then_some(group);
    Ok((!keys.is_empty()).then_some(Step::EditSite { slug, change, group, keys }))
}

/// The channel with slugs for its groups, and its settings as they are compared: paths absolute, masks replaced.
fn whole_channel(
    channel: &WantedChannel,
    known: Option<&Channel>,
    wanted: &Wanted,
    current: &Current,
    board: &Switchboard,
) -> Result<WantedChannel, Invalid> {
    let place = format!("{} groups", channel.place);
    let groups = channel.groups.iter().map(|named| group_meant(&place, named, wanted, current));
    let settings = board.checked(Author::Machine, &channel.kind, &channel.settings, known);
    let settings =
        settings.map_err(|error| Invalid::new(channel.place.as_str(), error.problems.join("; ")))?;
    Ok(WantedChannel { groups: groups.collect::<Result<_, _>>()?, settings, ..channel.clone() })
}

fn edit_channel(
    channel: WantedChannel,
    known: &Channel,
    current: &Current,
    board: &Switchboard,
) -> Option<Step> {
    // Secrets that cannot be opened any more are replaced by those of the file.
    let stored: Settings = board.opened(known).unwrap_or_default();
    let mut keys: Vec<String> = stored
        .keys()
        .chain(channel.settings.keys())
        .filter(|key| stored.get(*key) != channel.settings.get(*key))
        .cloned()
        .collect();
    keys.extend((channel.kind != known.kind).then(|| "kind".to_owned()));
    keys.extend((channel.enabled != known.enabled).then(|| "enabled".to_owned()));
    let told_of = current.groups.iter().filter(|group| known.groups.contains(&group.id));
    let told_of: BTreeSet<&str> = told_of.map(|group| group.slug.as_str()).collect();
    let wanted: BTreeSet<&str> = channel.groups.iter().map(String::as_str).collect();
    keys.extend((wanted != told_of).then(|| "groups".to_owned()));
    keys.sort();
    keys.dedup();
    (!keys.is_empty()).then_some(Step::EditChannel { channel, keys })
}

impl Step {
    fn take(
        &self,
        connection: &mut AnyConnection,
        board: &Switchboard,
        now: Instant,
    ) -> Result<(), StoreError> {
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
            Step::AddChannel(channel) => {
                let new = channel.as_new(connection, board)?;
                channels::add(connection, &new, now).map(drop)
            }
            Step::EditChannel { channel, keys: _ } => {
                let NewChannel { name, kind, settings, enabled, groups } =
                    channel.as_new(connection, board)?;
                let change = ChannelChange {
                    name: None,
                    kind: Some(kind),
                    settings: Some(settings),
                    enabled: Some(enabled),
                    groups: Some(groups),
                };
                channels::edit(connection, &name, &change).map(drop)
            }
            Step::RemoveSite(slug) => sites::remove(connection, slug, now).map(drop),
            Step::RemoveGroup(slug) => groups::remove(connection, slug, now).map(drop),
            Step::RemoveChannel(name) => channels::remove(connection, name, now),
        }
    }
}

impl WantedChannel {
    /// The channel as it is stored, once its groups are there.
    fn as_new(&self, connection: &mut AnyConnection, board: &Switchboard) -> Result<NewChannel, StoreError> {
        let sealed = board.sealed(&self.kind, &self.settings);
        let settings =
            sealed.map_err(|error| Invalid::new(self.place.as_str(), error.problems.join("; ")))?;
        let groups = self.groups.iter().map(|slug| Ok(groups::by_slug(connection, slug)?.id));
        Ok(NewChannel {
            name: self.name.clone(),
            kind: self.kind.clone(),
            settings,
            enabled: self.enabled,
            groups: groups.collect::<Result<_, StoreError>>()?,
        })
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
