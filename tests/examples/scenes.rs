//! Fills a directory with one SQLite database per scene that the pages have to look good in, each beside a `djamon.toml`:
//!
//! ```text
//! cargo run -p djamon-tests --example scenes -- DIRECTORY
//! djamon-web --config DIRECTORY/outage/djamon.toml
//! ```

use std::path::Path;
use std::time::Duration;

use djamon_core::clock::{Clock, SystemClock};
use djamon_core::domain::site::SiteChange;
use djamon_core::domain::{Instant, Outcome};
use djamon_core::store::DatabaseUrl;
use djamon_core::store::backend::migrate::open_or_create;
use djamon_tests::scene::{Scene, Seen, failed, good, slow, status};

const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(86_400);

/// Groups and sites of a middling company.
const SITES: [(&str, &[&str]); 4] = [
    ("Shop", &["Storefront", "Checkout", "Customer accounts and order history", "Search"]),
    ("Payments", &["Card payments", "Invoices", "Payouts"]),
    ("Inside", &["Wiki", "Mail relay", "Build server", "Artefact store"]),
    ("", &["Company site", "Press room"]),
];

const UGLY: [&str; 10] = [
    "<script>alert('name')</script>",
    "\"><img src=x onerror=alert(1)>",
    "An unreasonably long name that goes on and on, because somebody pasted the whole first sentence of the manual here",
    "Averylongnamewithoutanyspaceinitwhichcannotbebrokenanywhereexceptinthemiddleofaword",
    "مراقبة الخادم الرئيسي",
    "監視サーバー・東京リージョン・予備系",
    "🦀 Ferris & Söhne – «Größe»",
    "{{ 7 * 7 }}{% raw %}",
    "' OR 1=1; --",
    "\u{202e}gnitnirp desrever",
];

fn main() {
    let directory = std::env::args().nth(1).expect("a directory");
    let directory = Path::new(&directory);
    let now = SystemClock::start().now();
    scene(directory, "empty", now, |_| {});
    scene(directory, "up", now, |scene| past(scene, now));
    scene(directory, "outage", now, |scene| {
        past(scene, now.minus(Duration::from_secs(900)));
        outage(scene);
    });
    scene(directory, "blind", now, |scene| {
        past(scene, now.minus(Duration::from_secs(240)));
        (0..4).for_each(|_| scene.blind_minute());
    });
    scene(directory, "stale", now, |scene| past(scene, now.minus(HOUR * 2)));
    scene(directory, "thousand", now, |scene| thousand(scene, now));
    scene(directory, "ugly", now, |scene| {
        scene.now = now.minus(HOUR);
        let group = scene
            .group("A group <b>whose</b> name is as ugly as those of its systems & a good deal longer", true);
        for name in UGLY {
            scene.site(name, Some(&group));
        }
        scene.minutes(55, |_| good());
        scene.minutes(
            5,
            |slug| if slug.len() % 2 == 0 { status(500, "<script>detail</script>") } else { good() },
        );
    });
}

fn scene(directory: &Path, name: &str, now: Instant, fill: impl FnOnce(&mut Scene)) {
    let place = directory.join(name);
    std::fs::create_dir_all(&place).expect("a directory for the scene");
    let file = place.join("djamon.db");
    for ending in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(place.join(format!("djamon.db{ending}")));
    }
    let url = format!("sqlite://{}", file.display());
    let configuration = format!(
        "[database]\nurl = {url:?}\n[check]\nsandbox_urls = []\nschedule = [\"* * * * *\"]\n\
         [history]\ntime_zone = \"UTC\"\n"
    );
    std::fs::write(place.join("djamon.toml"), configuration).expect("djamon.toml");
    let connection = open_or_create(&DatabaseUrl::parse(&url).expect("an address")).expect("a database");
    fill(&mut Scene::new(connection, now));
}

