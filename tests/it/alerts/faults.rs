//! Mail servers that fail in every way, and a database that does: what becomes of an alert, whole, on both databases.

use std::sync::Arc;
use std::time::Duration;

use diesel::connection::SimpleConnection;
use djamon_check::app::Exit;
use djamon_core::store::AnyConnection;
use djamon_tests::database::TestDatabase;
use djamon_tests::mail_server::MailServer;
use djamon_tests::monitor::Monitor;
use djamon_tests::on_both;
use djamon_tests::place::Place;
use djamon_tests::running::Running;
use djamon_tests::scripted::{add_site, run, seen};
use djamon_tests::site_server::SiteServer;
use djamon_tests::smtp_sink::{Arrived, Script, SmtpSink};
use serde_json::{Value, json};

use crate::notify::mail::certificate;

const MINUTE: Duration = Duration::from_secs(60);

/// A monitor that mails through `port`, and its only site. One bad look raises an outage, one good look ends it.
fn monitor(database: TestDatabase, port: u16, more: &str) -> (Monitor, SiteServer) {
    let server = SiteServer::start();
    let monitor = Monitor::configured(
        database,
        &[],
        &format!(
            "attempts = 1\nrecover_after = 1\n[email]\nfrom = \"djamon@example.org\"\nhost = \"127.0.0.1\"\n\
             to = [\"ann@example.org\", \"bob@example.org\"]\nport = {port}\n{more}"
        ),
    );
    monitor.add("shop", &server.url(), Default::default());
    (monitor, server)
}

const CLEAR: &str = "tls = \"none\"";

/// One run that sees this status.
fn look(monitor: &Monitor, server: &SiteServer, status: u16) -> Value {
    server.answer(status);
    monitor.run()["alerts"].clone()
}

fn alerts(monitor: &Monitor) -> Vec<Value> {
    serde_json::from_str(&monitor.said(&["alerts", "list", "--json"]).1).unwrap()
}

fn subjects(mails: &[Arrived]) -> Vec<String> {
    let first_word = |mail: &Arrived| mail.header("Subject").unwrap().split(' ').next().unwrap().to_owned();
    mails.iter().map(first_word).collect()
}

fn id(mail: &Arrived) -> String {
    mail.header("Message-ID").unwrap()
}

