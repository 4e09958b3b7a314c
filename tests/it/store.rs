//! The store keeps what it is told, the same on both databases.

use std::time::Duration;

use diesel::RunQueryDsl;
use diesel::sql_types::BigInt;
use djamon_core::domain::alert::Audience;
use djamon_core::domain::group::NewGroup;
use djamon_core::domain::site::SiteChange;
use djamon_core::domain::status::State;
use djamon_core::domain::{EventKind, Instant, Left, Observation, OutageId, Policy};
use djamon_core::store::due::{self, Half, Selection};
use djamon_core::store::outbox::{Filter, Settled};
use djamon_core::store::record::{self, ViewIds};
use djamon_core::store::{
    AnyConnection, figures, groups, outages, outbox, runs, sites, statuses, views, write,
};
use djamon_tests::clock::NOON;
use djamon_tests::on_both;
use djamon_tests::scripted::{add_site, begin, run, seen};

fn minute(n: u64) -> Instant {
    NOON.plus(Duration::from_secs(60 * n))
}

fn count(connection: &mut AnyConnection, sql: &str) -> i64 {
    #[derive(diesel::QueryableByName)]
    struct Count {
        #[diesel(sql_type = BigInt)]
        count: i64,
    }
    let sql = format!("SELECT CAST(count(*) AS BIGINT) AS count FROM {sql}");
    diesel::sql_query(sql).get_result::<Count>(connection).unwrap().count
}