/// How long a site takes: slower by day, each in its own way, with some that are much slower.
fn took(slug: &str, at: Instant) -> u32 {
    let own = u32::try_from(slug.bytes().map(usize::from).sum::<usize>() % 90).unwrap_or(0);
    let minutes = at.ms() / 60_000;
    let hour = u32::try_from(minutes / 60 % 24).unwrap_or(0);
    let by_day = if (8..18).contains(&hour) { (hour - 7) * 4 } else { 0 };
    let noise = u32::try_from((minutes * 7919 + i64::from(own) * 104_729) % 41).unwrap_or(0);
    30 + own + by_day + noise + if noise == 40 { 380 } else { 0 }
}

/// Thirty days in hours and three hours in minutes, up to `until`, with two outages and a night without a line.
fn past(scene: &mut Scene, until: Instant) {
    for (name, sites) in SITES {
        let group = (!name.is_empty()).then(|| scene.group(name, true));
        for site in sites {
            scene.site(site, group.as_ref());
        }
    }
    scene.now = until.minus(DAY * 30);
    scene.pace = HOUR;
    let mut hour = 0;
    while scene.now < until.minus(HOUR * 3) {
        let at = scene.now;
        match hour {
            300..306 => scene.blind_minute(),
            _ => drop(scene.minute(|slug| match (hour, slug) {
                (150..155, "checkout" | "card-payments") => status(503, "answered 503 Service Unavailable"),
                (600..604, "wiki") => failed(Outcome::Connect),
                (hour, "invoices") if hour % 11 == 0 => failed(Outcome::Timeout),
                _ => good().after(took(slug, at)),
            })),
        }
        hour += 1;
    }
    scene.pace = Duration::from_secs(60);
    let pause = SiteChange { paused: Some(true), ..SiteChange::default() };
    while scene.now < until {
        let at = scene.now;
        let minute = at.ms() / 60_000;
        scene.minute(|slug| match slug {
            "search" if minute % 17 == 0 => slow().after(1900),
            "build-server" if minute % 23 == 0 => failed(Outcome::Protocol),
            _ => good().after(took(slug, at)),
        });
    }
    scene.edit("press-room", pause);
}

/// A quarter of an hour: the checkout goes first, two more with it, and one only begins to fail.
fn outage(scene: &mut Scene) {
    for minute in 0..15 {
        let at = scene.now;
        scene.minute(|slug| match slug {
            "checkout" => status(503, "answered 503 Service Unavailable"),
            "card-payments" if minute > 4 => failed(Outcome::Timeout),
            "mail-relay" if minute > 6 => failed(Outcome::Tls),
            "wiki" if minute > 13 => failed(Outcome::Connect),
            _ => good().after(took(slug, at)),
        });
    }
}

/// A thousand sites in forty groups, an hour of minutes.
fn thousand(scene: &mut Scene, now: Instant) {
    scene.now = now.minus(HOUR);
    let places = ["Berlin", "Porto", "Gdańsk", "Oslo", "Turin", "Lyon", "Graz", "Cork"];
    let kinds = ["web", "api", "mail", "login", "search", "images", "billing", "docs", "chat", "backup"];
    for n in 0..40 {
        let group = scene.group(&format!("{} {}", places[n % 8], n / 8 + 1), true);
        for m in 0..25 {
            scene.site(&format!("{} {} {:02}", places[n % 8], kinds[m % 10], n * 3 + m), Some(&group));
        }
    }
    while scene.now < now {
        let at = scene.now;
        let minute = at.ms() / 60_000;
        let see = |slug: &str| -> Seen {
            let hash = slug.bytes().fold(7_i64, |hash, byte| hash * 31 % 65_521 + i64::from(byte));
            match hash % 250 {
                0 if at > now.minus(Duration::from_secs(600)) => status(502, "answered 502 Bad Gateway"),
                1 if at > now.minus(Duration::from_secs(100)) => failed(Outcome::Timeout),
                2..40 if (minute + hash) % 29 == 0 => failed(Outcome::Timeout),
                40..60 if (minute + hash) % 5 == 0 => slow().after(2100),
                _ => good().after(took(slug, at)),
            }
        };
        scene.minute(see);
    }
}
