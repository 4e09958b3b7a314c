//! Sites: made, changed and softly removed by commands and pages. Their history stays.

use std::collections::HashMap;

use diesel::prelude::*;

use super::rows::{SiteRow, ms};
use super::schema::sites;
use super::{AnyConnection, StoreError};
use crate::domain::instant::millis;
use crate::domain::site::{NewSite, SiteChange};
use crate::domain::{Instant, Invalid, Site, SiteId, text};

/// Every site that is not removed, by name.
pub fn all(connection: &mut AnyConnection) -> Result<Vec<Site>, StoreError> {
    let rows = sites::table.filter(sites::removed_at.is_null()).select(SiteRow::as_select());
    let rows = rows.load(connection)?.into_iter();
    let mut sites = rows.map(Site::try_from).collect::<Result<Vec<_>, _>>()?;
    sites.sort_by_cached_key(|site| (site.name.to_lowercase(), site.id));
    Ok(sites)
}

/// The site of this slug.
///
/// # Errors
/// [`StoreError::Missing`].
pub fn by_slug(connection: &mut AnyConnection, slug: &str) -> Result<Site, StoreError> {
    sites::table
        .filter(sites::removed_at.is_null().and(sites::slug.eq(slug)))
        .select(SiteRow::as_select())
        .first(connection)
        .optional()?
        .ok_or_else(|| StoreError::missing("site", slug))?
        .try_into()
}

/// The slug of every site by its number, also of removed ones.
///
/// # Errors
/// What the database says.
pub fn slugs(connection: &mut AnyConnection) -> Result<HashMap<SiteId, String>, StoreError> {
    let rows = sites::table.select((sites::id, sites::slug)).load::<(i32, String)>(connection)?;
    Ok(rows.into_iter().map(|(id, slug)| (SiteId(id), slug)).collect())
}

/// Makes a site; its slug is made unique. To be called within [`super::write`].
///
/// # Errors
/// [`StoreError::Invalid`], naming the field.
pub fn add(connection: &mut AnyConnection, new: &NewSite, now: Instant) -> Result<Site, StoreError> {
    let name = text::name(&new.name.clone().unwrap_or_else(|| new.target.default_name()))?;
    let slug = match &new.slug {
        // One is asked for: ten thousand sites of a file are added one by one.
        Some(wanted) => free_slug(Some(wanted), &name, "site", &taken(connection, Some(wanted))?)?,
        None => free_slug(None, &name, "site", &taken(connection, None)?)?,
    };
    new.options.check()?;
    new.options.check_for(&new.target)?;
    let mut site = Site {
        id: SiteId(0),
        slug,
        name,
        target: new.target.clone(),
        group: new.group,
        options: new.options.clone(),
        public: new.public,
        version: 1,
        created_at: now,
        edited_at: now,
        paused_at: new.paused.then_some(now),
        removed_at: None,
    };
    let id: i32 = diesel::insert_into(sites::table)
        .values((columns(&site)?, sites::slug.eq(&site.slug), sites::created_at.eq(now.ms())))
        .returning(sites::id)
        .get_result(connection)?;
    site.id = SiteId(id);
    Ok(site)
}

/// The slugs that are taken; of one, whether it is.
fn taken(connection: &mut AnyConnection, slug: Option<&str>) -> Result<Vec<String>, StoreError> {
    let mut query = sites::table.filter(sites::removed_at.is_null()).select(sites::slug).into_boxed();
    if let Some(slug) = slug {
        query = query.filter(sites::slug.eq(slug));
    }
    Ok(query.load(connection)?)
}

/// Changes a site. To be called within [`super::write`]. Gives the site before and after.
///
/// # Errors
/// [`StoreError::Missing`], [`StoreError::Invalid`].
pub fn edit(
    connection: &mut AnyConnection,
    slug: &str,
    change: SiteChange,
    now: Instant,
) -> Result<(Site, Site), StoreError> {
    let before = by_slug(connection, slug)?;
    let mut after = before.changed(change, now);
    after.name = text::name(&after.name)?;
    after.options.check()?;
    after.options.check_for(&after.target)?;
    if after != before {
        put(connection, &after)?;
    }
    Ok((before, after))
}

/// Removes a site softly: history keeps its name. To be called within [`super::write`].
///
/// # Errors
/// [`StoreError::Missing`].
pub fn remove(connection: &mut AnyConnection, slug: &str, now: Instant) -> Result<Site, StoreError> {
    let mut site = by_slug(connection, slug)?;
    site.removed_at = Some(now);
    site.version += 1;
    put(connection, &site)?;
    Ok(site)
}

fn put(connection: &mut AnyConnection, site: &Site) -> Result<(), StoreError> {
    diesel::update(sites::table.filter(sites::id.eq(site.id.0))).set(columns(site)?).execute(connection)?;
    Ok(())
}

/// What may change of a site, as columns.
#[derive(Insertable, AsChangeset)]
#[diesel(table_name = sites, treat_none_as_null = true)]
struct Columns {
    name: String,
    url: String,
    auth_user: Option<String>,
    auth_password: Option<String>,
    group_id: Option<i32>,
    interval_ms: Option<i64>,
    options: String,
    public: bool,
    version: i32,
    edited_at: i64,
    paused_at: Option<i64>,
    removed_at: Option<i64>,
}

fn columns(site: &Site) -> Result<Columns, StoreError> {
    let credentials = site.target.credentials.clone();
    let (auth_user, auth_password) = credentials.map(|c| (c.user, c.password)).unzip();
    Ok(Columns {
        name: site.name.clone(),
        url: site.target.url.to_string(),
        auth_user,
        auth_password,
        group_id: site.group.map(|group| group.0),
        interval_ms: site.options.interval.map(|interval| millis(interval.0)),
        options: serde_json::to_string(&site.options).map_err(StoreError::unreadable)?,
        public: site.public,
        version: site.version,
        edited_at: site.edited_at.ms(),
        paused_at: ms(site.paused_at),
        removed_at: ms(site.removed_at),
    })
}

/// The slug that is `wanted`, which must be free and well formed, or else one made from `name`.
pub(super) fn free_slug(
    wanted: Option<&str>,
    name: &str,
    fallback: &str,
    taken: &[String],
) -> Result<String, Invalid> {
    let is_taken = |slug: &str| taken.iter().any(|other| other == slug);
    match wanted {
        None => Ok(text::unique_slugify(name, fallback, is_taken)),
        Some(wanted) => match text::slug(wanted)? {
            slug if is_taken(&slug) => {
                Err(Invalid::new("slug", format!("{slug:?} is taken; choose another one")))
            }
            slug => Ok(slug),
        },
    }
}
