//! What becomes one message, what does not, and what waits for what.

use std::collections::BTreeSet;
use std::time::Duration;

use djamon_core::domain::alert::Audience;
use djamon_core::domain::channel::NewChannel;
use djamon_core::domain::story::Backlog;
use djamon_core::domain::{EventKind, Instant, OutageId};
use djamon_core::store::outbox::{self, Claim, Filter, Settled, Stats};
use djamon_core::store::{AnyConnection, channels, outages, write};
use djamon_tests::clock::NOON;
use djamon_tests::monitor::{Monitor, header};
use djamon_tests::on_both;
use djamon_tests::scripted::{add_site, run, seen};
use djamon_tests::site_server::SiteServer;

fn minute(n: u64) -> Instant {
    NOON.plus(Duration::from_secs(60 * n))
}

/// So many outages of one site, ten minutes each of them over when the next begins. Gives when the last is over.
fn outages_of(connection: &mut AnyConnection, count: u64, channel: &str) -> Instant {
    let shop = add_site(connection, "shop", NOON);
    for outage in 0..count {
        for n in 0..10 {
            let at = minute(10 * outage + n);
            run(connection, at, vec![seen(&shop, at, n >= 5)], &[channel]);
        }
    }
    minute(10 * count)
}

fn machines(
    connection: &mut AnyConnection,
    settled: &[(Claim, Settled)],
    most: usize,
    now: Instant,
) -> Vec<Claim> {
    let mut turn = |settled, goes_on| {
        outbox::turn(connection, "hook", Audience::Machines, settled, goes_on, now).unwrap().0
    };
    settled.iter().for_each(|settled| assert_eq!(turn(Some(settled), false), None));
    (0..most).map_while(|_| turn(None, true)).collect()
}

fn told(claims: &[Claim]) -> Vec<(EventKind, OutageId)> {
    let told = |claim: &Claim| match claim.story.events.as_slice() {
        [event] => (event.kind, event.outage.unwrap()),
        other => panic!("{other:?}"),
    };
    claims.iter().map(told).collect()
}

fn all_sent(claims: Vec<Claim>) -> Vec<(Claim, Settled)> {
    claims.into_iter().map(|claim| (claim, Settled::Sent)).collect()
}

fn later(after: Option<Duration>) -> Settled {
    Settled::Refused { reason: "503 later".into(), after }
}

const RASH: &str = "attempts = 1\nrecover_after = 1\n[email]\nfrom = \"djamon@example.org\"\n\
                    to = [\"ops@example.org\"]\nfile_dir = \"mail\"";

