//! The dashboard and its JSON, asked over HTTP: the real application on a database that a scene has filled.

mod answers;
mod channels;
mod cookies;
mod hostile;
mod late;
mod manage;
mod pages;
mod people;
mod proxied;
mod serving;
mod stories;
mod tokens;
mod visitors;

use std::sync::Arc;
use std::time::Duration;

use djamon_core::config::Config;
use djamon_core::domain::{Instant, Outcome};
use djamon_tests::clock::{NOON, SetClock};
use djamon_tests::database::{Backend, TestDatabase};
use djamon_tests::scene::{Scene, failed, good, status};
use djamon_tests::web::Web;

const PAGES: [&str; 5] = ["/", "/outages", "/outages/current", "/healthz", "/nothing-here"];
const OBJECTS: [&str; 5] =
    ["/api/v1/summary", "/api/v1/groups", "/api/v1/sites", "/api/v1/outages", "/api/v1/outages/current"];

fn minutes(count: u64) -> Duration {
    Duration::from_secs(60 * count)
}

fn web(config: &Config, at: Instant) -> (Web, Arc<SetClock>) {
    let clock = Arc::new(SetClock::default());
    clock.set(at);
    (Web::start(config, clock.clone()).unwrap(), clock)
}

/// From noon on: a minute of good looks, three minutes in which the shop fails, and the database with it from the
/// second on. Then it is 12:05, and the outage that the shop opened has been joined.
fn outage(database: &TestDatabase) -> Scene {
    let mut scene = Scene::new(database.connect(), NOON);
    let shops = scene.group("Shops", true);
    scene.site("Shop", Some(&shops));
    scene.site("Blog", Some(&shops));
    scene.site("Database", None);
    scene.minute(|_| good());
    scene.minute(|slug| if slug == "shop" { status(503, "hush: answered 503") } else { good() });
    scene.minutes(3, |slug| match slug {
        "shop" => status(503, "hush: answered 503"),
        "database" => failed(Outcome::Connect),
        _ => good(),
    });
    scene
}

/// The addresses that a page links to.
fn links(body: &str) -> Vec<String> {
    let hrefs = body.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
    hrefs.filter(|href| href.starts_with('/')).map(|href| href.replace("&amp;", "&")).collect()
}

fn filled() -> (TestDatabase, Scene) {
    let database = TestDatabase::migrated(Backend::Sqlite);
    let scene = outage(&database);
    (database, scene)
}
