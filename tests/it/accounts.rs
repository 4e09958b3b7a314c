//! What the store knows of people: who may sign in, their sessions, their invitations, what was tried in vain.

use std::time::Duration;

use djamon_core::domain::throttle::Counted;
use djamon_core::domain::{Instant, OutageId, UserId};
use djamon_core::store::sessions::{self, Limits};
use djamon_core::store::sign_ins::{self, Attempt};
use djamon_core::store::users::{self, Role, User};
use djamon_core::store::{AnyConnection, StoreError, invites, notes, write};
use djamon_tests::clock::NOON;
use djamon_tests::on_both;
use djamon_tests::scene::{Scene, good, status};

const LIMITS: Limits = Limits { idle: Duration::from_secs(3600), longest: Duration::from_secs(86_400) };

fn after(seconds: u64) -> Instant {
    NOON.plus(Duration::from_secs(seconds))
}

fn add(connection: &mut AnyConnection, name: &str, role: Role) -> User {
    write(connection, |connection| users::add(connection, name, role, "a hash", NOON)).unwrap()
}

fn begin(connection: &mut AnyConnection, key: &str, user: UserId, now: Instant) {
    write(connection, |connection| sessions::begin(connection, key, user, "{}", now)).unwrap();
}

fn goes_on(connection: &mut AnyConnection, key: &str, now: Instant) -> bool {
    sessions::find(connection, key, LIMITS, now).unwrap().is_some()
}

fn try_to_sign_in(
    connection: &mut AnyConnection,
    against: &[(Counted, &str)],
    now: Instant,
) -> Result<Attempt, Duration> {
    let against: Vec<_> = against.iter().map(|(counted, whose)| (*counted, (*whose).to_owned())).collect();
    write(connection, |connection| sign_ins::admit(connection, &against, now)).unwrap()
}

fn refusal<T: std::fmt::Debug>(result: Result<T, StoreError>) -> String {
    result.unwrap_err().to_string()
}

