//! Where the configuration comes from and what is taken of it.

use std::fs;
use std::time::Duration;

use tempfile::TempDir;

use super::*;
use crate::config::{Database, MailTls, Secret};
use crate::domain::{Method, ScopeRule};

const EXAMPLE: &str = include_str!("../../../../djamon.example.toml");

/// A directory to stand in, with a `djamon.toml` when there is `text` for it.
pub(super) struct Place(TempDir);

impl Place {
    pub fn with(text: &str) -> Self {
        let place = Place::empty();
        fs::write(place.path("djamon.toml"), text).unwrap();
        place
    }

    pub fn empty() -> Self {
        Place(tempfile::tempdir().unwrap())
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn load(&self, explicit: Option<&str>, environment: &[(&str, &str)]) -> Result<Config, ConfigError> {
        let around =
            Surroundings { current_dir: self.0.path().to_owned(), system_file: self.path("etc/djamon.toml") };
        let environment = environment.iter().map(|(name, value)| (name.into(), value.into()));
        load(&around, explicit.map(Path::new), environment.collect::<Vec<_>>())
    }
}

#[test]
fn without_a_file_the_defaults_stand() {
    let place = Place::empty();
    let config = place.load(None, &[]).unwrap();
    let database = Database { url: Secret(format!("sqlite://{}", place.path("djamon.db").display())) };
    assert_eq!(config, Config { database, ..Config::default() });
    assert_eq!(config.state_dir(), Some(place.0.path()));
}

#[test]
fn the_example_file_says_exactly_the_defaults() {
    let place = Place::empty();
    let defaults = place.load(None, &[]).unwrap();
    fs::write(place.path("djamon.toml"), EXAMPLE).unwrap();
    let example = place.load(None, &[]).unwrap();
    assert_eq!(example, Config { file: Some(place.path("djamon.toml")), ..defaults });
}

#[test]
fn the_example_file_names_every_key() {
    for (section, keys) in super::super::keys::SECTIONS {
        let text = EXAMPLE.split_once(&format!("\n[{section}]\n")).unwrap().1;
        let text = text.split("\n[").next().unwrap();
        for key in keys {
            let names = |line: &str| line.trim_start_matches("# ").starts_with(&format!("{key} = "));
            assert!(text.lines().any(names), "[{section}] {key}");
        }
    }
}

#[test]
fn the_file_is_the_named_one_else_the_one_here_else_the_systems() {
    let place = Place::empty();
    let location =
        |explicit, environment: &[(&str, &str)]| place.load(explicit, environment).unwrap().check.location;
    fs::create_dir(place.path("etc")).unwrap();
    for name in ["etc/djamon", "djamon", "variable", "named"] {
        let text = format!("[check]\nlocation = \"{}\"\n", name.replace('/', "-"));
        fs::write(place.path(&format!("{name}.toml")), text).unwrap();
    }
    assert_eq!(location(Some("named.toml"), &[("DJAMON_CONFIG", "variable.toml")]), "named");
    assert_eq!(location(None, &[("DJAMON_CONFIG", "variable.toml")]), "variable");
    assert_eq!(location(None, &[("DJAMON_CONFIG", "")]), "djamon");
    fs::remove_file(place.path("djamon.toml")).unwrap();
    assert_eq!(location(None, &[]), "etc-djamon");
}

#[test]
fn a_named_file_that_is_missing_is_an_error() {
    let missing = |explicit, environment: &[(&str, &str)]| {
        Place::with("").load(explicit, environment).unwrap_err().to_string()
    };
    assert_eq!(
        missing(Some("no.toml"), &[]),
        "cannot read no.toml, named by --config: No such file or directory (os error 2)"
    );
    assert_eq!(
        missing(None, &[("DJAMON_CONFIG", "no.toml")]),
        "cannot read no.toml, named by DJAMON_CONFIG: No such file or directory (os error 2)"
    );
}

#[test]
fn every_key_of_the_file_is_taken() {
    let place = Place::with(
        r#"
[database]
url = "sqlite://var/monitor.db"
[check]
sandbox_urls = []
good_codes = [200, "301-302"]
attempts = 4
recover_after = 1
method = "get"
timeout = "2s 500ms"
follow_redirects = false
concurrency = 7
location = "London_1"
schedule = ["* * * * *"]
outage_scope = "group"
deny_private = true
[history]
keep_views = "7d"
keep_hours = "1y"
time_zone = "Asia/Tokyo"
[email]
from = "Djamon <djamon@example.org>"
to = ["a@example.org", "B <b@example.org>"]
host = "mail.example.org"
port = 465
tls = "implicit"
user = "u"
password = " p "
file_dir = "mail"
[twitter]
enabled = true
consumer_key = "1"
consumer_secret = "2"
oauth_token = "3"
oauth_secret = "4"
api_url = "http://127.0.0.1:9/"
[web]
listen = "[::1]:80"
base_url = "https://example.org/status/"
secret_key = "0123456789abcdef0123456789abcdef"
state_dir = "/var/lib/djamon"
public = false
templates = "./look"
"#,
    );
    let config = place.load(None, &[]).unwrap();
    assert_eq!(config.database.sqlite_path(), Some(place.path("var/monitor.db").as_path()));
    let check = &config.check;
    assert_eq!((check.sandbox_urls.len(), check.sandbox_targets().len()), (0, 0));
    assert_eq!(check.policy.check.good_codes.to_string(), "200,301-302");
    assert_eq!((check.policy.attempts, check.policy.recover_after), (4, 1));
    assert_eq!(check.policy.check.method, Method::Get);
    assert_eq!(check.policy.check.timeout, Duration::from_millis(2500));
    assert!(!check.policy.check.follow_redirects);
    assert!(check.deny_private);
    assert_eq!((check.concurrency, check.location.as_str()), (7, "London_1"));
    assert_eq!(
        (check.schedule.as_slice(), check.outage_scope),
        (&["* * * * *".into()][..], ScopeRule::Group)
    );
    assert_eq!(config.history.keep_views, Duration::from_secs(7 * 86_400));
    assert_eq!(config.history.keep_hours, Duration::from_secs(31_557_600));
    assert_eq!(config.history.time_zone.name(), "Asia/Tokyo");
    let email = config.email;
    assert!(email.is_on());
    assert_eq!((email.from.as_str(), email.to.len()), ("Djamon <djamon@example.org>", 2));
    assert_eq!((email.host.as_str(), email.port, email.tls), ("mail.example.org", 465, MailTls::Implicit));
    assert_eq!((email.user.as_str(), email.password), ("u", Secret(" p ".into())));
    assert_eq!(email.file_dir, Some(place.path("mail")));
    let twitter = config.twitter;
    let secrets = [twitter.consumer_key, twitter.consumer_secret, twitter.oauth_token, twitter.oauth_secret];
    assert_eq!(secrets.map(|secret| secret.0), ["1", "2", "3", "4"]);
    assert_eq!((twitter.enabled, twitter.api_url.as_str()), (true, "http://127.0.0.1:9"));
    let web = config.web;
    assert_eq!((web.listen.as_str(), web.base_url.as_str()), ("[::1]:80", "https://example.org/status"));
    assert_eq!((web.secret_key.0.len(), web.public), (32, false));
    assert_eq!(web.state_dir, Some("/var/lib/djamon".into()));
    assert_eq!(web.templates, Some(place.path("look")));
}

#[test]
fn the_environment_is_laid_over_the_file() {
    let place = Place::with("[check]\nattempts = 9\nlocation = \"file\"\n[email]\nport = 25\n");
    let config = place
        .load(
            None,
            &[
                ("DJAMON_CHECK__ATTEMPTS", "5"),
                ("DJAMON_CHECK__GOOD_CODES", "200-204,301"),
                ("DJAMON_CHECK__TIMEOUT", "3s"),
                ("DJAMON_CHECK__SANDBOX_URLS", "http://192.0.2.1/, http://192.0.2.2/"),
                ("DJAMON_CHECK__SCHEDULE", "*/5 * * * 0,6; * * * * 1-5"),
                ("DJAMON_CHECK__FOLLOW_REDIRECTS", "false"),
                ("DJAMON_EMAIL__TO", "[\"a@example.org\"]"),
                ("DJAMON_EMAIL__PASSWORD", "12345"),
            ],
        )
        .unwrap();
    assert_eq!((config.check.policy.attempts, config.check.location.as_str()), (5, "file"));
    assert_eq!(config.check.policy.check.good_codes.to_string(), "200-204,301");
    assert_eq!(config.check.policy.check.timeout, Duration::from_secs(3));
    assert_eq!(config.check.sandbox_urls, ["http://192.0.2.1/", "http://192.0.2.2/"]);
    assert_eq!(config.check.schedule, ["*/5 * * * 0,6", "* * * * 1-5"]);
    assert!(!config.check.policy.check.follow_redirects);
    assert_eq!((config.email.to, config.email.port), (vec!["a@example.org".to_owned()], 25));
    assert_eq!(config.email.password, Secret("12345".into()));
}

#[test]
fn relative_paths_start_at_the_files_directory() {
    let place = Place::empty();
    fs::create_dir(place.path("etc")).unwrap();
    fs::write(place.path("etc/secret"), "s3cret\n").unwrap();
    fs::write(place.path("etc/here.toml"), "[email]\npassword_file = \"secret\"\n").unwrap();
    let config = place.load(Some("etc/here.toml"), &[("DJAMON_WEB__TEMPLATES", "look")]).unwrap();
    assert_eq!(config.file, Some(place.path("etc/here.toml")));
    assert_eq!(config.database.sqlite_path(), Some(place.path("etc/djamon.db").as_path()));
    assert_eq!(config.web.templates, Some(place.path("etc/look")));
    assert_eq!(config.email.password, Secret("s3cret".into()));
}

#[test]
fn any_secret_can_come_from_a_file() {
    let place = Place::empty();
    let secrets: Vec<_> = super::super::keys::Key::all()
        .filter(|key| key.1.ends_with("_file"))
        .map(|key| key.variable())
        .collect();
    for (n, variable) in secrets.iter().enumerate() {
        let text = if n == 0 { "postgres://db/djamon\r\n".to_owned() } else { format!("{n:032}\n") };
        fs::write(place.path(variable), text).unwrap();
    }
    let environment: Vec<_> = secrets.iter().map(|name| (name.as_str(), name.as_str())).collect();
    let config = place.load(None, &environment).unwrap();
    let (twitter, web) = (config.twitter, config.web);
    assert_eq!(config.database.url, Secret("postgres://db/djamon".into()));
    assert_eq!(config.database.sqlite_path(), None);
    let read = [
        config.alerts.key,
        config.email.password,
        twitter.consumer_key,
        twitter.consumer_secret,
        twitter.oauth_token,
        twitter.oauth_secret,
        web.secret_key,
    ];
    assert_eq!(read.map(|secret| secret.0.parse::<u32>().unwrap()), [1, 2, 3, 4, 5, 6, 7]);
}
