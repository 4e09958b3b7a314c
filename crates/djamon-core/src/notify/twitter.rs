//! The channel `twitter`: the short form of a message posted to X by its API 2, signed with OAuth 1.0a.
//!
//! Sources: docs.x.com "Create Post" and "Rate limits"; RFC 5849.

use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

use chrono::DateTime;
use reqwest::blocking::{Client, Response};
use reqwest::header::{DATE, HeaderMap, LOCATION, RETRY_AFTER};
use reqwest_oauth1::{OAuthClientProvider, OAuthParameters, Secrets};
use url::Url;

use crate::clock::Clock;
use crate::config::{Secret, Twitter};
use crate::domain::{Instant, Invalid};

use super::answer::redirected;
use super::words::{clipped, one_line};
use super::{Message, NotifyError, Sender, redact};

/// For one post in all.
const PATIENCE: Duration = Duration::from_secs(20);
/// X refuses signatures of another time; it does not say how far off is too far, five minutes surely is.
const CLOCK_OFF: Duration = Duration::from_secs(300);
/// Bytes of an answer that are read, and characters that are shown.
const MOST_OF_A_BODY: u64 = 64 * 1024;
const MOST_OF_AN_ANSWER: usize = 200;

/// The channel `twitter` as `[twitter]` describes it; `clock` dates its signatures.
///
/// # Errors
/// [`Invalid`] of a key that is empty or, for `api_url`, no http or https address.
pub fn twitter(settings: &Twitter, clock: Arc<dyn Clock>) -> Result<Box<dyn Sender>, Invalid> {
    poster(settings, clock, "[twitter]")
}

/// The same for a channel that is not the section's: its errors say so.
pub(super) fn of_channel(settings: &Twitter, clock: Arc<dyn Clock>) -> Result<Box<dyn Sender>, Invalid> {
    poster(settings, clock, "the channel's settings")
}

fn poster(
    settings: &Twitter,
    clock: Arc<dyn Clock>,
    place: &'static str,
) -> Result<Box<dyn Sender>, Invalid> {
    for (key, secret) in [
        ("twitter.consumer_key", &settings.consumer_key),
        ("twitter.consumer_secret", &settings.consumer_secret),
        ("twitter.oauth_token", &settings.oauth_token),
        ("twitter.oauth_secret", &settings.oauth_secret),
    ] {
        if secret.0.is_empty() {
            return Err(Invalid::new(
                key,
                "is empty, but twitter is enabled; copy it from X's developer pages",
            ));
        }
    }
    let posts = format!("{}/2/tweets", settings.api_url.trim_end_matches('/'));
    let wrong = |problem: &str| Invalid::new("twitter.api_url", format!("{:?} {problem}", settings.api_url));
    let posts = Url::parse(&posts).map_err(|_| wrong("is no address; use https://api.x.com"))?;
    if !matches!(posts.scheme(), "http" | "https") || posts.query().is_some() {
        return Err(wrong("is not a plain http or https address; use https://api.x.com"));
    }
    Ok(Box::new(Poster { posts, settings: settings.clone(), clock, place }))
}

struct Poster {
    posts: Url,
    settings: Twitter,
    clock: Arc<dyn Clock>,
    /// Where its settings stand, as errors say.
    place: &'static str,
}

impl Sender for Poster {
    fn name(&self) -> &str {
        "twitter"
    }

    fn send(&self, message: &Message) -> Result<(), NotifyError> {
        let told = |error: &dyn std::error::Error| {
            let (cause, place) = (cause(error), self.place);
            format!("X could not be asked: {cause}; check the line, and api_url in {place}")
        };
        // A redirect would carry the signature of another address: none is followed.
        let client = Client::builder().timeout(PATIENCE).redirect(reqwest::redirect::Policy::none()).build();
        let now = self.clock.now();
        let parameters = OAuthParameters::new().timestamp(seconds(now));
        let post = client
            .map_err(|error| NotifyError::temporary(told(&error)))?
            .oauth1_with_params(self.secrets(), parameters);
        let answer =
            post.post(self.posts.clone()).json(&serde_json::json!({ "text": self.text(message) })).send();
        let answer = answer.map_err(|error| match &error {
            reqwest_oauth1::Error::Reqwest(asked) if !asked.is_connect() && !asked.is_builder() => {
                NotifyError::unconfirmed(told(&error))
            }
            _ => NotifyError::temporary(told(&error)),
        })?;
        Answer::read(answer).verdict(&self.posts, now, &self.hidden(), self.place)
    }

    fn preview(&self, message: &Message) -> Result<String, NotifyError> {
        Ok(format!("{}\n", self.text(message)))
    }
}

impl Poster {
    fn text(&self, message: &Message) -> String {
        match self.settings.include_url {
            true => format!("{} {}", message.short, message.link),
            false => message.short.clone(),
        }
    }

