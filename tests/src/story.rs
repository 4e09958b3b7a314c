//! Stories to tell: of every kind, small, large, and with names that mean something to somebody.

use djamon_core::domain::outage::Outage;
use djamon_core::domain::storage::{Level, Shortage};
use djamon_core::domain::story::{Story, StorySite};
use djamon_core::domain::{Event, EventId, EventKind, Instant, Left, OutageId, Outcome, RunId, Scope};

use crate::clock::NOON;

/// Names that chats, mails and browsers would take for something else than a name.
pub const UGLY: [&str; 10] = [
    "Shop <script>alert(1)</script> & Söhne",
    "@everyone @here <!channel> <@U123> @ops@example.social",
    "**bold** _it_ ~~no~~ `code` [click](https://evil.example) ||spoiler||",
    "line\r\nBcc: all@example.org\u{2028}\u{202e}gpj",
    "quote \" ' \\ {{ 7 * 7 }} {% raw %} &amp; &lt;",
    "👨‍👩‍👧‍👦🇩🇪 店 é\u{301} \u{1f3f4}\u{e0067}",
    "https://evil.example/?a=b&c=d #tag :smile: $(id)",
    "\u{0}\u{7}\u{1b}[31mred",
    "",
    "> quote\n# heading\n- list | table |",
];

/// A site that went down at noon, with this number and name.
pub fn site(number: usize, name: &str) -> StorySite {
    StorySite {
        slug: format!("site-{number}"),
        name: name.to_owned(),
        url: format!("https://s{number}.example/?a=b&c=%3Cd%3E"),
        group: Some("shops".to_owned()),
        down_at: NOON,
        up_at: None,
        left: None,
        outcome: Outcome::Status,
        code: Some(503),
        detail: Some(format!("said {name}")),
        last_good_at: Some(Instant::from_ms(NOON.ms() - 60_000)),
        certificate_expires_at: None,
        is_public: true,
        is_news: true,
    }
}

/// What is told of a disk that is full, on a machine of this name.
pub fn full(machine: &str) -> Shortage {
    Shortage {
        level: Level::Full,
        place: format!("/var/lib/{machine}/djamon.db"),
        machine: machine.to_owned(),
        free: 23 << 20,
        wanted: 1 << 30,
    }
}

/// A story that nothing has room for: long names of characters that weigh much and must be escaped, and more sites in each
/// of its parts than are told.
pub fn long(kind: EventKind) -> Story {
    let name = "&👩🏽‍🚒<*_".repeat(200);
    let mut long = story(kind, std::iter::repeat_n(name.as_str(), 60));
    for (number, site) in long.sites.iter_mut().enumerate() {
        site.is_news = number % 3 == 0;
        if number % 3 == 1 && kind != EventKind::Certificate {
            (site.up_at, site.left) = (Some(NOON), Some(Left::Removed));
        }
    }
    long
}

/// The story of an event of this kind, three minutes after noon, about sites of these names.
pub fn story<'a>(kind: EventKind, names: impl IntoIterator<Item = &'a str, IntoIter: Clone>) -> Story {
    let names = names.into_iter();
    let at = Instant::from_ms(NOON.ms() + 180_000);
    let of_outage = !matches!(kind, EventKind::Certificate | EventKind::Storage | EventKind::Test);
    let sites = names.clone().enumerate().map(|(number, name)| {
        let site = site(number, name);
        match kind {
            EventKind::Resolved => StorySite { up_at: Some(at), left: Some(Left::Recovered), ..site },
            EventKind::Certificate => {
                let ends = Some(Instant::from_ms(NOON.ms() + 8 * 86_400_000));
                StorySite {
                    certificate_expires_at: ends,
                    outcome: Outcome::Up,
                    code: None,
                    detail: None,
                    ..site
                }
            }
            _ => site,
        }
    });
    let event = Event {
        id: EventId(7),
        kind,
        outage: of_outage.then_some(OutageId(12)),
        site: None,
        run: Some(RunId(3)),
        at,
    };
    Story {
        backlog: None,
        key: format!(
            "djamon-19ab-7-{}",
            7 + EventKind::ALL.iter().take_while(|other| **other != kind).count()
        ),
        thread: (kind == EventKind::Resolved).then(|| "djamon-19ab-3-3".to_owned()),
        events: vec![event],
        outage: of_outage.then(|| Outage {
            id: OutageId(12),
            scope: Scope::All,
            started_at: NOON,
            detected_at: Instant::from_ms(NOON.ms() + 120_000),
            resolved_at: (kind == EventKind::Resolved).then_some(at),
            opened_by: RunId(1),
            acknowledged: None,
        }),
        storage: (kind == EventKind::Storage).then(|| full(names.clone().next().unwrap_or_default())),
        sites: match kind {
            EventKind::Storage | EventKind::Test => Vec::new(),
            _ => sites.collect(),
        },
    }
}