on_both! {
    fn outages_that_mail_could_not_tell_become_one_mail(database: TestDatabase) {
        let server = SiteServer::start();
        let monitor = Monitor::configured(database, &[], RASH);
        monitor.add("shop", &server.url(), Default::default());
        let mail = monitor.database.dir.path().join("mail");
        std::fs::write(&mail, "in the way").unwrap();
        for _ in 0..6 {
            [503, 200].into_iter().for_each(|status| { server.answer(status); monitor.run(); });
        }
        server.answer(503);
        monitor.run();
        std::fs::remove_file(&mail).unwrap();
        monitor.clock.pass(Duration::from_secs(3600));
        assert_eq!(monitor.run()["alerts"], serde_json::json!({"sent": 13, "pending": 0, "failed": 0}));
        let mails = monitor.mails();
        assert_eq!(mails.len(), 1);
        assert_eq!(header(&mails[0], "Subject"), "DOWN: 7 outages while email was away, 1 still going on: shop");
        assert_eq!(header(&mails[0], "X-Djamon-Event"), "opened");
        let places: Vec<_> = [7, 1, 2, 3, 4, 5, 6].iter().map(|n| mails[0].find(&format!("Outage {n}: shop")).unwrap()).collect();
        assert!(places.is_sorted(), "those that go on come first: {}", mails[0]);
        assert!(header(&mails[0], "Content-Type").starts_with("multipart/alternative"), "text and HTML: {}", mails[0]);

        // What comes later belongs to that mail.
        server.answer(200);
        monitor.run();
        let mails = monitor.mails();
        assert!(header(&mails[1], "Subject").starts_with("RESOLVED: shop (after "), "{}", mails[1]);
        assert_eq!(header(&mails[1], "References"), header(&mails[0], "Message-ID"));
    }

    fn an_outage_that_people_have_heard_of_is_no_part_of_a_backlog(database: TestDatabase) {
        let mut connection = database.connect();
        let people = |connection: &mut AnyConnection, now| outbox::claim(connection, "email", Audience::People, now).unwrap();
        let now = outages_of(&mut connection, 1, "email");
        let first = people(&mut connection, now).unwrap();
        outbox::settle(&mut connection, &first, &Settled::Sent, now).unwrap();
        let shop = djamon_core::store::sites::by_slug(&mut connection, "shop").unwrap();
        for n in 20..29 {
            run(&mut connection, minute(n), vec![seen(&shop, minute(n), n > 24)], &["email"]);
        }
        let second = people(&mut connection, minute(30)).unwrap();
        assert_eq!((second.story.backlog, second.story.outage.unwrap().id), (None, OutageId(2)));
    }

    fn programs_get_every_event_eight_outages_at_a_time_each_in_order(database: TestDatabase) {
        let mut connection = database.connect();
        let now = outages_of(&mut connection, 10, "hook");
        let first = machines(&mut connection, &[], 8, now);
        assert_eq!(told(&first), (1..=8).map(|n| (EventKind::Opened, OutageId(n))).collect::<Vec<_>>());
        assert_eq!(machines(&mut connection, &[], 0, now), []);
        let second = machines(&mut connection, &[], 8, now);
        assert_eq!(told(&second), [(EventKind::Opened, OutageId(9)), (EventKind::Opened, OutageId(10))]);
        assert_eq!(machines(&mut connection, &[], 8, now), [], "resolved does not overtake opened");
        let third = machines(&mut connection, &all_sent(first), 3, now);
        assert_eq!(told(&third), [1, 2, 3].map(|n| (EventKind::Resolved, OutageId(n))));
        let keys: BTreeSet<String> = second.iter().chain(&third).map(|claim| claim.story.key.clone()).collect();
        assert_eq!(keys.len(), 5);
    }

    fn what_may_have_arrived_comes_again_as_it_was_and_what_was_refused_is_told_anew(database: TestDatabase) {
        let mut connection = database.connect();
        let shop = add_site(&mut connection, "shop", NOON);
        let look = |n: u64, good| { run(&mut database.connect(), minute(n), vec![seen(&shop, minute(n), good)], &["email"]); };
        let mut claim = |n: u64| outbox::claim(&mut connection, "email", Audience::People, minute(n)).unwrap();
        (0..3).for_each(|n| look(n, false));
        let first = claim(3).unwrap();
        let unconfirmed = Settled::Unconfirmed { reason: "no receipt".into() };
        outbox::settle(&mut database.connect(), &first, &unconfirmed, minute(3)).unwrap();
        (3..6).for_each(|n| look(n, true));
        assert_eq!(claim(3), None, "it waits a minute");
        let again = claim(6).unwrap();
        assert_eq!(again.story, first.story);
        // Refused now: the first try may have arrived all the same.
        outbox::settle(&mut database.connect(), &again, &later(None), minute(6)).unwrap();
        let again = claim(8).unwrap();
        assert_eq!((&again.story.key, again.story.events.len()), (&first.story.key, 1));
        outbox::settle(&mut database.connect(), &again, &Settled::Sent, minute(8)).unwrap();
        let end = claim(8).unwrap();
        assert_eq!(end.story.events[0].kind, EventKind::Resolved);
        assert_eq!(end.story.thread, Some(first.story.key));
    }

    fn a_message_of_several_outages_that_comes_again_says_what_it_said(database: TestDatabase) {
        let mut connection = database.connect();
        outages_of(&mut connection, 2, "email");
        let shop = djamon_core::store::sites::by_slug(&mut connection, "shop").unwrap();
        let look = |n: u64, good| { run(&mut database.connect(), minute(n), vec![seen(&shop, minute(n), good)], &["email"]); };
        (20..24).for_each(|n| look(n, false));
        let first = outbox::claim(&mut connection, "email", Audience::People, minute(24)).unwrap().unwrap();
        let told = first.story.backlog.as_ref().unwrap();
        let ends = |backlog: &Backlog| backlog.outages.iter().map(|chapter| (chapter.outage.id, chapter.outage.resolved_at)).collect::<Vec<_>>();
        assert_eq!(ends(told), [(OutageId(3), None), (OutageId(1), Some(minute(5))), (OutageId(2), Some(minute(15)))]);
        (24..27).for_each(|n| look(n, true));
        let again = outbox::claim(&mut connection, "email", Audience::People, minute(30)).unwrap().unwrap();
        assert_eq!((&again.story, again.may_have_arrived), (&first.story, true));
    }

    fn a_channel_that_is_asked_to_wait_waits_as_a_whole(database: TestDatabase) {
        let mut connection = database.connect();
        let now = outages_of(&mut connection, 10, "hook");
        let mut first = machines(&mut connection, &[], 2, now);
        let hour = Duration::from_secs(3600);
        let settled = [(first.remove(0), later(Some(hour))), (first.remove(0), later(None))];
        assert_eq!(machines(&mut connection, &settled, 8, now), [], "429 is meant for all");
        assert_eq!(machines(&mut connection, &[], 8, now.plus(hour / 2)), []);
        assert_eq!(told(&machines(&mut connection, &[], 8, now.plus(hour)))[..2], [1, 2].map(|n| (EventKind::Opened, OutageId(n))));
    }

    fn what_has_been_owed_for_a_day_is_parked_and_the_rest_of_the_message_is_not(database: TestDatabase) {
        let mut connection = database.connect();
        let last = outages_of(&mut connection, 3, "email");
        // The first outage and its end are more than a day old, the others are not.
        let now = minute(10).plus(Duration::from_secs(24 * 3600));
        let all = outbox::claim(&mut connection, "email", Audience::People, now).unwrap().unwrap();
        assert_eq!((all.rows.len(), all.story.backlog.as_ref().unwrap().outages.len()), (6, 3));
        assert_eq!(outbox::settle(&mut connection, &all, &later(None), now).unwrap(), 2);
        assert_eq!(outbox::backlog(&mut connection).unwrap(), (4, 2));
        let trouble = outbox::trouble(&mut connection, now).unwrap();
        assert_eq!((trouble.parked, trouble.late, trouble.late_since), (2, 4, Some(minute(12))));
        assert!(!outbox::trouble(&mut connection, last.plus(Duration::from_secs(8 * 24 * 3600))).map(|t| t.parked > 0).unwrap());
        assert_eq!(outbox::retry(&mut connection, Some("email"), now).unwrap(), 6);
    }

    fn what_a_removed_channel_was_owed_is_parked_at_once_and_told_to_none_of_its_name(database: TestDatabase) {
        let mut connection = database.connect();
        let hook = NewChannel { name: "hook".into(), kind: "webhook".into(), settings: "{}".into(), enabled: true, groups: vec![] };
        write(&mut connection, |connection| channels::add(connection, &hook, NOON)).unwrap();
        let now = outages_of(&mut connection, 2, "hook");
        let refused = machines(&mut connection, &[], 1, now).remove(0);
        outbox::settle(&mut connection, &refused, &later(None), now).unwrap();
        let under_way = machines(&mut connection, &[], 1, now);
        write(&mut connection, |connection| channels::remove(connection, "hook", now)).unwrap();
        let stand = |connection: &mut AnyConnection| -> Vec<(String, Option<String>)> {
            let all = outbox::newest(connection, &Filter::default(), 9).unwrap();
            all.into_iter().map(|alert| (alert.state, alert.last_error)).collect()
        };
        let parked = ("parked".to_owned(), Some("the channel was removed".to_owned()));
        let stands = stand(&mut connection);
        assert_eq!(stands.iter().filter(|stand| **stand == parked).count(), 3, "{stands:?}");
        assert_eq!(stands.iter().filter(|(state, _)| state == "claimed").count(), 1, "{stands:?}");
        // Another channel takes the name.
        write(&mut connection, |connection| channels::add(connection, &hook, now)).unwrap();
        outbox::settle(&mut connection, &under_way[0], &Settled::Sent, now).unwrap();
        assert_eq!(machines(&mut connection, &[], 9, now.plus(Duration::from_secs(3600))), []);
        assert_eq!(outbox::retry(&mut connection, Some("hook"), now).unwrap(), 3, "unless somebody asks for it");
    }

    fn who_had_to_wait_for_the_database_takes_nothing_that_was_claimed_meanwhile(database: TestDatabase) {
        let mut connection = database.connect();
        let now = outages_of(&mut connection, 1, "hook");
        assert_eq!(told(&machines(&mut connection, &[], 8, now)), [(EventKind::Opened, OutageId(1))]);
        let asked_before = now.minus(Duration::from_secs(20));
        assert_eq!(machines(&mut connection, &[], 8, asked_before), []);
        let set_back = now.minus(Duration::from_secs(3600));
        assert_eq!(told(&machines(&mut connection, &[], 8, set_back)), [(EventKind::Opened, OutageId(1))], "a clock that was set back stops nobody");
    }

    fn several_deliverers_tell_every_event_once(database: TestDatabase) {
        let now = outages_of(&mut database.connect(), 12, "hook");
        let database = &database;
        let told: Vec<i32> = std::thread::scope(|scope| {
            let deliverers: Vec<_> = (0..4).map(|_| scope.spawn(move || {
                let mut connection = database.connect();
                let (mut told, mut settled) = (Vec::new(), Vec::new());
                loop {
                    let claims = machines(&mut connection, &settled, 8, now);
                    told.extend(claims.iter().flat_map(|claim| claim.story.events.iter().map(|event| event.id.0)));
                    if claims.is_empty() && settled.is_empty() { return told; }
                    settled = all_sent(claims);
                }
            })).collect();
            deliverers.into_iter().flat_map(|one| one.join().unwrap()).collect()
        });
        let once: BTreeSet<i32> = told.iter().copied().collect();
        assert_eq!((told.len(), once.len()), (24, 24));
        assert_eq!(outbox::backlog(&mut database.connect()).unwrap(), (0, 0));
    }

    fn figures_tell_what_became_of_alerts_and_what_vanished(database: TestDatabase) {
        use diesel::connection::SimpleConnection;
        let mut connection = database.connect();
        let now = outages_of(&mut connection, 2, "hook");
        let mut claims = machines(&mut connection, &[], 8, now);
        let parked = Settled::Parked { reason: "404".into() };
        let settled = [(claims.remove(0), Settled::Sent), (claims.remove(0), parked)];
        machines(&mut connection, &settled, 0, now);
        let figures = |connection: &mut AnyConnection| outbox::stats(connection, now).unwrap();
        let delay_p95 = Some(now.since(minute(2)));
        assert_eq!(figures(&mut connection), Stats { owed: 4, sent: 1, retried: 1, parked: 1, pending: 2, lost: 0, delay_p95 });
        let waiting = outbox::newest(&mut connection, &Filter { state: Some("pending".into()), channel: None }, 9).unwrap();
        assert_eq!(waiting.len(), 2);
        connection.batch_execute("DELETE FROM outbox WHERE state = 'pending' AND outage_id = 2").unwrap();
        assert_eq!(figures(&mut connection), Stats { owed: 4, sent: 1, retried: 1, parked: 1, pending: 1, lost: 1, delay_p95 });
        let month_later = now.plus(Duration::from_secs(31 * 24 * 3600));
        assert_eq!(outbox::stats(&mut connection, month_later).unwrap(), Stats::default());
        assert_eq!(outages::events(&mut connection, OutageId(2)).unwrap().len(), 2);
    }
}
