//! Is our own line alive? Asks the sandbox URLs, all at once; the first real answer proves it.
//!
//! An answer is real when it comes from the host that was asked. A captive portal answers in its stead by a redirect to
//! a host of its own, so a redirect elsewhere counts only when it ends in an https answer under a good certificate.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use djamon_core::clock::Clock;
use djamon_core::domain::run::Blind;
use djamon_core::domain::{Check, GoodCodes, Line, Outcome, Policy, Target};
use djamon_core::probe::{Deadline, Prober, Sight};
use url::{Host, Url};

use crate::stop::Stop;

/// After this long a silent line is called dead.
const PATIENCE: Duration = Duration::from_secs(7);
/// How much longer it is listened to once the run is told to stop.
const PATIENCE_WHEN_TOLD: Duration = Duration::from_millis(500);
/// How long an answer to an address waits for one to a name, which proves the resolver too.
const PATIENCE_FOR_A_NAME: Duration = Duration::from_secs(1);

/// The line is alive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Proof {
    /// Whether the resolver found one of the sandbox's names; none when it has no names.
    pub found: Option<bool>,
}

/// What one sandbox URL told.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Told {
    Answer { resolved: bool },
    Portal { url: String, to: String },
    NoName,
    Silence { resolved: bool },
}

/// Asks `urls`, all at once; without any the guard is switched off and the line counts as alive. What was known of names
/// before is forgotten. Once the run is told to stop, half a second is left for it.
///
/// # Errors
/// [`Blind`] when none answers; the reason begins with `line`, `dns` or `portal`.
pub fn ask(prober: &Prober, urls: &[Target], clock: &dyn Clock, told_to: &Stop) -> Result<Proof, Blind> {
    let asked_at = clock.now();
    if urls.is_empty() {
        return Ok(Proof { found: None });
    }
    prober.forget_names();
    let stop = Deadline::after(PATIENCE);
    let (tell, hear) = channel();
    for url in urls {
        begin(prober, url, &tell, stop);
    }
    drop(tell);
    match listen(&hear, urls.iter().any(is_by_name), stop, told_to) {
        Ok(found) => Ok(Proof { found }),
        Err(told) => Err(Blind { reason: reason(&told, urls), from: asked_at }),
    }
}

/// Asks `url` on a thread of its own; on this one when there is none to be had. The thread may outlive the question.
fn begin(prober: &Prober, url: &Target, tell: &Sender<Told>, stop: Deadline) {
    let question = {
        let (prober, url, tell) = (prober.clone(), url.clone(), tell.clone());
        move || {
            let sight = prober.look_until(&url, &check(), false, stop);
            // Nobody listens once the line is proved.
            let _ = tell.send(sight.map_or(Told::Silence { resolved: false }, |sight| told(&url, &sight)));
        }
    };
    let thread = std::thread::Builder::new().name("sandbox".into()).stack_size(512 * 1024);
    if thread.spawn(question.clone()).is_err() {
        question();
    }
}

/// Listens until the line is proved; gives whether the resolver is, too, if it was asked. Otherwise everything that was
/// told.
fn listen(
    hear: &Receiver<Told>,
    has_names: bool,
    stop: Deadline,
    told_to: &Stop,
) -> Result<Option<bool>, Vec<Told>> {
    let (mut all, mut answered, mut resolved) = (Vec::new(), false, !has_names);
    let mut until = stop;
    while let Ok(told) = told_to.receive(hear, until.left(), PATIENCE_WHEN_TOLD) {
        resolved |= matches!(told, Told::Answer { resolved: true } | Told::Silence { resolved: true });
        if matches!(told, Told::Answer { .. }) && !answered {
            answered = true;
            until = Deadline::after(PATIENCE_FOR_A_NAME.min(stop.left()));
        }
        if answered && resolved {
            return Ok(has_names.then_some(true));
        }
        all.push(told);
    }
    if answered { Ok(has_names.then_some(resolved)) } else { Err(all) }
}

