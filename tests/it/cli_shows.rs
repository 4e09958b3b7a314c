//! What the command line shows of what was seen: states, outages, alerts, one look; and what it says of a database that
//! cannot be used.

use std::time::Duration;

use djamon_core::domain::Instant;
use djamon_core::domain::alert::Audience;
use djamon_core::store::backend::migrate::open_or_create;
use djamon_core::store::outbox::{self, Settled};
use djamon_core::store::{AnyConnection, DatabaseUrl};
use djamon_tests::clock::NOON;
use djamon_tests::fault_server::FaultServer;
use djamon_tests::place::Place;
use djamon_tests::scripted::{add_site, run, seen};
use serde_json::json;

fn minute(n: u64) -> Instant {
    NOON.plus(Duration::from_secs(60 * n))
}

fn database(place: &Place) -> AnyConnection {
    open_or_create(&DatabaseUrl::Sqlite(place.path().join("djamon.db"))).unwrap()
}

/// The shop is down from minute 0 and the blog is up; in minute 5 the shop is back when it is to be.
fn outage(is_over: bool) -> Place {
    let place = Place::default();
    let mut connection = database(&place);
    let (shop, blog) = (add_site(&mut connection, "shop", NOON), add_site(&mut connection, "blog", NOON));
    for n in 0..7 {
        let good = is_over && n >= 5;
        let observations = vec![seen(&shop, minute(n), good), seen(&blog, minute(n), true)];
        run(&mut connection, minute(n), observations, &["email"]);
    }
    place
}

#[test]
fn status_is_bad_news_while_a_site_is_down_and_shows_it_first() {
    let said = outage(false).run(&["status"]);
    assert_eq!((said.code, said.err.as_str()), (1, ""));
    let lines: Vec<Vec<&str>> = said
        .out
        .lines()
        .map(|line| line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect())
        .collect();
    assert_eq!((lines[1][0], lines[1][1]), ("down", "shop"));
    assert_eq!(lines[1][3..], ["503", "status", "12 ms", "answered 503 Service Unavailable"]);
    assert_eq!((lines[2][0], lines[2][1]), ("up", "blog"));
    assert_eq!(lines[2][3..], ["200", "up", "12 ms"]);
    assert_eq!(outage(true).run(&["status"]).code, 0);
}

#[test]
fn status_as_json_has_the_last_view() {
    let place = outage(false);
    let shop = &place.json(&["status", "--json"])[0];
    assert_eq!((&shop["state"], &shop["consecutive_failures"]), (&json!("down"), &json!(7)));
    assert_eq!(shop["since"], "2026-11-23T12:00:00.000Z");
    let mut view = shop["last_view"].clone();
    assert!(view["id"].as_str().unwrap().len() == 36);
    view["id"] = json!(0);
    assert_eq!(
        view,
        json!({
            "id": 0, "at": "2026-11-23T12:06:00.000Z", "code": 503, "outcome": "status", "degraded": false,
            "detail": "answered 503 Service Unavailable", "duration_ms": 12,
        })
    );
}

#[test]
fn outages_are_shown_with_their_sites_and_events() {
    let place = outage(true);
    assert_eq!(
        place.done(&["outages"]),
        "OUTAGE  STATE     STARTED           RESOLVED          LASTED  SITES\n\
         1       resolved  2026-11-23 12:00  2026-11-23 12:05  5m      shop\n"
    );
    assert_eq!(place.done(&["outages", "--open"]), "");
    assert_eq!(
        place.json(&["outages", "--json"]),
        json!([{
            "id": 1, "state": "resolved", "started_at": "2026-11-23T12:00:00.000Z",
            "detected_at": "2026-11-23T12:02:00.000Z", "resolved_at": "2026-11-23T12:05:00.000Z",
            "acknowledged": null, "duration_ms": 300_000,
            "sites": [{
                "slug": "shop", "name": "shop", "down_at": "2026-11-23T12:00:00.000Z",
                "up_at": "2026-11-23T12:05:00.000Z", "first_outcome": "status", "left": "recovered",
            }],
            "events": [
                {"id": 1, "kind": "opened", "at": "2026-11-23T12:02:00.000Z", "sites": ["shop"]},
                {"id": 2, "kind": "resolved", "at": "2026-11-23T12:06:00.000Z", "sites": []},
            ],
        }])
    );
    let open = outage(false).json(&["outages", "--open", "--json"]);
    assert_eq!((&open[0]["state"], &open[0]["resolved_at"]), (&json!("open"), &json!(null)));
}

