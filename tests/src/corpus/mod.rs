//! What web servers do to those who ask them, and what the probe must make of it: one row a case, in tables by theme.
//!
//! A row holds what the server says to HEAD and to GET, and the verdict under either method. [`stage`] plays the rows.
//! In what a row says, `{here}`, `{other}`, `{refused}` and `{tls}` stand for addresses that the stage knows.

pub mod bodies;
pub mod hangs;
pub mod heads;
pub mod hostile;
pub mod places;
pub mod redirects;
pub mod stage;
pub mod statuses;

use std::io::Write;
use std::time::Duration;

use djamon_core::domain::{Check, Method, Outcome, Policy};
use flate2::{Compression, write::GzEncoder};

/// The limit of a case that is about waiting.
pub const SHORT: Duration = Duration::from_millis(600);

/// One thing that a server does.
#[derive(Debug, Clone)]
pub enum Step {
    /// Sends these bytes.
    Say(Vec<u8>),
    /// Sends these bytes so many times.
    Repeat(Vec<u8>, usize),
    /// Sends these bytes one by one with a pause after each, again and again.
    Drip(Vec<u8>, Duration),
    /// Says nothing for so long.
    Pause(Duration),
    /// Says nothing until the other side goes away.
    Stall,
    /// Breaks the connection off; without it, it is closed.
    Reset,
}

/// What a look saw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// The verdict.
    pub outcome: Outcome,
    /// The code recorded.
    pub code: Option<u16>,
    /// The method that gave the verdict.
    pub method: Method,
    /// A part of the detail.
    pub words: &'static str,
}

/// One case.
#[derive(Debug, Clone)]
pub struct Case {
    /// Its name, also its path on the stage.
    pub name: &'static str,
    /// What is asked for; `{here}` and the others stand for addresses.
    pub url: String,
    /// What HEAD is told.
    pub head: Vec<Step>,
    /// What GET is told.
    pub get: Vec<Step>,
    /// Whether it is about waiting: its limit is [`SHORT`].
    pub waits: bool,
    /// Whether redirects are followed.
    pub follows: bool,
    /// A word that the page must hold.
    pub contains: Option<&'static str>,
    /// The verdict under `head`.
    pub by_head: Seen,
    /// The verdict under `get`.
    pub by_get: Seen,
}

/// Every case there is.
pub fn all() -> Vec<Case> {
    let tables = [
        statuses::cases(),
        redirects::cases(),
        heads::cases(),
        bodies::cases(),
        hangs::cases(),
        places::cases(),
        hostile::cases(),
    ];
    tables.into_iter().flatten().collect()
}

impl Case {
    /// A case where HEAD and GET are told the same.
    pub fn raw(name: &'static str, steps: Vec<Step>) -> Self {
        let seen = Seen { outcome: Outcome::Up, code: Some(200), method: Method::Get, words: "" };
        Case {
            name,
            url: format!("http://{{here}}/{name}"),
            head: steps.clone(),
            get: steps,
            waits: false,
            follows: true,
            contains: None,
            by_head: Seen { method: Method::Head, ..seen },
            by_get: seen,
        }
    }

    /// A case with this head; the body follows under GET alone.
    pub fn answer(name: &'static str, head: &str, body: &[u8]) -> Self {
        Case { get: vec![lines(head), say(body)], ..Case::raw(name, vec![lines(head)]) }
    }

    /// A case with this status and these headers, and a page of the right length.
    pub fn page(name: &'static str, head: &str) -> Self {
        Case::answer(name, &format!("{head} | Content-Length: 5"), b"hello")
    }

    /// A case that redirects to `location` with `code`.
    pub fn redirect(name: &'static str, code: u16, location: &str) -> Self {
        Case::answer(name, &format!("{code} Go | Location: {location} | Content-Length: 0"), b"")
    }

    /// HEAD is told something else.
    pub fn told_head(self, head: Vec<Step>) -> Self {
        Case { head, ..self }
    }

    /// The body that GET is told in place of none.
    pub fn told_body(mut self, steps: Vec<Step>) -> Self {
        self.get.extend(steps);
        self
    }

    /// It is up by whatever it is asked with.
    pub fn up(self, code: u16) -> Self {
        let by_get = Seen { outcome: Outcome::Up, code: Some(code), method: Method::Get, words: "" };
        Case { by_head: Seen { method: Method::Head, ..by_get }, by_get, ..self }
    }

    /// It fails by whatever it is asked with; `code` 0: none.
    pub fn fails(self, outcome: Outcome, code: u16, words: &'static str) -> Self {
        let is_final = matches!(outcome, Outcome::Dns | Outcome::Connect | Outcome::Tls);
        let method = if is_final { Method::Head } else { Method::Get };
        let by_get = Seen { outcome, code: (code > 0).then_some(code), method: Method::Get, words };
        Case { by_head: Seen { method, ..by_get }, by_get, ..self }
    }

    /// HEAD alone finds it up.
    pub fn but_head_is_up(self, code: u16) -> Self {
        let by_head = Seen { outcome: Outcome::Up, code: Some(code), method: Method::Head, words: "" };
        Case { by_head, ..self }
    }

    /// HEAD fails and GET decides.
    pub fn by_get_alone(self) -> Self {
        Case { by_head: Seen { method: Method::Get, ..self.by_get }, ..self }
    }

    /// HEAD fails before it was sent: there is nothing to ask again by GET.
    pub fn by_head_alone(self) -> Self {
        Case { by_head: Seen { method: Method::Head, ..self.by_get }, ..self }
    }

    /// It is about waiting.
    pub fn waits(self) -> Self {
        Case { waits: true, ..self }
    }

    /// Redirects are not followed.
    pub fn stays(self) -> Self {
        Case { follows: false, ..self }
    }

    /// It is asked for elsewhere.
    pub fn at(self, url: &str) -> Self {
        Case { url: url.into(), ..self }
    }

    /// The page must hold `word`.
    pub fn with(self, word: &'static str) -> Self {
        Case { contains: Some(word), ..self }
    }

    /// How the probe is to look.
    pub fn check(&self, method: Method) -> Check {
        let usual = Policy::default().check;
        Check {
            method,
            good_codes: "200-299,301,304".parse().unwrap(),
            timeout: if self.waits { SHORT } else { usual.timeout },
            follow_redirects: self.follows,
            contains: self.contains.map(str::to_owned),
            ..usual
        }
    }
}

/// Sends `bytes`.
pub fn say(bytes: &[u8]) -> Step {
    Step::Say(bytes.to_vec())
}

/// Sends a head: status and headers, parted by ` | `.
pub fn lines(head: &str) -> Step {
    Step::Say(format!("HTTP/1.1 {}\r\n\r\n", head.replace(" | ", "\r\n")).into_bytes())
}

/// `bytes` compressed.
pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}
