//! Kind by kind: the settings made of the values, and which values cannot be.

use std::time::Duration;

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::values::Values;
use super::{
    Alertmanager, Apprise, AppriseTargets, ChannelSettings, Discord, Kind, Mastodon, Matrix, Ntfy, PagerDuty,
    Severity, SignIn, SigningKey, Slack, Teams, Telegram, Visibility, Webhook,
};
use crate::config::given::Value;
use crate::config::reader;
use crate::config::{Secret, Twitter, read};

const MINUTE: Duration = Duration::from_secs(60);
const YEAR: Duration = Duration::from_secs(31_557_600);

/// What `settings` of this kind say.
///
/// # Errors
/// The first thing that is wrong, beginning with its key.
pub(super) fn settings(kind: Kind, values: Values) -> Result<ChannelSettings, String> {
    Ok(match kind {
        Kind::Email => ChannelSettings::Email(values.section(kind, read::email)?),
        Kind::Twitter => {
            let twitter = values.section(kind, read::twitter)?;
            ChannelSettings::Twitter(Twitter { enabled: true, ..twitter })
        }
        Kind::Webhook => ChannelSettings::Webhook(webhook(&values)?),
        Kind::Slack => ChannelSettings::Slack(Slack { url: values.secret_address(true)? }),
        Kind::Discord => ChannelSettings::Discord(Discord {
            url: values.secret_address(true)?,
            thread_id: values.text("thread_id", digits)?,
            username: values.text("username", |name| at_most(80, name))?,
        }),
        Kind::Telegram => ChannelSettings::Telegram(telegram(&values)?),
        Kind::Teams => ChannelSettings::Teams(Teams { url: values.secret_address(true)? }),
        Kind::Ntfy => ChannelSettings::Ntfy(ntfy(&values)?),
        Kind::PagerDuty => ChannelSettings::PagerDuty(pagerduty(&values)?),
        Kind::Matrix => ChannelSettings::Matrix(matrix(&values)?),
        Kind::Mastodon => ChannelSettings::Mastodon(mastodon(&values)?),
        Kind::Alertmanager => ChannelSettings::Alertmanager(alertmanager(&values)?),
        Kind::Apprise => ChannelSettings::Apprise(apprise(&values)?),
    })
}

fn webhook(values: &Values) -> Result<Webhook, String> {
    let sign_in = values.sign_in()?;
    Ok(Webhook {
        url: values.secret_address(!matches!(sign_in, SignIn::Nobody))?,
        secret: values.take("secret", |value| signing_key(&reader::text(value)?))?,
        sign_in,
    })
}

fn telegram(values: &Values) -> Result<Telegram, String> {
    Ok(Telegram {
        api_url: values.address("api_url", true)?,
        // It stands in the address that is asked.
        token: Secret(values.needed_secret("token", |token| {
            let is_token = token.bytes().all(|byte| byte.is_ascii_alphanumeric() || b":_-".contains(&byte));
            is_token.then_some(()).ok_or("is not a bot's token; copy it from @BotFather, like 123456:ABC-DEF")
        })?),
        chat_id: values.needed("chat_id", chat)?,
        thread_id: values.take("thread_id", |value| reader::whole(value, 1..=i64::MAX))?,
        silent: values.needed("silent", reader::flag)?,
    })
}

fn ntfy(values: &Values) -> Result<Ntfy, String> {
    let sign_in = values.sign_in()?;
    Ok(Ntfy {
        url: values.address("url", !matches!(sign_in, SignIn::Nobody))?,
        topic: Secret(values.needed_secret("topic", |topic| {
            let is_topic = (1..=64).contains(&topic.len())
                && topic.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
            is_topic.then_some(()).ok_or("is not a topic; use 1 to 64 of the characters A-Z a-z 0-9 _ -")
        })?),
        sign_in,
        priority: values.needed("priority", |value| reader::whole(value, 1..=5))?,
    })
}

fn pagerduty(values: &Values) -> Result<PagerDuty, String> {
    let severities = [
        ("critical", Severity::Critical),
        ("error", Severity::Error),
        ("warning", Severity::Warning),
        ("info", Severity::Info),
    ];
    Ok(PagerDuty {
        api_url: values.address("api_url", true)?,
        routing_key: Secret(values.needed_secret("routing_key", |key| {
            let is_key = key.len() == 32 && key.bytes().all(|byte| byte.is_ascii_alphanumeric());
            is_key.then_some(()).ok_or("is not an integration key; it has 32 letters and figures")
        })?),
        severity: values.needed("severity", |value| reader::one_of(value, &severities))?,
    })
}

fn matrix(values: &Values) -> Result<Matrix, String> {
    Ok(Matrix {
        url: values.address("url", true)?,
        room: values.needed("room", |value| {
            let room = reader::text(value)?;
            match room.strip_prefix('!').filter(|rest| !rest.is_empty() && room.len() <= 255) {
                Some(_) => Ok(room),
                None => Err(format!(
                    "{room:?} is not a room's internal ID; it begins with ! and stands in the room's settings under Advanced"
                )),
            }
        })?,
        token: Secret(values.needed_secret("token", |_| Ok(()))?),
    })
}