/// How the sandbox is asked: any status is an answer.
fn check() -> Check {
    let any: GoodCodes = "100-999".parse().unwrap_or_default();
    Check { good_codes: any, ..Policy::default().check }
}

/// What `sight` of `url` tells of the line.
fn told(url: &Target, sight: &Sight) -> Told {
    let host = |text: &String| Url::parse(text).ok().and_then(|url| url.host_str().map(str::to_owned));
    let own = url.url.host_str().map(str::to_owned);
    let away = sight.redirects.iter().find(|redirect| host(redirect) != own);
    let is_answered = sight.line == Line::Answered;
    let is_trusted = sight.redirects.last().is_some_and(|last| last.starts_with("https://"));
    match away {
        Some(_) if is_answered && is_trusted => Told::Answer { resolved: sight.resolved },
        Some(to) => Told::Portal { url: url.url.to_string(), to: to.clone() },
        // Sent on within the host: the host itself has answered.
        None if is_answered || !sight.redirects.is_empty() => Told::Answer { resolved: sight.resolved },
        None if sight.outcome == Outcome::Dns => Told::NoName,
        None => Told::Silence { resolved: sight.resolved },
    }
}

fn is_by_name(url: &Target) -> bool {
    matches!(url.url.host(), Some(Host::Domain(_)))
}

/// Why the run is blind, from what was told: a portal explains everything, silence of an address means the line.
fn reason(told: &[Told], urls: &[Target]) -> String {
    if let Some(Told::Portal { url, to }) = told.iter().find(|told| matches!(told, Told::Portal { .. })) {
        return format!("portal: {url} was redirected to {to}, which is not trusted; sign in to the network");
    }
    let names = urls.iter().filter(|url| is_by_name(url)).count();
    let unknown = told.iter().filter(|told| matches!(told, Told::NoName)).count();
    if names == urls.len() && unknown == names {
        return "dns: none of the sandbox's names could be looked up".into();
    }
    let count = urls.len();
    format!("line: none of the {count} sandbox URL{} answered", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn targets(urls: &[&str]) -> Vec<Target> {
        urls.iter().map(|url| Target::parse(url).unwrap()).collect()
    }

    fn heard(told: Vec<Told>, has_names: bool) -> Result<Option<bool>, Vec<Told>> {
        let (tell, hear) = channel();
        told.into_iter().for_each(|told| tell.send(told).unwrap());
        drop(tell);
        listen(&hear, has_names, Deadline::after(PATIENCE), &Stop::default())
    }

    #[test]
    fn silence_of_an_address_means_the_line_and_names_alone_mean_the_resolver() {
        let silence = Told::Silence { resolved: false };
        let both = targets(&["http://a.example/", "http://192.0.2.1/"]);
        assert!(reason(&[Told::NoName, silence.clone()], &both).starts_with("line: "));
        assert!(reason(&[Told::NoName], &targets(&["http://a.example/"])).starts_with("dns: "));
        assert!(reason(&[silence], &targets(&["http://a.example/"])).starts_with("line: "));
        let portal = Told::Portal { url: "http://a.example/".into(), to: "http://login.example/".into() };
        assert!(reason(&[Told::NoName, portal], &both).starts_with("portal: http://a.example/"));
    }

    #[test]
    fn an_answer_to_a_name_proves_the_resolver_too() {
        assert_eq!(heard(vec![Told::Answer { resolved: true }], true), Ok(Some(true)));
        assert_eq!(heard(vec![Told::Answer { resolved: false }, Told::NoName], true), Ok(Some(false)));
        assert_eq!(
            heard(vec![Told::Answer { resolved: false }, Told::Silence { resolved: true }], true),
            Ok(Some(true))
        );
        assert_eq!(heard(vec![Told::Answer { resolved: false }], false), Ok(None));
        assert_eq!(heard(vec![Told::NoName], true), Err(vec![Told::NoName]));
    }
}
