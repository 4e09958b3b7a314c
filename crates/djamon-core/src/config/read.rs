//! Section by section: which kind of value each key takes, which values cannot be, and which do not go together.

use std::net::SocketAddr;
use std::time::Duration;

use url::Url;

use super::given::Value;
use super::keys::Key;
use super::reader::{Reader, flag, good_codes, one_of, span, text, texts, whole};
use super::{Alerts, CheckSection, Database, Email, History, MailTls, Secret, Twitter, Web};
use crate::domain::reminder::Reminders;
use crate::domain::{Method, ScopeRule, SiteOptions, Target};
use crate::schedule::Schedule;

const DAY: Duration = Duration::from_secs(86_400);
const HUNDRED_YEARS: Duration = Duration::from_secs(100 * 31_557_600);

pub(super) fn database(reader: &mut Reader) -> Database {
    const URL: Key = Key("database", "url");
    let Secret(url) = reader.secret(URL, Database::default().url);
    let url = url.trim();
    let url = match url.split_once("://") {
        Some(("sqlite", "")) => {
            reader.wrong(URL, "names no file; write it like sqlite://djamon.db");
            url.to_owned()
        }
        Some(("sqlite", ":memory:")) => {
            reader.wrong(URL, "a database in memory forgets each run; write it like sqlite://djamon.db");
            url.to_owned()
        }
        Some(("sqlite", path)) => format!("sqlite://{}", reader.absolute(path).display()),
        Some(("postgres" | "postgresql", _)) => url.to_owned(),
        // Neither the rest of it nor anything without a scheme is shown: it may have a password.
        Some((scheme, _)) if scheme.bytes().all(|byte| byte.is_ascii_alphanumeric()) => {
            reader.wrong(
                URL,
                format_args!("cannot use {scheme}://; use sqlite://PATH or postgres://USER@HOST/NAME"),
            );
            url.to_owned()
        }
        _ => {
            reader.wrong(URL, "is no database URL; use sqlite://PATH or postgres://USER@HOST/NAME");
            url.to_owned()
        }
    };
    Database { url: Secret(url) }
}

pub(super) fn check(reader: &mut Reader) -> CheckSection {
    let key = |name| Key("check", name);
    let CheckSection {
        sandbox_urls,
        mut policy,
        concurrency,
        location,
        schedule,
        outage_scope,
        deny_private,
    } = CheckSection::default();
    policy.check.good_codes = reader.take(key("good_codes"), policy.check.good_codes, good_codes);
    policy.attempts = reader.take(key("attempts"), policy.attempts, |value| whole(value, 1..=1000));
    policy.recover_after =
        reader.take(key("recover_after"), policy.recover_after, |value| whole(value, 1..=1000));
    let methods = [("head", Method::Head), ("get", Method::Get)];
    policy.check.method = reader.take(key("method"), policy.check.method, |value| one_of(value, &methods));
    let timeouts = Duration::from_millis(100)..=SiteOptions::LONGEST_TIMEOUT;
    policy.check.timeout = reader.take(key("timeout"), policy.check.timeout, |value| span(value, timeouts));
    policy.check.follow_redirects = reader.take(key("follow_redirects"), policy.check.follow_redirects, flag);
    let scopes = [("all", ScopeRule::All), ("group", ScopeRule::Group)];
    let section = CheckSection {
        sandbox_urls: reader.take(key("sandbox_urls"), sandbox_urls, |value| {
            let urls = texts(value, ',')?;
            urls.iter().try_for_each(|url| Target::parse(url).map(drop)).map_err(|wrong| wrong.problem)?;
            Ok(urls)
        }),
        policy,
        concurrency: reader.take(key("concurrency"), concurrency, |value| {
            whole(value, 0u32..=10_000).map(|count| usize::try_from(count).unwrap_or_default())
        }),
        location: reader.take(key("location"), location, |value| {
            text(value).and_then(|name| match is_location(&name) {
                true => Ok(name),
                false => Err(format!(
                    "{name:?} cannot be a location; use 1 to 40 of the characters A-Z a-z 0-9 _ -"
                )),
            })
        }),
        schedule: reader.take(key("schedule"), schedule, |value| {
            // Cron's lines have commas in them.
            let lines = texts(value, ';')?;
            Schedule::parse(&lines).map(|_| lines)
        }),
        outage_scope: reader.take(key("outage_scope"), outage_scope, |value| one_of(value, &scopes)),
        deny_private: reader.take(key("deny_private"), deny_private, flag),
    };
    // Every run would be blind.
    if let Some(wrong) = section.sandbox_targets().iter().find_map(|target| section.allow(target).err()) {
        reader.wrong(key("sandbox_urls"), wrong.problem);
    }
    section
}

