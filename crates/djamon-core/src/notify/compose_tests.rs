//! What messages say, whole.

use proptest::prelude::*;

use super::*;
use crate::domain::outage::Outage;
use crate::domain::storage::{Level, Shortage};
use crate::domain::story::{Backlog, Chapter};
use crate::domain::{Event, EventId, OutageId, Outcome, RunId, Scope};

/// Mon 23 Nov 2026 09:02:13 GMT.
const START: i64 = 1_795_424_533_000;
const MINUTE: i64 = 60_000;

fn at(minute: i64) -> Instant {
    Instant::from_ms(START + minute * MINUTE)
}

fn site(name: &str) -> StorySite {
    StorySite {
        slug: name.to_lowercase(),
        name: name.to_owned(),
        url: format!("https://{}.example/", name.to_lowercase()),
        group: None,
        down_at: at(0),
        up_at: None,
        left: None,
        outcome: Outcome::Status,
        code: Some(503),
        detail: Some("Service Unavailable".into()),
        last_good_at: Some(at(-1)),
        certificate_expires_at: None,
        is_public: true,
        is_news: true,
    }
}

fn back(name: &str, minute: i64, left: Left) -> StorySite {
    StorySite { up_at: Some(at(minute)), left: Some(left), ..site(name) }
}

/// The story of outage 12: what happened at which minute, and to whom.
fn story(events: &[(EventKind, i64)], sites: Vec<StorySite>) -> Story {
    let ended = events.iter().find(|(kind, _)| *kind == EventKind::Resolved).map(|(_, minute)| at(*minute));
    let event = |(kind, minute): &(EventKind, i64)| Event {
        id: EventId(1),
        kind: *kind,
        outage: Some(OutageId(12)),
        site: None,
        run: Some(RunId(1)),
        at: at(*minute),
    };
    Story {
        key: "event-1-email".into(),
        thread: None,
        events: events.iter().map(event).collect(),
        outage: Some(Outage {
            id: OutageId(12),
            scope: Scope::All,
            started_at: at(0),
            detected_at: at(2),
            resolved_at: ended,
            opened_by: RunId(1),
            acknowledged: None,
        }),
        sites,
        backlog: None,
        storage: None,
    }
}

fn style() -> Style {
    Style { base_url: "https://status.example".into(), time_zone: "Europe/London".parse().unwrap() }
}

fn told(story: &Story) -> Message {
    compose(story, &style(), &Templates::load(None).unwrap()).unwrap()
}

/// All that people get to read, with `X:` before the short form.
fn shown(story: &Story) -> String {
    let message = told(story);
    format!("{}\nX: {}\n\n{}", message.subject, message.short.replace('\u{200b}', "|"), message.text)
}

#[test]
fn the_short_form_names_no_site_that_is_not_public() {
    let hidden = StorySite { is_public: false, ..site("Payroll") };
    let message = told(&story(&[(EventKind::Opened, 2)], vec![site("Shop"), hidden]));
    assert!(message.subject.contains("Payroll"));
    assert!(message.short.starts_with("DOWN: Shop and an internal system"), "{}", message.short);
}

#[test]
fn an_outage_that_opens_names_every_site_and_what_was_seen() {
    let api =
        StorySite { outcome: Outcome::Dns, code: None, detail: None, last_good_at: None, ..site("API") };
    insta::assert_snapshot!(shown(&story(&[(EventKind::Opened, 2)], vec![site("Shop"), api])));
}

#[test]
fn many_sites_are_only_named_after_the_tenth() {
    let sites = (1..=13).map(|number| site(&format!("Site {number}"))).collect();
    let message = told(&story(&[(EventKind::Opened, 2)], sites));
    assert_eq!(message.subject, "DOWN: Site 1, Site 2 and 11 more (since 09:02)");
    assert!(message.text.starts_with("13 sites are down.\n"));
    assert!(message.text.contains("  Site 10\n    http"), "{}", message.text);
    assert!(
        message.text.contains("  and 3 more:\n    Site 11\n    Site 12\n    Site 13\n\n"),
        "{}",
        message.text
    );
}

#[test]
fn sites_that_join_stand_before_those_that_were_down_already() {
    let old = |site: StorySite| StorySite { is_news: false, ..site };
    let sites = vec![
        old(site("Shop")),
        old(back("API", 5, Left::Recovered)),
        StorySite { down_at: at(4), ..site("Blog") },
    ];
    insta::assert_snapshot!(shown(&story(&[(EventKind::Joined, 6)], sites)));
}

#[test]
fn the_end_says_how_long_it_was_and_who_left_without_recovering() {
    let sites =
        vec![back("Shop", 12, Left::Recovered), back("API", 5, Left::Paused), back("Blog", 6, Left::Changed)];
    insta::assert_snapshot!(shown(&story(&[(EventKind::Resolved, 12)], sites)));
}