on_both! {
    fn a_session_ends_after_a_pause_and_after_its_whole_time(database: TestDatabase) {
        let mut connection = database.connect();
        let ann = add(&mut connection, "Ann", Role::Admin).id;
        begin(&mut connection, "key", ann, NOON);
        assert!(goes_on(&mut connection, "key", after(3599)) && !goes_on(&mut connection, "other", NOON));
        assert!(!goes_on(&mut connection, "key", after(3600)), "an hour without a request");
        for half_hours in 1..48 {
            write(&mut connection, |c| sessions::seen(c, "key", after(1800 * half_hours))).unwrap();
        }
        assert!(goes_on(&mut connection, "key", after(86_399)) && !goes_on(&mut connection, "key", after(86_400)));
        let found = sessions::find(&mut connection, "key", LIMITS, after(86_399)).unwrap().unwrap();
        assert_eq!((found.user, found.created_at, found.last_seen_at), (ann, NOON, after(1800 * 47)));
        assert!(sessions::is_due(&found, after(1800 * 47 + 60)) && !sessions::is_due(&found, after(1800 * 47 + 59)));

        write(&mut connection, |c| sessions::clean(c, LIMITS, after(86_400))).unwrap();
        assert!(!write(&mut connection, |c| sessions::keep(c, "key", "{}")).unwrap(), "it is gone from the table");
    }

    fn sessions_end_with_password_role_and_person_and_one_by_one(database: TestDatabase) {
        let mut connection = database.connect();
        let (ann, bob) = (add(&mut connection, "Ann", Role::Admin), add(&mut connection, "Bob", Role::Admin));
        let all = ["one", "two", "three"];
        let start = |connection: &mut AnyConnection| {
            for key in all {
                write(connection, |c| sessions::end(c, key)).unwrap();
                begin(connection, key, bob.id, NOON);
            }
        };
        let left = |connection: &mut AnyConnection| sessions::of_user(connection, bob.id, LIMITS, NOON).unwrap().len();
        begin(&mut connection, "ann's", ann.id, NOON);

        start(&mut connection);
        let two = sessions::find(&mut connection, "two", LIMITS, NOON).unwrap().unwrap();
        write(&mut connection, |c| sessions::end_one(c, bob.id, &two.id)).unwrap();
        assert!(!goes_on(&mut connection, "two", NOON) && goes_on(&mut connection, "one", NOON));
        let anns = sessions::find(&mut connection, "ann's", LIMITS, NOON).unwrap().unwrap();
        assert!(write(&mut connection, |c| sessions::end_one(c, bob.id, &anns.id)).is_err(), "it is not Bob's");
        let one = sessions::find(&mut connection, "one", LIMITS, NOON).unwrap().unwrap();
        write(&mut connection, |c| sessions::end_all(c, bob.id, Some(&one.id))).unwrap();
        assert!(goes_on(&mut connection, "one", NOON) && left(&mut connection) == 1);

        start(&mut connection);
        write(&mut connection, |c| users::set_password(c, "Bob", "another hash")).unwrap();
        assert_eq!(left(&mut connection), 0);
        start(&mut connection);
        write(&mut connection, |c| users::set_role(c, bob.id, Role::Viewer)).unwrap();
        assert_eq!(left(&mut connection), 0);
        start(&mut connection);
        write(&mut connection, |c| users::disable(c, "Bob", NOON)).unwrap();
        assert_eq!(left(&mut connection), 0);
        begin(&mut connection, "late", bob.id, NOON);
        assert!(!goes_on(&mut connection, "late", NOON), "who is disabled has no session");
        write(&mut connection, |c| users::enable(c, "Bob")).unwrap();
        assert!(goes_on(&mut connection, "late", NOON) && goes_on(&mut connection, "ann's", NOON));
    }

    fn the_last_admin_who_can_sign_in_stays_one(database: TestDatabase) {
        let mut connection = database.connect();
        let ann = add(&mut connection, "Ann", Role::Admin);
        let bob = add(&mut connection, "Bob", Role::Viewer);
        write(&mut connection, |c| users::add(c, "Cid", Role::Admin, "", NOON)).unwrap();
        let said = "role: \"Ann\" is the last admin who can sign in; make somebody else one first";
        let demoted = write(&mut connection, |c| users::set_role(c, ann.id, Role::Viewer));
        assert_eq!(refusal(demoted), said, "Cid has no password yet");
        write(&mut connection, |c| users::set_role(c, bob.id, Role::Admin)).unwrap();
        write(&mut connection, |c| users::set_role(c, ann.id, Role::Viewer)).unwrap();
        assert_eq!(users::by_id(&mut connection, ann.id).unwrap().role, Role::Viewer);
    }

    fn an_invitation_opens_once_and_for_a_day(database: TestDatabase) {
        let mut connection = database.connect();
        let invite = |connection: &mut AnyConnection, key: &str, now| {
            write(connection, |c| invites::invite(c, "Ann", Role::Admin, key, now))
        };
        let day = 24 * 3600;
        let ann = invite(&mut connection, "first", NOON).unwrap();
        assert!(!ann.can_sign_in() && ann.role == Role::Admin);
        invite(&mut connection, "second", NOON).unwrap();
        assert!(invites::find(&mut connection, "first", NOON).is_err(), "a new link takes the place of the old one");
        assert_eq!(invites::find(&mut connection, "second", after(day - 1)).unwrap(), ann);
        assert!(invites::find(&mut connection, "second", after(day)).is_err());

        let accept = |connection: &mut AnyConnection, key: &str| {
            write(connection, |c| invites::accept(c, key, "a hash", NOON))
        };
        assert!(accept(&mut connection, "second").unwrap().can_sign_in());
        assert!(accept(&mut connection, "second").is_err(), "once");
        assert_eq!(
            refusal(invite(&mut connection, "third", NOON)),
            "name: \"Ann\" has a password already; a link for a new one is a reset"
        );
        write(&mut connection, |c| invites::reset(c, "Ann", "fourth", NOON)).unwrap();
        assert!(users::by_name(&mut connection, "Ann").unwrap().can_sign_in(), "the old password is good until then");
        write(&mut connection, |c| users::disable(c, "Ann", NOON)).unwrap();
        assert!(accept(&mut connection, "fourth").is_err());
        assert!(refusal(write(&mut connection, |c| invites::reset(c, "Ann", "fifth", NOON))).contains("is disabled"));
    }

    fn people_are_found_by_their_name_in_any_case(database: TestDatabase) {
        let mut connection = database.connect();
        let ann = add(&mut connection, "Ann Ä", Role::Viewer);
        assert_eq!(users::who_signs_in(&mut connection, " ann ä ").unwrap(), Some((ann, "a hash".into())));
        assert_eq!(users::who_signs_in(&mut connection, "ann").unwrap(), None);
    }

    fn failures_add_up_over_connections_and_a_good_password_takes_its_own_back(database: TestDatabase) {
        let mut connection = database.connect();
        let home = [(Counted::Pair, "ann at home"), (Counted::Account, "ann"), (Counted::Network, "home")];
        for _ in 0..5 {
            try_to_sign_in(&mut database.connect(), &home, NOON).unwrap();
        }
        assert_eq!(try_to_sign_in(&mut connection, &home, after(2)), Err(Duration::from_secs(3)));
        let office = [(Counted::Pair, "ann at work"), (Counted::Account, "ann"), (Counted::Network, "office")];
        let attempt = try_to_sign_in(&mut connection, &office, after(2)).expect("another network does not wait");
        write(&mut connection, |c| sign_ins::take_back(c, &attempt)).unwrap();
        assert_eq!(
            try_to_sign_in(&mut connection, &home, after(2)),
            Err(Duration::from_secs(3)),
            "what strangers failed at stays counted"
        );
        let sixth = try_to_sign_in(&mut connection, &home, after(5)).expect("the pause is over");
        assert_eq!(try_to_sign_in(&mut connection, &home, after(6)), Err(Duration::from_secs(9)), "twice as long");
        write(&mut connection, |c| sign_ins::take_back(c, &sixth)).unwrap();
        try_to_sign_in(&mut connection, &home, after(6)).expect("a good password clears the way from here");
    }

    fn many_guesses_at_once_are_no_way_around_the_pauses(database: TestDatabase) {
        let admitted = std::thread::scope(|scope| {
            let guesses: Vec<_> = (0..12)
                .map(|_| {
                    let database = &database;
                    scope.spawn(move || try_to_sign_in(&mut database.connect(), &[(Counted::Pair, "ann")], NOON))
                })
                .collect();
            guesses.into_iter().map(|guess| guess.join().unwrap()).filter(Result::is_ok).count()
        });
        assert_eq!(admitted, 5);
    }

    fn old_failures_are_cleaned_away(database: TestDatabase) {
        let mut connection = database.connect();
        for _ in 0..9 {
            let _ = try_to_sign_in(&mut connection, &[(Counted::Pair, "ann")], NOON);
        }
        write(&mut connection, |c| sign_ins::clean(c, after(24 * 3600))).unwrap();
        try_to_sign_in(&mut connection, &[(Counted::Pair, "ann")], NOON).expect("nothing is counted any more");
    }

    fn notes_are_added_to_outages_that_are_over_too(database: TestDatabase) {
        let mut scene = Scene::new(database.connect(), NOON);
        scene.site("Shop", None);
        scene.minutes(3, |_| status(500, "x"));
        scene.minutes(2, |_| good());
        let connection = &mut scene.connection;
        write(connection, |c| notes::add(c, OutageId(1), "Ann", " a cable \r\n was loose", after(1))).unwrap();
        write(connection, |c| notes::add(c, OutageId(1), "Bob", "it is fixed", after(2))).unwrap();
        let told: Vec<_> =
            notes::of_outage(connection, OutageId(1)).unwrap().into_iter().map(|n| (n.at, n.author, n.text)).collect();
        assert_eq!(
            told,
            [
                (after(1), "Ann".to_owned(), "a cable \n was loose".to_owned()),
                (after(2), "Bob".to_owned(), "it is fixed".to_owned())
            ]
        );
        for (outage, text) in [(2, "there is no such outage"), (1, "  "), (1, "a\u{7}"), (1, &"x".repeat(2001))] {
            assert!(write(connection, |c| notes::add(c, OutageId(outage), "Ann", text, NOON)).is_err(), "{text}");
        }
    }
}