on_both! {
    fn third_failure_opens_an_outage_dated_from_the_first(database: TestDatabase) {
        let mut connection = database.connect();
        let shop = add_site(&mut connection, "shop", NOON);
        for n in 0..3 {
            let recorded = run(&mut connection, minute(n), vec![seen(&shop, minute(n), false)], &["email"]);
            assert_eq!(recorded.opened.len(), usize::from(n == 2));
        }
        for n in 3..5 {
            run(&mut connection, minute(n), vec![seen(&shop, minute(n), true)], &["email"]);
        }
        let story = outages::story(&mut connection, OutageId(1)).unwrap();
        let outage = &story.of.outage;
        assert_eq!((outage.started_at, outage.detected_at, outage.resolved_at), (minute(0), minute(2), Some(minute(3))));
        let part = &story.of.parts[0].part;
        assert_eq!((part.first.at, part.last.at, part.good.as_ref().unwrap().at), (minute(0), minute(2), minute(3)));
        assert_eq!((part.left, part.last.code), (Some(Left::Recovered), Some(503)));
        let kinds: Vec<_> = story.events.iter().map(|event| event.kind).collect();
        assert_eq!(kinds, [EventKind::Opened, EventKind::Resolved]);
        assert_eq!(story.alerts.len(), 2);
        let looks = views::before(&mut connection, shop.id, None, 10).unwrap();
        assert_eq!(looks.looks.iter().map(|look| look.at).collect::<Vec<_>>(), [4, 3, 2, 1, 0].map(minute));
        assert_eq!(looks.looks[2].detail.as_deref(), Some("answered 503 Service Unavailable"));
        assert_eq!(count(&mut connection, "details"), 1, "the same sentence is stored once");
    }

    fn a_streak_survives_restarts(database: TestDatabase) {
        let shop = add_site(&mut database.connect(), "shop", NOON);
        for n in 0..3 {
            run(&mut database.connect(), minute(n), vec![seen(&shop, minute(n), false)], &[]);
        }
        assert_eq!(statuses::open_outage(&mut database.connect()).unwrap(), Some(OutageId(1)));
    }

    fn who_reads_and_then_writes_waits_for_another_writer(database: TestDatabase) {
        std::thread::scope(|scope| {
            for writer in 0..4 {
                let mut connection = database.connect();
                scope.spawn(move || {
                    for n in 0..25 {
                        let name = format!("group {writer} {n}");
                        let new = NewGroup { slug: None, name, public: true };
                        // It looks whether the name is taken, and a moment later it takes it.
                        write(&mut connection, |c| groups::all(c).and_then(|_| groups::add(c, &new, NOON))).unwrap();
                    }
                });
            }
        });
        assert_eq!(groups::all(&mut database.connect()).unwrap().len(), 100);
    }

    fn a_thousand_sites_share_one_outage_and_one_event(database: TestDatabase) {
        let mut connection = database.connect();
        let sites: Vec<_> = (0..250).map(|n| add_site(&mut connection, &format!("site-{n}"), NOON)).collect();
        for n in 0..3 {
            run(&mut connection, minute(n), sites.iter().map(|site| seen(site, minute(n), false)).collect(), &["email", "twitter"]);
        }
        assert_eq!(count(&mut connection, "outages"), 1);
        assert_eq!(count(&mut connection, "outage_sites"), 250);
        assert_eq!(count(&mut connection, "outbox"), 2);
        assert_eq!(count(&mut connection, "site_views"), 750);
    }

    fn batches_of_one_run_share_one_event(database: TestDatabase) {
        let mut connection = database.connect();
        let (one, two) = (add_site(&mut connection, "one", NOON), add_site(&mut connection, "two", NOON));
        let location = runs::location(&mut connection, "default").unwrap();
        let channels = ["email".into()];
        for n in 0..3 {
            let context = begin(&mut connection, location, minute(n));
            let mut ids = ViewIds::after_stored(&mut connection).unwrap();
            for site in [&one, &two] {
                let observations = vec![seen(site, minute(n), false)];
                record::batch(&mut connection, &context, &Default::default(), &mut ids, observations, &channels, minute(n)).unwrap();
            }
        }
        let story = outages::story(&mut connection, OutageId(1)).unwrap();
        assert_eq!((story.of.parts.len(), story.events.len(), story.alerts.len()), (2, 1, 1));
        assert_eq!(story.of.parts[1].part.event, Some(story.events[0].id));
    }

    fn a_site_paused_in_an_outage_leaves_it_in_the_next_run(database: TestDatabase) {
        let mut connection = database.connect();
        let shop = add_site(&mut connection, "shop", NOON);
        for n in 0..3 {
            run(&mut connection, minute(n), vec![seen(&shop, minute(n), false)], &[]);
        }
        let pause = SiteChange { paused: Some(true), ..Default::default() };
        write(&mut connection, |c| sites::edit(c, "shop", pause, minute(3))).unwrap();
        assert_eq!(statuses::of_site(&mut connection, "shop").unwrap().status.state, State::Paused);
        run(&mut connection, minute(4), vec![], &["email"]);
        let story = outages::story(&mut connection, OutageId(1)).unwrap();
        assert_eq!((story.of.outage.resolved_at, story.of.parts[0].part.left), (Some(minute(3)), Some(Left::Paused)));
        assert_eq!(story.alerts.len(), 1, "the end is told");
    }

    fn an_observation_of_what_was_edited_meanwhile_is_no_view(database: TestDatabase) {
        let mut connection = database.connect();
        let shop = add_site(&mut connection, "shop", NOON);
        let change = SiteChange { target: Some(djamon_core::domain::Target::parse("http://new.test/").unwrap()), ..Default::default() };
        write(&mut connection, |c| sites::edit(c, "shop", change, minute(1))).unwrap();
        let recorded = run(&mut connection, minute(1), vec![seen(&shop, minute(1), false)], &[]);
        assert_eq!((recorded.plan.skipped, recorded.plan.views.len()), (1, 0));
    }

    fn keys_are_in_order_although_the_clock_jumps_back(database: TestDatabase) {
        let mut connection = database.connect();
        let shop = add_site(&mut connection, "shop", NOON);
        for n in [50, 51, 10, 11] {
            run(&mut connection, minute(n), vec![seen(&shop, minute(n), true)], &[]);
        }
        let looks = views::before(&mut connection, shop.id, None, 10).unwrap().looks;
        assert_eq!(looks.iter().map(|look| look.at).collect::<Vec<_>>(), [11, 10, 51, 50].map(minute));
        let status = statuses::of_site(&mut connection, "shop").unwrap().status;
        assert_eq!(status.looks.iter().map(|look| (look.id, look.at)).collect::<Vec<_>>(), looks.iter().map(|look| (look.id, look.at)).collect::<Vec<_>>());
    }

    fn due_are_failed_sites_first_then_the_rest_and_nothing_paused(database: TestDatabase) {
        let mut connection = database.connect();
        let sites: Vec<_> = ["a", "b", "c", "d"].iter().map(|name| add_site(&mut connection, name, NOON)).collect();
        run(&mut connection, NOON, vec![seen(&sites[0], NOON, true), seen(&sites[2], NOON, false)], &[]);
        let pause = SiteChange { paused: Some(true), ..Default::default() };
        write(&mut connection, |c| sites::edit(c, "d", pause, minute(1))).unwrap();
        let location = runs::location(&mut connection, "default").unwrap();
        let mut slugs = |selection: &Selection, half| -> Vec<String> {
            let (policy, from) = (Policy::default(), (half, djamon_core::domain::SiteId(0)));
            let page = due::page(&mut connection, selection, location, &policy, minute(1), from, 10).unwrap();
            page.into_iter().map(|due| due.slug).collect()
        };
        assert_eq!(slugs(&Selection::Due, Half::FailedLast), ["c"]);
        assert_eq!(slugs(&Selection::Due, Half::Others), ["a", "b"]);
        let named = Selection::Named { sites: vec!["b".into(), "d".into()], groups: vec![] };
        assert_eq!(slugs(&named, Half::Others), ["b"], "never what is paused");
        let outlook = due::outlook(&mut connection, &Selection::Due, location, minute(1)).unwrap();
        let counts = outlook.counts;
        assert_eq!((counts.sites, counts.up, counts.failing), (3, 1, 1));
        assert_eq!(outlook.took_ms, [12, 12], "nobody has looked at b");
        let slow = Observation { duration_ms: 4999, ..seen(&sites[0], minute(1), true) };
        run(&mut connection, minute(1), vec![slow], &[]);
        let outlook = due::outlook(&mut connection, &Selection::Due, location, minute(2)).unwrap();
        assert_eq!(outlook.took_ms.iter().max(), Some(&4999), "the last look counts");
    }

    fn a_site_with_an_interval_is_due_from_its_slot_on(database: TestDatabase) {
        let mut connection = database.connect();
        let shop = add_site(&mut connection, "shop", NOON);
        let mut options = shop.options.clone();
        options.interval = Some("5m".parse().unwrap());
        let (_, shop) = write(&mut connection, |c| sites::edit(c, "shop", SiteChange { options: Some(options), ..Default::default() }, NOON)).unwrap();
        run(&mut connection, NOON, vec![seen(&shop, NOON, true)], &[]);
        let location = runs::location(&mut connection, "default").unwrap();
        let mut is_due = |at| due::outlook(&mut connection, &Selection::Due, location, at).unwrap().counts.sites == 1;
        assert!(!is_due(minute(4)));
        assert!(is_due(minute(5).minus(Duration::from_secs(10))));
    }

    fn a_killed_run_is_marked_by_the_next(database: TestDatabase) {
        let mut connection = database.connect();
        let location = runs::location(&mut connection, "default").unwrap();
        begin(&mut connection, location, NOON);
        begin(&mut connection, location, minute(1));
        let runs = runs::newest(&mut connection, 10).unwrap();
        assert_eq!(runs.iter().map(|run| run.state.name()).collect::<Vec<_>>(), ["running", "died"]);
    }

    fn one_message_tells_what_happened_since_the_last_and_nothing_overtakes_it(database: TestDatabase) {
        let mut connection = database.connect();
        let shop = add_site(&mut connection, "shop", NOON);
        let mut look = |n: u64, good| { run(&mut connection, minute(n), vec![seen(&shop, minute(n), good)], &["email"]); };
        (0..3).for_each(|n| look(n, false));
        let first = outbox::claim(&mut connection, "email", Audience::People, minute(3)).unwrap().unwrap();
        assert_eq!(first.story.events.len(), 1);
        assert_eq!((first.story.sites[0].slug.as_str(), first.story.sites[0].is_news), ("shop", true));
        (4..6).for_each(|n| { run(&mut connection, minute(n), vec![seen(&shop, minute(n), true)], &["email"]); });
        assert_eq!(outbox::claim(&mut connection, "email", Audience::People, minute(4)).unwrap(), None, "resolved does not overtake opened");
        let later = Settled::Refused { reason: "451 later".into(), after: None };
        assert_eq!(outbox::settle(&mut connection, &first, &later, minute(4)).unwrap(), 0);
        assert_eq!(outbox::claim(&mut connection, "email", Audience::People, minute(4)).unwrap(), None, "it waits a minute");
        let whole = outbox::claim(&mut connection, "email", Audience::People, minute(7)).unwrap().unwrap();
        assert_ne!(whole.story.key, first.story.key);
        assert_eq!(whole.story.events.iter().map(|event| event.kind).collect::<Vec<_>>(), [EventKind::Opened, EventKind::Resolved]);
        outbox::settle(&mut connection, &whole, &Settled::Sent, minute(7)).unwrap();
        assert_eq!(outbox::claim(&mut connection, "email", Audience::People, minute(99)).unwrap(), None);
        assert_eq!(outbox::backlog(&mut connection).unwrap(), (0, 0));
    }

    fn a_claim_that_is_never_answered_for_is_the_same_message_again(database: TestDatabase) {
        let mut connection = database.connect();
        let shop = add_site(&mut connection, "shop", NOON);
        (0..3).for_each(|n| { run(&mut connection, minute(n), vec![seen(&shop, minute(n), false)], &["email"]); });
        let first = outbox::claim(&mut connection, "email", Audience::People, minute(3)).unwrap().unwrap();
        (4..6).for_each(|n| { run(&mut connection, minute(n), vec![seen(&shop, minute(n), true)], &["email"]); });
        let again = outbox::claim(&mut connection, "email", Audience::People, minute(6)).unwrap().unwrap();
        assert_eq!((&again.story.key, &again.rows), (&first.story.key, &first.rows));
    }

    fn what_is_refused_for_a_day_is_parked_and_can_be_tried_again(database: TestDatabase) {
        let mut connection = database.connect();
        let shop = add_site(&mut connection, "shop", NOON);
        (0..3).for_each(|n| { run(&mut connection, minute(n), vec![seen(&shop, minute(n), false)], &["email"]); });
        let late = minute(25 * 60);
        let claim = outbox::claim(&mut connection, "email", Audience::People, late).unwrap().unwrap();
        let refused = Settled::Refused { reason: "connection refused".into(), after: None };
        assert_eq!(outbox::settle(&mut connection, &claim, &refused, late).unwrap(), 1);
        assert_eq!(outbox::backlog(&mut connection).unwrap(), (0, 1));
        assert_eq!(outbox::newest(&mut connection, &Filter::default(), 5).unwrap()[0].last_error.as_deref(), Some("connection refused"));
        assert_eq!(outbox::retry(&mut connection, Some("twitter"), late).unwrap(), 0);
        assert_eq!(outbox::retry(&mut connection, Some("email"), late).unwrap(), 1);
        assert!(outbox::claim(&mut connection, "email", Audience::People, late).unwrap().is_some());
    }

    fn two_deliverers_never_claim_the_same_message(database: TestDatabase) {
        let mut connection = database.connect();
        let shop = add_site(&mut connection, "shop", NOON);
        (0..3).for_each(|n| { run(&mut connection, minute(n), vec![seen(&shop, minute(n), false)], &["email"]); });
        let database = &database;
        let claims: usize = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(move || outbox::claim(&mut database.connect(), "email", Audience::People, minute(3)).unwrap().is_some())).collect();
            threads.into_iter().map(|thread| usize::from(thread.join().unwrap())).sum()
        });
        assert_eq!(claims, 1);
    }

    fn alerts_of_a_run_that_goes_on_wait_for_its_end_or_its_death(database: TestDatabase) {
        let mut connection = database.connect();
        let shop = add_site(&mut connection, "shop", NOON);
        (0..2).for_each(|n| { run(&mut connection, minute(n), vec![seen(&shop, minute(n), false)], &["email"]); });
        let location = runs::location(&mut connection, "default").unwrap();
        let context = begin(&mut connection, location, minute(2));
        let mut ids = ViewIds::after_stored(&mut connection).unwrap();
        record::batch(&mut connection, &context, &Default::default(), &mut ids, vec![seen(&shop, minute(2), false)], &["email".into()], minute(2)).unwrap();
        assert_eq!(outbox::claim(&mut connection, "email", Audience::People, minute(3)).unwrap(), None);
        begin(&mut connection, location, minute(3));
        assert!(outbox::claim(&mut connection, "email", Audience::People, minute(3)).unwrap().is_some(), "the next run found it dead");
    }

    fn certificates_that_run_out_are_told_once_in_one_message_a_run(database: TestDatabase) {
        let mut connection = database.connect();
        let sites = [add_site(&mut connection, "shop", NOON), add_site(&mut connection, "blog", NOON)];
        let day = |n: u64| NOON.plus(Duration::from_secs(86_400 * n));
        let looks = |n: u64| sites.iter().map(|site| Observation { certificate_expires_at: Some(day(30)), ..seen(site, day(n), true) }).collect::<Vec<_>>();
        for n in 0..31 {
            run(&mut connection, day(n), looks(n), &["email"]);
        }
        assert_eq!(count(&mut connection, "outbox"), 5);
        let claim = outbox::claim(&mut connection, "email", Audience::People, day(31)).unwrap().unwrap();
        assert_eq!(claim.story.events[0].kind, EventKind::Certificate);
        assert_eq!(claim.story.sites.iter().map(|site| site.slug.as_str()).collect::<Vec<_>>(), ["shop", "blog"]);
        assert_eq!(claim.story.sites[0].certificate_expires_at, Some(day(30)));
        assert_eq!(statuses::of_site(&mut connection, "shop").unwrap().status.certificate_expires_at, Some(day(30)));
    }

    fn uptime_is_weighed_by_time_and_told_with_its_coverage(database: TestDatabase) {
        let mut connection = database.connect();
        let shop = add_site(&mut connection, "shop", NOON);
        // Up for an hour, an hour in which nobody looks, up for an hour; then down.
        for n in (0..60).chain(120..180) {
            run(&mut connection, minute(n), vec![seen(&shop, minute(n), true)], &[]);
        }
        let figures = |connection: &mut AnyConnection, now| figures::of(connection, None, now).unwrap()[&shop.id];
        let at_end = figures(&mut connection, minute(180));
        assert_eq!(at_end.day.uptime_ppm, Some(1_000_000));
        // Known: 60 min, 1 min that the last look before the gap vouched for, 60 min; the window began 23 hours ago.
        assert_eq!(at_end.day.coverage_ppm, Some(121 * 1_000_000 / (23 * 60)));
        for n in 180..210 {
            run(&mut connection, minute(n), vec![seen(&shop, minute(n), false)], &[]);
        }
        let after = figures(&mut connection, minute(210));
        assert_eq!(after.day.uptime_ppm, Some(121 * 1_000_000 / 151));
        assert_eq!((after.week.uptime_ppm, after.month.uptime_ppm), (after.day.uptime_ppm, after.day.uptime_ppm));
        assert_eq!(figures::of(&mut connection, Some(&[shop.id]), minute(210)).unwrap()[&shop.id], after);
        assert_eq!(count(&mut connection, "site_hours"), 3, "hours are written when they are over");
        let next_week = figures(&mut connection, NOON.plus(Duration::from_secs(8 * 86_400)));
        assert_eq!((next_week.day.uptime_ppm, next_week.week.uptime_ppm), (None, None));
        assert_eq!(next_week.month.uptime_ppm, Some(121 * 1_000_000 / 152), "the last look vouched two minutes");
    }

    fn figures_of_many_named_sites_are_those_of_all_and_of_no_other(database: TestDatabase) {
        let mut connection = database.connect();
        let sites: Vec<_> = (0..61).map(|n| add_site(&mut connection, &format!("s{n}"), NOON)).collect();
        for at in [minute(0), minute(1), minute(90)] {
            run(&mut connection, at, sites.iter().map(|site| seen(site, at, site.id.0 % 3 > 0)).collect(), &[]);
        }
        let mut all = figures::of(&mut connection, None, minute(90)).unwrap();
        let named: Vec<_> = sites.iter().skip(1).map(|site| site.id).collect();
        all.remove(&sites[0].id).unwrap();
        assert_eq!(figures::of(&mut connection, Some(&named), minute(90)).unwrap(), all);
    }

    fn looks_are_paged_without_a_gap_or_a_repeat(database: TestDatabase) {
        let mut connection = database.connect();
        let (shop, blog) = (add_site(&mut connection, "shop", NOON), add_site(&mut connection, "blog", NOON));
        for n in 0..25 {
            run(&mut connection, minute(n), vec![seen(&shop, minute(n), true), seen(&blog, minute(n), true)], &[]);
        }
        let (mut at, mut before) = (Vec::new(), None);
        loop {
            let page = views::before(&mut connection, shop.id, before, 10).unwrap();
            at.extend(page.looks.iter().map(|look| look.at));
            before = page.next;
            if before.is_none() { break; }
        }
        assert_eq!(at, (0..25).rev().map(minute).collect::<Vec<_>>());
    }

    fn the_newest_looks_of_all_places_are_those_that_are_stored(database: TestDatabase) {
        let mut connection = database.connect();
        let shop = add_site(&mut connection, "shop", NOON);
        for n in 0..14 {
            // The second place looks from the third minute on.
            for place in ["default", "elsewhere"].into_iter().take(if n < 3 { 1 } else { 2 }) {
                let location = runs::location(&mut connection, place).unwrap();
                let context = begin(&mut connection, location, minute(n));
                let mut ids = ViewIds::after_stored(&mut connection).unwrap();
                let looks = vec![seen(&shop, minute(n), true)];
                record::batch(&mut connection, &context, &Policy::default(), &mut ids, looks, &[], minute(n)).unwrap();
            }
        }
        let mut ids = |limit| -> Vec<_> {
            let page = views::before(&mut connection, shop.id, None, limit).unwrap();
            page.looks.iter().map(|look| (look.id, look.at)).collect()
        };
        let stored = ids(25);
        assert_eq!(stored.len(), 25);
        for limit in 1..=10 {
            assert_eq!(ids(limit), stored[..limit]);
        }
    }
}