#[test]
fn alerts_are_listed_and_parked_ones_leave_again_when_retried() {
    let place = outage(false);
    let alert = |place: &Place| place.json(&["alerts", "list", "--json"])[0].clone();
    let pending = alert(&place);
    assert_eq!((&pending["state"], &pending["event"]), (&json!("pending"), &json!("opened")));
    assert_eq!((&pending["channel"], &pending["outage"]), (&json!("email"), &json!(1)));
    let mut connection = database(&place);
    let claim = outbox::claim(&mut connection, "email", Audience::People, minute(9)).unwrap().unwrap();
    let refused = Settled::Parked { reason: "550 no such user".into() };
    outbox::settle(&mut connection, &claim, &refused, minute(9)).unwrap();
    let parked = alert(&place);
    assert_eq!((&parked["state"], &parked["next_try_at"]), (&json!("parked"), &json!(null)));
    let listed = place.done(&["alerts", "list"]);
    let lines: Vec<Vec<&str>> = listed.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(lines[0], ["STATE", "CHANNEL", "EVENT", "OUTAGE", "AGE", "TRIES", "LAST", "ERROR"]);
    assert_eq!(lines[1][..4], ["parked", "email", "opened", "1"]);
    assert!(lines[1].ends_with(&["1", "550", "no", "such", "user"]), "{listed}");
    assert_eq!(place.done(&["alerts", "list", "--state", "parked", "--channel", "email"]), listed);
    assert_eq!(place.done(&["alerts", "list", "--state", "sent"]), "");
    for words in [&["alerts", "retry", "twiter"][..], &["alerts", "list", "--channel", "twiter"]] {
        assert_eq!(place.refused(2, words), "there is no channel \"twiter\"; there are email");
    }
    assert_eq!(alert(&place)["state"], "parked");
    assert_eq!(place.done(&["alerts", "retry"]), "");
    assert_eq!(alert(&place)["state"], "pending");
}

#[test]
fn one_look_is_told_and_nothing_is_stored() {
    let (place, server) = (Place::default(), FaultServer::plain());
    let told = place.done(&["probe", &server.url("/go/302/~ok")]);
    for line in ["outcome      up", "code         200", "method       head"] {
        assert!(told.lines().any(|told| told == line), "{told}");
    }
    assert_eq!(told.matches("redirect     ").count(), 1, "{told}");
    let broken = place.run(&["probe", &server.url("/status/503"), "--method", "get", "--json"]);
    let seen: serde_json::Value = serde_json::from_str(&broken.out).unwrap();
    assert_eq!((broken.code, broken.err.as_str()), (1, ""));
    assert_eq!(
        (&seen["code"], &seen["outcome"], &seen["method"]),
        (&json!(503), &json!("status"), &json!("get"))
    );
    assert_eq!(seen["address"], format!("127.0.0.1:{}", server.port()));
    assert_eq!(
        place.refused(2, &["probe", "http://a.example/", "--timeout", "21s"]),
        "timeout: 21s is out of range; use up to 20s"
    );
    assert!(!place.path().join("djamon.db").exists());
}

#[test]
fn migrate_tells_what_it_did() {
    let place = Place::default();
    let said = place.done(&["migrate"]);
    assert!(said.starts_with("done: 2026-11-23-000000_foundation\n"), "{said}");
    assert!(said.lines().all(|line| line.starts_with("done: ")), "{said}");
    assert_eq!(place.done(&["migrate"]), "the schema is current\n");
}

#[test]
fn a_database_that_cannot_be_used_is_told_in_one_line() {
    let place = Place::with("[database]\nurl = \"sqlite://nowhere/djamon.db\"\n");
    let line = place.refused(3, &["status"]);
    assert!(line.ends_with("check that its directory exists and may be written"), "{line}");

    let place = Place::default();
    place.write(
        "djamon.db",
        "This is no database, but a text that is longer than a hundred bytes. It goes on and on and on.",
    );
    let line = place.refused(3, &["status"]);
    assert!(line.contains("[database] url names something else, or the file is damaged"), "{line}");

    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let place =
        Place::with(&format!("[database]\nurl = \"postgres://ann:hunter2@127.0.0.1:{port}/djamon\"\n"));
    let line = place.refused(3, &["status"]);
    assert!(line.ends_with("; is PostgreSQL running?") && !line.contains("hunter2"), "{line}");
}

#[test]
fn a_newer_schema_is_refused_by_every_command() {
    use diesel::connection::SimpleConnection;
    let place = Place::default();
    let newer = "INSERT INTO __diesel_schema_migrations (version) VALUES ('20991231000000')";
    database(&place).batch_execute(newer).unwrap();
    for words in [&["status"][..], &["site", "add", "http://a.example/"], &["migrate"]] {
        let line = place.refused(3, words);
        assert!(line.contains("has a newer schema (20991231000000) than this program"), "{line}");
    }
}