/// Whether `name` may be the name of a place.
pub fn is_location(name: &str) -> bool {
    (1..=40).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

pub(super) fn history(reader: &mut Reader) -> History {
    let key = |name| Key("history", name);
    let default = History::default();
    let keep = |value: &Value| span(value, DAY..=HUNDRED_YEARS);
    History {
        keep_views: reader.take(key("keep_views"), default.keep_views, keep),
        keep_hours: reader.take(key("keep_hours"), default.keep_hours, keep),
        time_zone: reader.take(key("time_zone"), default.time_zone.clone(), |value| {
            match text(value)?.as_str() {
                "" => Ok(default.time_zone.clone()),
                name => name.parse(),
            }
        }),
    }
}

pub(super) fn alerts(reader: &mut Reader) -> Alerts {
    let reminders = reader.take(Key("alerts", "reminders"), Alerts::default().reminders, |value| {
        Reminders::parse(&texts(value, ',')?)
    });
    Alerts { reminders, key: long_secret(reader, Key("alerts", "key")) }
}

pub(super) fn email(reader: &mut Reader) -> Email {
    let key = |name| Key("email", name);
    let default = Email::default();
    let modes = [("starttls", MailTls::StartTls), ("implicit", MailTls::Implicit), ("none", MailTls::None)];
    let email = Email {
        from: reader.take(key("from"), default.from, |value| match text(value)? {
            from if from.is_empty() => Ok(from),
            from => mailbox(from),
        }),
        to: reader.take(key("to"), default.to, |value| texts(value, ',')?.into_iter().map(mailbox).collect()),
        host: reader.take(key("host"), default.host, text),
        port: reader.take(key("port"), default.port, |value| whole(value, 1..=65_535)),
        tls: reader.take(key("tls"), default.tls, |value| one_of(value, &modes)),
        user: reader.take(key("user"), default.user, text),
        password: reader.secret(key("password"), default.password),
        file_dir: reader.path(key("file_dir")),
    };
    if email.is_on() && email.to.is_empty() {
        reader.wrong(key("from"), "a sender is given, but nobody to send to; fill [email] to, or empty from");
    }
    if email.is_on() && email.file_dir.is_none() {
        if email.host.is_empty() {
            reader.wrong(
                key("host"),
                "is empty; name the mail server, or set file_dir to write mails into files",
            );
        }
        if email.tls == MailTls::None && !email.password.0.is_empty() {
            reader.wrong(
                key("tls"),
                "\"none\" never sends a password; use \"starttls\" or \"implicit\", or empty password",
            );
        }
    }
    email
}

/// `text` when it is an e-mail address, alone or as `Name <address>`.
fn mailbox(text: String) -> Result<String, String> {
    match text.parse::<lettre::message::Mailbox>() {
        Ok(_) => Ok(text),
        Err(_) => Err(format!("{text:?} is not an e-mail address; write it like \"ops@example.org\"")),
    }
}

pub(super) fn twitter(reader: &mut Reader) -> Twitter {
    let key = |name| Key("twitter", name);
    let default = Twitter::default();
    let twitter = Twitter {
        enabled: reader.take(key("enabled"), default.enabled, flag),
        consumer_key: reader.secret(key("consumer_key"), default.consumer_key),
        consumer_secret: reader.secret(key("consumer_secret"), default.consumer_secret),
        oauth_token: reader.secret(key("oauth_token"), default.oauth_token),
        oauth_secret: reader.secret(key("oauth_secret"), default.oauth_secret),
        api_url: reader.take(key("api_url"), default.api_url, |value| address(&text(value)?)),
        include_url: reader.take(key("include_url"), default.include_url, flag),
    };
    let needed = [
        ("consumer_key", &twitter.consumer_key),
        ("consumer_secret", &twitter.consumer_secret),
        ("oauth_token", &twitter.oauth_token),
        ("oauth_secret", &twitter.oauth_secret),
    ];
    let missing: Vec<&str> =
        needed.iter().filter(|(_, secret)| secret.0.is_empty()).map(|(name, _)| *name).collect();
    if twitter.enabled && !missing.is_empty() {
        reader.wrong(key("enabled"), format_args!("is true, but {} is empty", missing.join(", ")));
    }
    twitter
}

/// A secret that is made by itself when it is empty, and is not to be guessed otherwise.
fn long_secret(reader: &mut Reader, key: Key) -> Secret {
    let secret = reader.secret(key, Secret::default());
    if (1..32).contains(&secret.0.len()) {
        reader.wrong(key, "is shorter than 32 characters; empty it and one is made and kept in state_dir");
    }
    secret
}

pub(super) fn web(reader: &mut Reader) -> Web {
    let key = |name| Key("web", name);
    let default = Web::default();
    let secret_key = long_secret(reader, key("secret_key"));
    let session = |value: &Value| span(value, Duration::from_secs(60)..=366 * DAY);
    Web {
        listen: reader.take(key("listen"), default.listen, |value| listen(text(value)?)),
        base_url: reader.take(key("base_url"), default.base_url, |value| address(&text(value)?)),
        secret_key,
        state_dir: reader.path(key("state_dir")),
        public: reader.take(key("public"), default.public, flag),
        session_idle: reader.take(key("session_idle"), default.session_idle, session),
        session_max: reader.take(key("session_max"), default.session_max, session),
        templates: reader.path(key("templates")),
        trusted_proxies: reader.take(key("trusted_proxies"), default.trusted_proxies, |value| {
            texts(value, ',')?.iter().map(|text| text.parse()).collect()
        }),
        cors_origins: reader.take(key("cors_origins"), default.cors_origins, |value| {
            texts(value, ',')?.iter().map(|text| origin(text)).collect()
        }),
    }
}

/// `text` when it is an address and a port to listen on.
fn listen(text: String) -> Result<String, String> {
    let is_local = text.strip_prefix("localhost:").is_some_and(|port| port.parse::<u16>().is_ok());
    if is_local || text.parse::<SocketAddr>().is_ok() {
        return Ok(text);
    }
    Err(format!("{text:?} is not an address and port; write it like \"127.0.0.1:8000\" or \"[::1]:8000\""))
}

/// `text` without the slash at its end, when links can be made by adding a path to it.
/// What a browser says of the site whose page asks: scheme, host and port, and nothing else.
fn origin(text: &str) -> Result<String, String> {
    let own = address(text).ok().and_then(|address| Url::parse(&address).ok());
    let own = own.map(|url| url.origin().ascii_serialization()).filter(|own| own == text);
    own.ok_or_else(|| format!("{text:?} is not an origin; write it like \"https://wall.example.org\""))
}

pub(super) fn address(text: &str) -> Result<String, String> {
    let example = "write it like \"https://status.example.org\"";
    let url = Url::parse(text).map_err(|error| format!("{text:?} is not a URL: {error}; {example}"))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(format!("must have no user name and password; {example}"));
    }
    if !matches!(url.scheme(), "http" | "https") {
        return Err(format!("{text:?} is neither http: nor https:; {example}"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(format!("{text:?} has a ? or #; {example}"));
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}
