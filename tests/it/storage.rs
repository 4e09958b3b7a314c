//! A disk that runs full is told of, the same on both databases: what is known of the room is given in.

use std::time::Duration;

use djamon_core::domain::alert::Audience;
use djamon_core::domain::group::NewGroup;
use djamon_core::domain::run::Counts;
use djamon_core::domain::storage::{Level, Room};
use djamon_core::domain::{EventKind, Instant, Listener};
use djamon_core::store::outbox::Settled;
use djamon_core::store::runs::Ending;
use djamon_core::store::{AnyConnection, DatabaseUrl, groups, outbox, runs, storage, write};
use djamon_tests::clock::NOON;
use djamon_tests::database::{Backend, TestDatabase};
use djamon_tests::on_both;
use djamon_tests::place::Place;

const GIB: u64 = 1 << 30;

fn hour(n: u64) -> Instant {
    NOON.plus(Duration::from_secs(3600 * n))
}

/// A run at `now` that finds so much room each time it looks; gives what it told.
fn run(
    connection: &mut AnyConnection,
    url: &DatabaseUrl,
    now: Instant,
    listeners: &[Listener],
    found: &[(u64, bool)],
) -> Vec<Option<Level>> {
    let location = runs::location(connection, "main").unwrap();
    let run = runs::begin(connection, location, now, Duration::from_secs(60)).unwrap();
    let told = found.iter().map(|(free, is_full)| {
        let room = (Room { free: *free, wanted: GIB }, *is_full);
        storage::tell(connection, url, run, listeners, room, now).unwrap()
    });
    let told = told.collect();
    let ending = Ending { at: now, blind: None, counts: Counts::default(), skipped_reason: None, idle: None };
    runs::finish(connection, run, &ending).unwrap();
    told
}

/// What leaves by the channel at `now`: a level and what was left, message by message.
fn leaves(connection: &mut AnyConnection, channel: &str, now: Instant) -> Vec<(Level, u64)> {
    let mut left = Vec::new();
    while let Some(claim) = outbox::claim(connection, channel, Audience::People, now).unwrap() {
        assert_eq!(
            claim.story.events.iter().map(|event| event.kind).collect::<Vec<_>>(),
            [EventKind::Storage]
        );
        let told = claim.story.storage.clone().unwrap();
        assert!(!told.place.is_empty() && !told.machine.is_empty(), "{told:?}");
        assert_eq!(told.wanted, GIB);
        left.push((told.level, told.free));
        outbox::settle(connection, &claim, &Settled::Sent, now).unwrap();
    }
    left
}

on_both! {
    fn each_channel_is_told_once_that_room_runs_out_and_again_only_after_there_was_room(database: TestDatabase) {
        let mut connection = database.connect();
        let shops = NewGroup { slug: None, name: "Shops".into(), public: true };
        let shops = write(&mut connection, |connection| groups::add(connection, &shops, NOON)).unwrap();
        let listeners = [Listener::from("email"), Listener { channel: "shops".into(), groups: vec![shops.id] }];
        let mut run = |n, found: &[(u64, bool)]| {
            let told = run(&mut connection, &database.url, hour(n), &listeners, found);
            let left = ["email", "shops"].map(|channel| leaves(&mut connection, channel, hour(n)));
            let [left, of_shops] = left;
            assert_eq!(of_shops, [], "whoever hears of some groups only need not know the machine");
            (told, left)
        };
        assert_eq!(run(0, &[(2 * GIB, false)]), (vec![None], vec![]));
        assert_eq!(run(1, &[(700, false)]), (vec![Some(Level::Low)], vec![(Level::Low, 700)]));
        assert_eq!(run(2, &[(600, false)]), (vec![None], vec![]), "not in each run");
        assert_eq!(run(3, &[(20, true)]), (vec![Some(Level::Full)], vec![(Level::Full, 20)]), "that is worse");
        assert_eq!(run(4, &[(10, true), (9, true)]), (vec![None, None], vec![]));
        assert_eq!(run(5, &[(500, false)]), (vec![None], vec![]), "a little room is no news");
        assert_eq!(run(6, &[(20, true)]), (vec![None], vec![]), "nor that it is gone again");
        assert_eq!(run(7, &[(GIB / 8, false)]), (vec![None], vec![]));
        assert_eq!(run(8, &[(20, true)]), (vec![Some(Level::Full)], vec![(Level::Full, 20)]), "there was room");
        assert_eq!(run(9, &[(2 * GIB, false)]), (vec![None], vec![]));
        assert_eq!(run(10, &[(700, false)]), (vec![Some(Level::Low)], vec![(Level::Low, 700)]));
    }

    fn when_nobody_hears_of_everything_those_of_some_groups_are_told(database: TestDatabase) {
        let mut connection = database.connect();
        let shops = NewGroup { slug: None, name: "Shops".into(), public: true };
        let shops = write(&mut connection, |connection| groups::add(connection, &shops, NOON)).unwrap();
        run(&mut connection, &database.url, NOON, &[Listener { channel: "shops".into(), groups: vec![shops.id] }], &[(20, true)]);
        assert_eq!(leaves(&mut connection, "shops", NOON), [(Level::Full, 20)]);
    }

    fn a_disk_that_fills_up_within_one_run_is_one_message_of_the_worst(database: TestDatabase) {
        let mut connection = database.connect();
        let told = run(&mut connection, &database.url, NOON, &["email".into()], &[(700, false), (20, true)]);
        assert_eq!(told, [Some(Level::Low), Some(Level::Full)]);
        assert_eq!(leaves(&mut connection, "email", NOON), [(Level::Full, 20)]);
        run(&mut connection, &database.url, hour(1), &["email".into()], &[(20, true), (700, false)]);
        assert_eq!(leaves(&mut connection, "email", hour(1)), []);
    }

    fn nobody_to_tell_is_no_reason_to_tell_it_for_ever(database: TestDatabase) {
        let mut connection = database.connect();
        assert_eq!(run(&mut connection, &database.url, NOON, &[], &[(20, true)]), [Some(Level::Full)]);
        assert_eq!(run(&mut connection, &database.url, hour(1), &["email".into()], &[(20, true)]), [None]);
        assert_eq!(leaves(&mut connection, "email", hour(1)), []);
    }
}

#[test]
fn what_was_told_is_over_in_the_first_run_that_finds_room() {
    let database = TestDatabase::migrated(Backend::Sqlite);
    let place =
        Place::with(&format!("[database]\nurl = {:?}\n[check]\nsandbox_urls = []\n", database.url_text));
    let mut connection = database.connect();
    run(&mut connection, &database.url, NOON, &[], &[(20, true)]);
    place.done(&["run"]);
    assert!(!storage::is_told(&mut connection).unwrap(), "it was noon long ago");
}