fn mastodon(values: &Values) -> Result<Mastodon, String> {
    let visibilities = [
        ("public", Visibility::Public),
        ("unlisted", Visibility::Unlisted),
        ("private", Visibility::Private),
        ("direct", Visibility::Direct),
    ];
    Ok(Mastodon {
        url: values.address("url", true)?,
        token: Secret(values.needed_secret("token", |_| Ok(()))?),
        visibility: values.needed("visibility", |value| reader::one_of(value, &visibilities))?,
    })
}

fn alertmanager(values: &Values) -> Result<Alertmanager, String> {
    let sign_in = values.sign_in()?;
    Ok(Alertmanager {
        url: values.address("url", !matches!(sign_in, SignIn::Nobody))?,
        labels: values.take("labels", labels)?.unwrap_or_default(),
        hold: values.needed("hold", |value| reader::span(value, 5 * MINUTE..=YEAR))?,
        sign_in,
    })
}

fn apprise(values: &Values) -> Result<Apprise, String> {
    let tag = values.text("tag", |tag| at_most(100, tag))?.unwrap_or_default();
    let (urls, key) = (values.secret("urls")?, values.secret("key")?);
    let whom = match (urls, key) {
        (Some(_), Some(_)) => {
            return Err(format!("{}: urls are given too; keep one of them", values.place("key")));
        }
        (None, None) => {
            return Err("urls: is missing; say whom to tell by urls, or by the key of a configuration that Apprise keeps".to_owned());
        }
        (Some(_), None) if !tag.is_empty() => {
            return Err("tag: chooses from a configuration that Apprise keeps; give its key instead of urls"
                .to_owned());
        }
        (Some(urls), None) => AppriseTargets::Urls(Secret(urls)),
        (None, Some(key)) => {
            let is_key = key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
            if !is_key || key.len() > 128 {
                let place = values.place("key");
                return Err(format!(
                    "{place}: is not a configuration's name; use the characters A-Z a-z 0-9 _ -"
                ));
            }
            AppriseTargets::Kept { key: Secret(key), tag }
        }
    };
    Ok(Apprise { url: values.address("url", true)?, whom })
}

fn digits(text: &str) -> Result<(), String> {
    match text.bytes().all(|byte| byte.is_ascii_digit()) {
        true => Ok(()),
        false => Err(format!("{text:?} is not a number")),
    }
}

fn at_most(most: usize, text: &str) -> Result<(), String> {
    match text.chars().count() {
        count if count > most => Err(format!("has {count} characters; {most} are the most")),
        _ => Ok(()),
    }
}

/// A chat of Telegram: a number, which TOML may have as a number, or a public channel's name.
fn chat(value: &Value) -> Result<String, String> {
    let chat = match value {
        Value::Whole(number) => number.to_string(),
        other => reader::text(other)?,
    };
    let is_number = chat.parse::<i64>().is_ok();
    match is_number || chat.strip_prefix('@').is_some_and(|name| !name.is_empty()) {
        true => Ok(chat),
        false => {
            Err(format!("{chat:?} is not a chat; write its number like -1001234567890, or @ and its name"))
        }
    }
}

/// The key of a signature: base64 of 24 to 64 bytes (Standard Webhooks, "Signature scheme").
fn signing_key(text: &str) -> Result<SigningKey, String> {
    let hint = "make one with: openssl rand -base64 32";
    let config = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let decoded = GeneralPurpose::new(&STANDARD, config).decode(text.strip_prefix("whsec_").unwrap_or(text));
    let key = decoded.map_err(|_| format!("is not base64; {hint}"))?;
    match key.len() {
        24..=64 => Ok(SigningKey(key)),
        length => Err(format!("has {length} bytes, and a key has 24 to 64; {hint}")),
    }
}

/// Labels written as `name=value`.
fn labels(value: &Value) -> Result<Vec<(String, String)>, String> {
    const OWN: [&str; 4] = ["alertname", "site", "group", "severity"];
    let texts = reader::texts(value, ',')?;
    let label = |text: String| {
        let example = "write it like \"team=web\"";
        let (name, value) =
            text.split_once('=').ok_or_else(|| format!("{text:?} is not a label; {example}"))?;
        let (name, value) = (name.trim(), value.trim());
        let is_name = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
            && !name.bytes().next().is_none_or(|byte| byte.is_ascii_digit());
        if !is_name || name.starts_with("__") || value.is_empty() {
            return Err(format!("{text:?} is not a label; {example}"));
        }
        if OWN.contains(&name) {
            return Err(format!("{name} is set by Djamon; choose another label"));
        }
        Ok((name.to_owned(), value.to_owned()))
    };
    texts.into_iter().map(label).collect()
}