    /// What X must not make us show by repeating it.
    fn hidden(&self) -> redact::Secrets {
        let Twitter { consumer_key, consumer_secret, oauth_token, oauth_secret, .. } = &self.settings;
        let all = [consumer_key, consumer_secret, oauth_token, oauth_secret];
        all.iter().fold(redact::Secrets::none(), |secrets, secret| secrets.and(&secret.0))
    }

    fn secrets(&self) -> Secrets<'_> {
        fn text(secret: &Secret) -> &str {
            secret.0.as_str()
        }
        let Twitter { consumer_key, consumer_secret, oauth_token, oauth_secret, .. } = &self.settings;
        Secrets::new(text(consumer_key), text(consumer_secret)).token(text(oauth_token), text(oauth_secret))
    }
}

/// What X said.
struct Answer {
    status: u16,
    headers: HeaderMap,
    body: String,
}

impl Answer {
    /// The answer with as much of its body as comes: the status decides, and a post taken is taken even if the words
    /// about it break off.
    fn read(response: Response) -> Self {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let mut body = Vec::new();
        if !response.status().is_success() {
            drop(response.take(MOST_OF_A_BODY).read_to_end(&mut body));
        }
        Answer { status, headers, body: String::from_utf8_lossy(&body).into_owned() }
    }

    /// What the answer means for the message, signed at `now`.
    fn verdict(
        &self,
        url: &Url,
        now: Instant,
        secrets: &redact::Secrets,
        place: &str,
    ) -> Result<(), NotifyError> {
        let words = self.words(secrets);
        match self.status {
            200..=299 => Ok(()),
            403 if self.body.to_lowercase().contains("duplicate") => Ok(()),
            300..=399 => {
                let told = redirected(url, self.header(LOCATION.as_str()), self.status);
                Err(NotifyError::permanent(format!(
                    "X {told}: check api_url in {place}, so that it names the target"
                )))
            }
            401 => Err(NotifyError::permanent(match self.clock_off(now) {
                Some(off) => format!(
                    "X refused the signature (401): most likely because this machine's clock is {} off; set it, \
                     then try again",
                    crate::domain::text::readable_time(off.as_secs())
                ),
                None => format!("X refused the keys (401): {words}; check the keys and tokens in {place}"),
            })),
            403 => Err(NotifyError::permanent(format!(
                "X refused the post (403): {words}; check that the app may write, and that the plan allows posts"
            ))),
            429 => Err(NotifyError::Temporary {
                reason: format!("X takes no more posts for now (429): {words}; it is tried again later"),
                after: self.pause(now),
            }),
            408 => Err(NotifyError::temporary(format!("X ran out of time (408): {words}"))),
            400..=499 => Err(NotifyError::permanent(format!(
                "X refused the post ({}): {words}; check api_url in {place}, and the app's settings",
                self.status
            ))),
            other => Err(NotifyError::temporary(format!("X gave no proper answer ({other}): {words}"))),
        }
    }

    fn words(&self, secrets: &redact::Secrets) -> String {
        let body: serde_json::Value = serde_json::from_str(&self.body).unwrap_or_default();
        let said = ["detail", "title"].iter().find_map(|key| body.get(key).and_then(|words| words.as_str()));
        let words = clipped(&secrets.hidden(&one_line(said.unwrap_or(&self.body))), MOST_OF_AN_ANSWER);
        if words.is_empty() { "no reason given".to_owned() } else { words }
    }

    /// How far the clock of this machine is from X's, when that is too far.
    fn clock_off(&self, now: Instant) -> Option<Duration> {
        let theirs = DateTime::parse_from_rfc2822(self.header(DATE.as_str())?).ok()?;
        let theirs = Instant::from_ms(theirs.timestamp_millis());
        let off = theirs.since(now).max(now.since(theirs));
        (off > CLOCK_OFF).then_some(off)
    }

    /// How long X wants to be left alone: the later of what its two headers say.
    fn pause(&self, now: Instant) -> Option<Duration> {
        let after = self.header(RETRY_AFTER.as_str()).and_then(|seconds| seconds.parse().ok());
        let reset = self.header("x-rate-limit-reset").and_then(|seconds| seconds.parse().ok());
        let until = reset.map(|seconds| Instant::from_ms(0).plus(Duration::from_secs(seconds)).since(now));
        after.map(Duration::from_secs).max(until)
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim)
    }
}

fn seconds(at: Instant) -> u64 {
    u64::try_from(at.ms() / 1000).unwrap_or(0)
}

/// What `error` came of in the end, on one line.
fn cause(error: &dyn std::error::Error) -> String {
    let innermost = std::iter::successors(Some(error), |error| error.source()).last();
    clipped(&one_line(&innermost.unwrap_or(error).to_string()), MOST_OF_AN_ANSWER)
}
