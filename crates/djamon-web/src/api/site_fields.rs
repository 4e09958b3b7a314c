//! What a JSON object says of a site: the options of `djamon-check site add`, by the names of `apply` files. Everything
//! that is wrong is told at once.

use djamon_core::config::CheckSection;
use djamon_core::domain::site::{NewSite, SiteChange};
use djamon_core::domain::{GroupId, Site, SiteOptions, Target, text};
use djamon_core::store::{AnyConnection, StoreError, groups, sites};
use serde_json::{Map, Value};

use crate::error::WebError;
use crate::fields::Fields;

/// What there is beside the options.
const KEYS: [&str; 6] = ["url", "name", "slug", "group", "public", "paused"];

/// What an object says of a site.
pub struct SiteFields {
    fields: Fields,
    target: Option<Target>,
    name: Option<Option<String>>,
    slug: Option<String>,
    group: Option<Option<String>>,
    public: Option<bool>,
    paused: Option<bool>,
    given: SiteOptions,
    unset: Vec<&'static str>,
}

/// The names of all fields.
pub fn names() -> Vec<&'static str> {
    KEYS.iter().chain(SiteOptions::NAMES).copied().collect()
}

impl SiteFields {
    /// Reads `object`; null stands for what counts when nothing is said.
    pub fn read(object: Map<String, Value>, check: &CheckSection) -> Self {
        let mut fields = Fields::of(object, &names());
        let target = match fields.take::<String>("url") {
            Some(Some(url)) => {
                let target = Target::parse(&url).and_then(|target| check.allow(&target).map(|()| target));
                fields.check(target)
            }
            Some(None) => {
                fields.wrong("url", "is null, but every site has one");
                None
            }
            None => None,
        };
        let name = match fields.take::<String>("name") {
            Some(Some(name)) => fields.check(text::name(&name)).map(Some),
            other => other,
        };
        let slug = fields.take::<String>("slug").flatten().and_then(|slug| fields.check(text::slug(&slug)));
        let (given, unset) = options(&mut fields);
        SiteFields {
            target,
            name,
            slug,
            group: fields.take("group"),
            public: fields.take("public").map(|public| public.unwrap_or(true)),
            paused: fields.take("paused").map(|paused| paused.unwrap_or(false)),
            given,
            unset,
            fields,
        }
    }

    /// The site to be made.
    ///
    /// # Errors
    /// [`WebError::Invalid`] with everything that is wrong, [`WebError::Database`].
    pub fn into_new(mut self, connection: &mut AnyConnection) -> Result<NewSite, WebError> {
        let group = self.group_id(connection)?.flatten();
        if let Some(slug) = &self.slug {
            match sites::by_slug(connection, slug) {
                Ok(_) => self.fields.wrong("slug", format!("{slug:?} is taken; choose another one")),
                Err(StoreError::Missing { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        let target = self.target.take().and_then(|target| self.fields.check(target.unmasked(None)));
        let options = self.options_over(&SiteOptions::default(), target.as_ref());
        let target = self.needed(target)?;
        Ok(NewSite {
            slug: self.slug,
            name: self.name.flatten(),
            target,
            group,
            options,
            public: self.public.unwrap_or(true),
            paused: self.paused.unwrap_or(false),
        })
    }

    /// What changes of `known`.
    ///
    /// # Errors
    /// [`WebError::Invalid`] with everything that is wrong, [`WebError::Database`].
    pub fn into_change(
        mut self,
        connection: &mut AnyConnection,
        known: &Site,
    ) -> Result<SiteChange, WebError> {
        let group = self.group_id(connection)?;
        if self.slug.as_ref().is_some_and(|slug| *slug != known.slug) {
            self.fields.wrong("slug", "stays as it is: addresses and scripts hold on to it");
        }
        let target = self.target.take().map(|target| target.unmasked(Some(&known.target)));
        let target = target.and_then(|target| self.fields.check(target));
        let options = self.options_over(&known.options, Some(target.as_ref().unwrap_or(&known.target)));
        self.fields.done()?;
        let default_name = || target.as_ref().unwrap_or(&known.target).default_name();
        Ok(SiteChange {
            name: self.name.map(|name| name.unwrap_or_else(default_name)),
            target,
            group,
            options: Some(options),
            public: self.public,
            paused: self.paused,
        })
    }

    /// What is to be looked at, and how: of a site that may never be.
    ///
    /// # Errors
    /// [`WebError::Invalid`] with everything that is wrong.
    pub fn into_target(mut self) -> Result<(Target, SiteOptions), WebError> {
        let target = self.target.take().and_then(|target| self.fields.check(target.unmasked(None)));
        let options = self.options_over(&SiteOptions::default(), target.as_ref());
        Ok((self.needed(target)?, options))
    }

    /// Ends the reading: `target`, when nothing is wrong.
    fn needed(&mut self, target: Option<Target>) -> Result<Target, WebError> {
        let missing = "is missing; write it like https://example.org/";
        if target.is_none() && !self.fields.is_wrong("url") {
            self.fields.wrong("url", missing);
        }
        self.fields.done()?;
        target.ok_or_else(|| WebError::invalid("url", missing))
    }

    /// The group that is named, if one is, or that none is.
    fn group_id(&mut self, connection: &mut AnyConnection) -> Result<Option<Option<GroupId>>, WebError> {
        let Some(Some(name)) = &self.group else { return Ok(self.group.as_ref().map(|_| None)) };
        match groups::meant(connection, name) {
            Ok(group) => Ok(Some(Some(group.id))),
            Err(StoreError::Invalid(invalid)) => {
                self.fields.check::<()>(Err(invalid));
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// `known` with what was given laid over it. How options go together is looked at when each is right by itself.
    fn options_over(&mut self, known: &SiteOptions, target: Option<&Target>) -> SiteOptions {
        let mut options = known.clone();
        for name in &self.unset {
            options.unset(name);
        }
        let Some(given) = self.fields.check(std::mem::take(&mut self.given).unmasked(known)) else {
            return options;
        };
        let options = options.with(given);
        if !SiteOptions::NAMES.iter().any(|name| self.fields.is_wrong(name)) {
            self.fields.check(options.check_together());
            self.fields.check(target.map_or(Ok(()), |target| options.check_for(target)));
        }
        options
    }
}

/// The options that are given, and the names of those that are null.
fn options(fields: &mut Fields) -> (SiteOptions, Vec<&'static str>) {
    let (mut given, mut unset) = (SiteOptions::default(), Vec::new());
    for name in SiteOptions::NAMES.iter().copied() {
        let one = match fields.take_raw(name) {
            None => continue,
            Some(Value::Null) => {
                unset.push(name);
                continue;
            }
            Some(value) => SiteOptions::one::<serde_json::Error>(name, value),
        };
        let mut one = match one {
            Ok(one) => one,
            Err(error) => {
                fields.wrong(name, error.to_string());
                continue;
            }
        };
        if one.files_mut().any(|(_, file)| !file.is_empty() && !file.starts_with('/')) {
            fields.wrong(name, "is not the whole path of a file; begin it with /");
        } else if fields.check(one.check_each()).is_some() {
            given = given.with(one);
        }
    }
    (given, unset)
}