on_both! {
    fn a_server_that_is_away_for_an_hour_gets_the_whole_outage_in_one_mail(database: TestDatabase) {
        let port = SmtpSink::start(Script::default()).port();
        let (monitor, server) = monitor(database, port, CLEAR);
        look(&monitor, &server, 503);
        let mut tried_at = Vec::new();
        for minute in 1..60 {
            let before = alerts(&monitor).pop().unwrap()["tries"].clone();
            look(&monitor, &server, if minute < 50 { 503 } else { 200 });
            let opened = alerts(&monitor).pop().unwrap();
            if opened["tries"] != before && opened["tries"] != 1 { tried_at.push(minute); }
        }
        assert_eq!(tried_at, [1, 3, 7, 15, 31], "1, 2, 4, 8 … minutes after each other");
        let sink = SmtpSink::at(port, Script::default());
        (60..64).for_each(|_| drop(look(&monitor, &server, 200)));
        assert_eq!(subjects(&sink.mails()), ["RESOLVED:"]);
        assert!(sink.mails()[0].text.contains("began and ended before a message"), "{}", sink.mails()[0].text);
        assert!(alerts(&monitor).iter().all(|alert| alert["state"] == "sent"));
    }

    fn a_refusal_for_now_is_tried_again_and_one_for_good_is_parked_until_it_is_retried(database: TestDatabase) {
        let sink = SmtpSink::start(Script::default().answering("MAIL", "451 greylisted"));
        let (monitor, server) = monitor(database, sink.port(), CLEAR);
        assert_eq!(look(&monitor, &server, 503), json!({"sent": 0, "pending": 1, "failed": 0}));
        sink.follow(Script::default().answering("MAIL", "550 not you"));
        assert_eq!(look(&monitor, &server, 503), json!({"sent": 0, "pending": 0, "failed": 1}));
        let parked = alerts(&monitor).remove(0);
        assert_eq!((&parked["state"], &parked["tries"], &parked["next_try_at"]), (&json!("parked"), &json!(2), &Value::Null));
        assert!(parked["last_error"].as_str().unwrap().ends_with("refused the sender (550): not you"));
        sink.follow(Script::default());
        assert_eq!(look(&monitor, &server, 503), json!({"sent": 0, "pending": 0, "failed": 0}), "parked is parked");
        monitor.said(&["alerts", "retry", "email"]).0.unwrap();
        assert_eq!(monitor.said(&["alerts", "deliver"]), (Ok(Exit::Done), String::new()));
        assert_eq!(subjects(&sink.mails()), ["DOWN:"]);
    }

    fn one_of_two_recipients_refused_is_sent_to_the_other_once(database: TestDatabase) {
        let sink = SmtpSink::start(Script::default().answering("RCPT TO:<ann@", "550 unknown"));
        let (monitor, server) = monitor(database, sink.port(), CLEAR);
        assert_eq!(look(&monitor, &server, 503)["sent"], 1);
        (0..3).for_each(|_| drop(look(&monitor, &server, 503)));
        assert_eq!(sink.mails().iter().map(|mail| mail.to.clone()).collect::<Vec<_>>(), [["bob@example.org"]]);
    }

    fn a_server_without_starttls_hears_neither_password_nor_mail_however_often_it_is_tried(database: TestDatabase) {
        let sink = SmtpSink::start(Script::default().offering("AUTH PLAIN LOGIN"));
        let (monitor, server) = monitor(database, sink.port(), "tls = \"starttls\"\nuser = \"ann\"\npassword = \"hunter2\"");
        (0..4).for_each(|_| drop(look(&monitor, &server, 503)));
        let waiting = alerts(&monitor).remove(0);
        assert_eq!((&waiting["state"], &waiting["tries"]), (&json!("retry"), &json!(3)));
        assert!(waiting["last_error"].as_str().unwrap().contains("offers no STARTTLS, so nothing was sent"));
        let said = sink.said();
        assert!(said.iter().all(|said| said.starts_with("EHLO") || said == "QUIT"), "{said:?}");
    }

    fn a_starttls_that_fails_gives_nothing_away_and_is_tried_again(database: TestDatabase) {
        let (config, _) = certificate();
        let tls = || Script::default().offering("AUTH PLAIN LOGIN").with_starttls(Arc::clone(&config));
        let sink = SmtpSink::start(tls().answering("STARTTLS", "502 what?"));
        let (monitor, server) = monitor(database, sink.port(), "tls = \"starttls\"\nuser = \"ann\"\npassword = \"hunter2\"");
        for (tries, why) in [(1, "refused STARTTLS (502)"), (2, "certificate")] {
            look(&monitor, &server, 503);
            let waiting = alerts(&monitor).remove(0);
            assert_eq!((&waiting["state"], &waiting["tries"]), (&json!("retry"), &json!(tries)));
            assert!(waiting["last_error"].as_str().unwrap().contains(why), "{waiting}");
            sink.follow(tls());
        }
        let said = sink.said();
        assert!(!said.iter().any(|said| said.starts_with("AUTH") || said.starts_with("MAIL")), "{said:?}");
    }

    fn a_test_that_is_refused_says_so_and_an_alert_is_parked(database: TestDatabase) {
        let sink = SmtpSink::start(Script::default().answering("MAIL", "530 authentication required"));
        let (monitor, server) = monitor(database, sink.port(), CLEAR);
        let refused = |channel: &str| monitor.said(&["alerts", "test", channel]).0.unwrap_err();
        assert_eq!((refused("email").exit(), refused("email").lines().count()), (Exit::Failed, 1));
        assert!(refused("email").to_string().ends_with("; set [email] user and password"));
        let mistyped = refused("emial");
        assert_eq!((mistyped.exit(), mistyped.to_string().as_str()), (Exit::Usage, "there is no channel \"emial\"; there are email"));
        look(&monitor, &server, 503);
        assert_eq!(alerts(&monitor)[0]["state"], "parked", "no number of tries makes it right");
    }

    fn a_server_that_takes_the_mail_and_hangs_up_gets_that_mail_again_and_no_other(database: TestDatabase) {
        let sink = SmtpSink::start(Script::default().taking_and_closing());
        let (monitor, server) = monitor(database, sink.port(), CLEAR);
        look(&monitor, &server, 503);
        look(&monitor, &server, 200);
        sink.follow(Script::default());
        (0..4).for_each(|_| drop(look(&monitor, &server, 200)));
        let mails = sink.mails();
        assert_eq!(subjects(&mails), ["DOWN:", "DOWN:", "DOWN:", "RESOLVED:"]);
        assert!(mails[..3].iter().all(|mail| id(mail) == id(&mails[0])), "the outage's end was not told under that name");
        assert_ne!(id(&mails[3]), id(&mails[0]));
    }

    fn two_deliveries_at_once_send_one_mail(database: TestDatabase) {
        let sink = SmtpSink::start(Script::default().answering("MAIL", "451 later"));
        let (monitor, server) = monitor(database, sink.port(), CLEAR);
        look(&monitor, &server, 503);
        sink.follow(Script::default());
        monitor.clock.pass(MINUTE);
        let monitor = &monitor;
        std::thread::scope(|scope| {
            let deliveries: Vec<_> = (0..4).map(|_| scope.spawn(|| monitor.said(&["alerts", "deliver"]).0)).collect();
            deliveries.into_iter().for_each(|one| assert_eq!(one.join().unwrap(), Ok(Exit::Done)));
        });
        assert_eq!(sink.mails().len(), 1);
    }

    fn a_mail_that_cannot_be_marked_comes_once_more_under_the_same_name(database: TestDatabase) {
        let sink = SmtpSink::start(Script::default());
        let (monitor, server) = monitor(database, sink.port(), CLEAR);
        server.answer(503);
        never_sent(&mut monitor.connect(), true);
        let failure = monitor.run_with(&Default::default()).0.unwrap_err();
        assert_eq!((failure.exit(), failure.to_string().contains("is locked")), (Exit::Failed, true), "{failure}");
        assert_eq!(alerts(&monitor)[0]["state"], "claimed");
        never_sent(&mut monitor.connect(), false);
        (0..6).for_each(|_| drop(look(&monitor, &server, 503)));
        let mails = sink.mails();
        assert_eq!((mails.len(), id(&mails[0])), (2, id(&mails[1])));
        assert_eq!(alerts(&monitor)[0]["state"], "sent");
    }

    fn a_delivery_that_is_told_to_end_finishes_the_message_under_way(database: TestDatabase) {
        let sink = SmtpSink::start(Script::default().answering_later(".", Duration::from_secs(1), "250 queued"));
        let place = Place::with(&format!(
            "[database]\nurl = {:?}\n[check]\nsandbox_urls = []\n[email]\nfrom = \"djamon@example.org\"\n\
             to = [\"ops@example.org\"]\nhost = \"127.0.0.1\"\nport = {}\ntls = \"none\"\n",
            database.url_text, sink.port()
        ));
        // Three warnings of three days: they are of no outage, and each is a mail of its own.
        let mut connection = database.connect();
        let now = djamon_core::domain::Instant::from_ms(1_700_000_000_000);
        let shop = add_site(&mut connection, "shop", now);
        for day in [1, 10, 18] {
            let at = now.plus(Duration::from_secs(86_400 * day));
            let certificate_expires_at = Some(now.plus(Duration::from_secs(86_400 * 20)));
            let look = djamon_core::domain::Observation { certificate_expires_at, ..seen(&shop, at, true) };
            run(&mut connection, at, vec![look], &["email"]);
        }
        let delivery = Running::start(&mut place.check(&["alerts", "deliver"]));
        while !sink.said().iter().any(|said| said == "DATA") {
            std::thread::sleep(Duration::from_millis(5));
        }
        let said = delivery.end("TERM");
        assert_eq!((said.code, said.err.as_str(), sink.mails().len()), (0, "", 1));
        let states: Vec<Value> = place.json(&["alerts", "list", "--json"]).as_array().unwrap().iter().map(|alert| alert["state"].clone()).collect();
        assert_eq!(states, ["pending", "pending", "sent"]);
    }

    fn what_would_be_told_can_be_read_before_it_is(database: TestDatabase) {
        let sink = SmtpSink::start(Script::default());
        let (monitor, server) = monitor(database, sink.port(), CLEAR);
        look(&monitor, &server, 503);
        look(&monitor, &server, 200);
        let shown = monitor.said(&["alerts", "preview", "--outage", "1", "--channel", "email"]).1;
        assert!(shown.contains("\nSubject: RESOLVED: shop (after 1 minute)\n\nThe outage is over."), "{shown}");
        let shown = monitor.said(&["alerts", "preview", "--outage", "1", "--channel", "email", "--event", "opened"]).1;
        assert!(shown.contains("\nSubject: DOWN: shop"), "{shown}");
        let refused = |words: &[&str]| monitor.said(words).0.unwrap_err().to_string();
        assert_eq!(refused(&["alerts", "preview", "--outage", "1", "--channel", "pager"]), "there is no channel \"pager\"; there are email");
        assert_eq!(refused(&["alerts", "preview", "--outage", "2", "--channel", "email"]), "there is no outage \"2\"; djamon-check outages lists them");
        assert_eq!(
            refused(&["alerts", "preview", "--outage", "1", "--channel", "email", "--event", "reminder"]),
            "--event: outage 1 has no such event; it has opened, resolved"
        );
        assert_eq!(sink.mails().len(), 2, "nothing was sent by looking");
        assert_eq!(
            monitor.said(&["alerts", "stats"]).1,
            "The last 30 days: 2 sent, 0 on their way, 0 parked, 0 lost; 0 failed at least once.\n\
             95 in 100 were taken by the other side within 0s.\n"
        );
        let stats: Value = serde_json::from_str(&monitor.said(&["alerts", "stats", "--json"]).1).unwrap();
        assert_eq!(stats, json!({"days": 30, "owed": 2, "sent": 2, "retried": 0, "parked": 0, "pending": 0, "lost": 0, "delay_p95_ms": 0}));
    }

    fn a_real_server_takes_the_password_or_the_command_says_what_to_do(database: TestDatabase) {
        let mail = MailServer::with_password("ann", "hunter2");
        let place = |password: &str| {
            let place = Place::with(&format!(
                "[database]\nurl = {:?}\n[check]\nsandbox_urls = []\n[email]\nfrom = \"djamon@example.org\"\n\
                 to = [\"ops@example.org\"]\nhost = \"127.0.0.1\"\nport = {}\nuser = \"ann\"\npassword = {password:?}\n",
                database.url_text,
                mail.port()
            ));
            place.with_variable("SSL_CERT_FILE", mail.roots().display().to_string())
        };
        let refused = place("hunter3").refused(3, &["alerts", "test", "email"]);
        assert!(refused.starts_with("the test did not leave by email: 127.0.0.1:"), "{refused}");
        assert!(refused.contains("refused the sign-in (535)"), "{refused}");
        assert!(refused.ends_with("; check [email] user and password") && !refused.contains("hunter3"), "{refused}");
        assert_eq!(mail.mails().len(), 0);
        place("hunter2").done(&["alerts", "test", "email"]);
        assert!(mail.mails()[0].contains("TEST: Djamon can reach you here"));
    }
}

/// From now on the database says that it is locked whenever a message is to be marked as sent; or no more.
fn never_sent(connection: &mut AnyConnection, never: bool) {
    let sql = match (&*connection, never) {
        (AnyConnection::Sqlite(_), true) => {
            "CREATE TRIGGER never BEFORE UPDATE ON outbox WHEN NEW.state = 'sent'
             BEGIN SELECT RAISE(ABORT, 'database is locked'); END"
        }
        (AnyConnection::Sqlite(_), false) => "DROP TRIGGER never",
        (AnyConnection::Postgres(_), true) => {
            "CREATE FUNCTION never() RETURNS trigger LANGUAGE plpgsql AS
             $$ BEGIN RAISE EXCEPTION 'canceling statement due to lock timeout'; END $$;
             CREATE TRIGGER never BEFORE UPDATE ON outbox FOR EACH ROW WHEN (NEW.state = 'sent') EXECUTE FUNCTION never()"
        }
        (AnyConnection::Postgres(_), false) => "DROP TRIGGER never ON outbox",
    };
    connection.batch_execute(sql).unwrap();
}