#[test]
fn an_outage_over_before_its_first_message_is_told_once_with_both_times() {
    let events = [(EventKind::Opened, 2), (EventKind::Joined, 3), (EventKind::Resolved, 12)];
    let story = story(&events, vec![back("Shop", 12, Left::Recovered)]);
    insta::assert_snapshot!(shown(&story));
    assert_eq!(told(&story).kind, EventKind::Resolved);
}

#[test]
fn a_beginning_told_together_with_later_sites_is_still_a_beginning() {
    let message =
        told(&story(&[(EventKind::Opened, 2), (EventKind::Joined, 3)], vec![site("Shop"), site("API")]));
    assert_eq!(
        (message.kind, message.subject.as_str()),
        (EventKind::Opened, "DOWN: Shop and API (since 09:02)")
    );
    assert_eq!(message.at, at(3), "the time is that of the last event");
}

#[test]
fn a_reminder_says_for_how_long_it_goes_on() {
    let sites = vec![site("Shop"), back("API", 30, Left::Removed)];
    insta::assert_snapshot!(shown(&story(&[(EventKind::Reminder, 180)], sites)));
}

#[test]
fn certificates_and_tests_speak_of_no_outage() {
    let ends = Some(at(8 * 24 * 60));
    let shop = StorySite { outcome: Outcome::Up, code: None, certificate_expires_at: ends, ..site("Shop") };
    let certificate = Story { outage: None, ..story(&[(EventKind::Certificate, 0)], vec![shop]) };
    let test = Story { outage: None, ..story(&[(EventKind::Test, 0)], vec![]) };
    insta::assert_snapshot!(format!("{}\n----\n{}", shown(&certificate), shown(&test)));
}

/// A message about the disk of this machine's database.
fn disk(level: Level, free: u64, machine: &str) -> Story {
    let place = format!("/var/lib/{machine}/djamon.db");
    let storage = Shortage { level, place, machine: machine.to_owned(), free, wanted: 3 << 30 };
    Story { outage: None, storage: Some(storage), ..story(&[(EventKind::Storage, 0)], vec![]) }
}

#[test]
fn a_disk_that_runs_full_is_told_with_what_where_how_much_and_what_to_do() {
    let (full, low) = (disk(Level::Full, 23 << 20, "web-1"), disk(Level::Low, 800 << 20, "web-1"));
    let lead = |story: &Story| told(story).lead().to_owned();
    let shown = |story: &Story| format!("{}\n----\n{}\n", shown(story), lead(story));
    insta::assert_snapshot!(format!("{}----\n{}", shown(&full), shown(&low)));
    insta::assert_snapshot!("a_full_disk_as_html", told(&full).html.unwrap());
    let low = told(&low).html.unwrap();
    assert!(low.contains("#bf8700") && low.contains("800 MiB are left, 3072 MiB should be"), "{low}");
    assert!(told(&disk(Level::Full, 9000, "web-1")).subject.ends_with("has less than 1 MiB left"));
}

#[test]
fn everybody_hears_of_a_full_disk_without_its_machine_and_file() {
    for level in [Level::Low, Level::Full] {
        let message = told(&disk(level, 0, "payroll.example"));
        assert!(message.subject.contains("payroll.example"), "{}", message.subject);
        assert!(!message.short.contains("payroll"), "{}", message.short);
    }
}

#[test]
fn html_says_what_the_text_says() {
    let api = StorySite { is_news: false, ..back("API", 5, Left::Recovered) };
    let message = told(&story(&[(EventKind::Joined, 6)], vec![site("Shop & <Söhne>"), api]));
    insta::assert_snapshot!(message.html.unwrap());
}

#[test]
fn html_is_complete_in_itself_and_nothing_of_a_site_is_a_mark_in_it() {
    let ugly = ["<script>x</script>", "<img src=x>", "\"'>&amp;", "{{ subject }}", "a\r\nb", "\u{202e}"];
    let sites: Vec<StorySite> = ugly
        .iter()
        .cycle()
        .take(25)
        .map(|name| StorySite {
            detail: Some((*name).to_owned()),
            url: format!("https://x.example/\"><b>{name}"),
            ..site(name)
        })
        .collect();
    for kind in EventKind::ALL {
        harmless(&told(&story(&[(kind, 2)], sites.clone())).html.unwrap());
    }
    for machine in ugly {
        harmless(&told(&disk(Level::Full, 5, machine)).html.unwrap());
    }
    harmless(&told(&several(true, vec![(14, None, sites.clone()), (12, Some(7), sites)])).html.unwrap());
}

/// Nothing in it is a mark but what mails are made of, and nothing is fetched for it.
fn harmless(html: &str) {
    const TAGS: [&str; 15] = [
        "!doctype html",
        "html",
        "head",
        "meta",
        "title",
        "body",
        "div",
        "h1",
        "h2",
        "p",
        "a",
        "br",
        "ul",
        "li",
        "/",
    ];
    for tag in html.split('<').skip(1) {
        let tag = tag.split('>').next().unwrap();
        assert!(TAGS.iter().any(|known| tag.starts_with(known)), "<{tag}>");
        // Every second piece stands in quotes.
        let attributes: String = tag.split('"').step_by(2).collect();
        assert!(!attributes.contains("src=") && !attributes.contains(" on"), "<{tag}>");
        assert!(!tag.contains("url("), "<{tag}>");
    }
    assert!(!html.contains('\r') && !html.contains('\u{202e}'));
}

#[test]
fn a_site_that_came_back_into_its_outage_is_named_once() {
    let again = StorySite { down_at: at(8), is_news: false, ..site("Shop") };
    let message = told(&story(&[(EventKind::Opened, 2)], vec![back("Shop", 6, Left::Recovered), again]));
    assert_eq!(message.subject, "DOWN: Shop (since 09:02)");
}

#[test]
fn an_outage_of_another_day_is_dated() {
    let message = told(&story(&[(EventKind::Joined, 24 * 60)], vec![site("Shop")]));
    assert_eq!(message.subject, "MORE DOWN: Shop (since 23 Nov 09:02, 1 down now)");
}

#[test]
fn a_story_without_events_is_no_message() {
    let error = compose(&story(&[], vec![]), &style(), &Templates::load(None).unwrap()).unwrap_err();
    assert_eq!(error.to_string(), "the message \"event-1-email\" has no event to tell");
}

proptest! {
    #[test]
    fn no_name_gets_out_of_the_subject_or_over_the_limit_of_a_post(
        names in prop::collection::vec("(?s).{0,80}", 0..6),
        kind in prop::sample::select(EventKind::ALL.to_vec()),
    ) {
        let message = told(&story(&[(kind, 2)], names.iter().map(|name| site(name)).collect()));
        prop_assert!(!message.subject.chars().any(char::is_control), "{:?}", message.subject);
        prop_assert!(!message.short.chars().any(char::is_control), "{:?}", message.short);
        prop_assert!(short::weight(&message.short) <= short::MOST, "{:?}", message.short);
        prop_assert!(message.subject.chars().count() < 200);
    }
}

/// The story of several outages, each with its number, its end and its sites.
fn several(was_away: bool, outages: Vec<(i32, Option<i64>, Vec<StorySite>)>) -> Story {
    let one = story(&[(EventKind::Opened, 90)], vec![]);
    let chapter = |(id, ended, sites): (i32, Option<i64>, Vec<StorySite>)| Chapter {
        outage: Outage { id: OutageId(id), resolved_at: ended.map(at), ..one.outage.clone().unwrap() },
        sites,
    };
    let outages = outages.into_iter().map(chapter).collect();
    let backlog = Some(Backlog { channel: "ops\r\nteam".into(), was_away, outages });
    Story { outage: None, backlog, ..one.clone() }
}

#[test]
fn several_outages_are_named_each_and_those_that_go_on_come_first() {
    let many = (1..=12).map(|number| site(&format!("Site {number}"))).collect();
    let hidden = StorySite { is_public: false, ..site("Payroll") };
    let over = back("Shop", 7, Left::Recovered);
    let several = several(true, vec![(14, None, many), (15, None, vec![hidden]), (12, Some(7), vec![over])]);
    insta::assert_snapshot!(shown(&several));
    insta::assert_snapshot!("several_outages_as_html", told(&several).html.unwrap());
}

#[test]
fn outages_that_begin_together_were_not_missed_and_many_are_counted() {
    let all = |count, ended| (1..=count).map(|id| (id, ended, vec![site("Shop")])).collect();
    let message = told(&several(false, all(2, None)));
    assert_eq!(message.subject, "DOWN: 2 outages, 2 still going on: Shop");
    assert!(message.text.starts_with("2 outages.\n"), "{}", message.text);
    let message = told(&several(true, all(60, Some(3))));
    assert_eq!(message.subject, "RESOLVED: 60 outages while ops team was away, all over");
    assert_eq!(message.kind, EventKind::Resolved);
    assert!(message.text.contains("  Outage 50: Shop\n") && message.text.contains("  and 10 more\n"));
    let html = message.html.unwrap();
    assert!(html.contains("border-left:6px solid #1a7f37") && html.contains("<p>and 10 more</p>"), "{html}");
}
