//! Tokens: made, shown once, looked up, dated, revoked; by command and over HTTP.

use std::sync::Arc;
use std::time::Duration;

use djamon_core::domain::token::{NewToken, Scope, TokenText};
use djamon_core::domain::{Instant, Span};
use djamon_core::random;
use djamon_core::store::users::{self, Role};
use djamon_core::store::{AnyConnection, StoreError, tokens, write};
use djamon_tests::clock::{NOON, SetClock};
use djamon_tests::on_both;
use djamon_tests::place::Place;
use djamon_tests::web::{Web, config};
use serde_json::json;

fn new(name: &str, scope: Scope) -> NewToken {
    NewToken { name: name.into(), scope, expires: None, created_by: None }
}

fn make(connection: &mut AnyConnection, new: &NewToken) -> Result<TokenText, StoreError> {
    let shown = random::token().unwrap();
    write(connection, |connection| tokens::add(connection, new, &shown, NOON)).map(|_| shown)
}

fn seconds(count: u64) -> Instant {
    NOON.plus(Duration::from_secs(count))
}

on_both! {
    fn a_token_is_found_by_its_text_until_it_is_revoked_and_its_name_is_free_again(database: TestDatabase) {
        let connection = &mut database.connect();
        let shown = make(connection, &new("ci", Scope::Read)).unwrap();
        let found = tokens::by_text(connection, &shown).unwrap().unwrap();
        assert_eq!((found.name.as_str(), found.scope, found.fault(NOON)), ("ci", Scope::Read, None));
        assert_eq!(tokens::by_text(connection, &TokenText::of([0; 32])).unwrap(), None);
        let taken = make(connection, &new("ci", Scope::Write)).unwrap_err().to_string();
        assert_eq!(taken, "name: \"ci\" is taken; choose another one, or revoke that token first");
        write(connection, |connection| tokens::revoke(connection, "ci", NOON)).unwrap();
        assert!(tokens::by_text(connection, &shown).unwrap().unwrap().fault(NOON).unwrap().contains("revoked"));
        assert!(write(connection, |connection| tokens::revoke(connection, "ci", NOON)).is_err());
        make(connection, &new("ci", Scope::Write)).unwrap();
        assert_eq!(tokens::all(connection).unwrap().len(), 2);
    }

    fn the_last_use_is_kept_to_the_minute(database: TestDatabase) {
        let connection = &mut database.connect();
        let shown = make(connection, &new("ci", Scope::Read)).unwrap();
        let mut last = |at: Instant| {
            let token = tokens::by_text(connection, &shown).unwrap().unwrap();
            tokens::used(connection, &token, at).unwrap();
            tokens::by_text(connection, &shown).unwrap().unwrap().last_used_at
        };
        assert_eq!(last(NOON), Some(NOON));
        assert_eq!(last(seconds(59)), Some(NOON));
        assert_eq!(last(seconds(60)), Some(seconds(60)));
    }

    fn a_token_is_as_good_as_who_made_it(database: TestDatabase) {
        let connection = &mut database.connect();
        let ann = write(connection, |connection| users::add(connection, "Ann", Role::Admin, "x", NOON)).unwrap();
        let shown = make(connection, &NewToken { created_by: Some(ann.id), ..new("ci", Scope::Write) }).unwrap();
        let good = tokens::by_text(connection, &shown).unwrap().unwrap();
        assert_eq!((good.fault(NOON), good.scope_now()), (None, Scope::Write));
        let bob = write(connection, |connection| users::add(connection, "Bob", Role::Viewer, "x", NOON)).unwrap();
        let of_bob = make(connection, &NewToken { created_by: Some(bob.id), ..new("bob", Scope::Write) }).unwrap();
        assert_eq!(tokens::by_text(connection, &of_bob).unwrap().unwrap().scope_now(), Scope::Read);
        write(connection, |connection| users::disable(connection, "Ann", NOON)).unwrap();
        assert!(tokens::by_text(connection, &shown).unwrap().unwrap().fault(NOON).unwrap().contains("who made"));
    }

    fn a_token_opens_what_is_closed_to_visitors_while_it_is_good(database: TestDatabase) {
        let connection = &mut database.connect();
        let day = Span(Duration::from_secs(86_400));
        let shown = make(connection, &NewToken { expires: Some(day), ..new("ci", Scope::Read) }).unwrap();
        let revoked = make(connection, &new("old", Scope::Write)).unwrap();
        write(connection, |connection| tokens::revoke(connection, "old", NOON)).unwrap();
        let clock = Arc::new(SetClock::default());
        clock.set(NOON);
        let mut config = config(&database);
        config.web.public = false;
        let web = Web::start(&config, clock.clone()).unwrap();
        let ask = |value: &str| web.ask("GET", "/api/v1/sites", &[("authorization", value)]);
        let bearer = format!("Bearer {}", shown.0);
        assert_eq!(ask(&bearer).status, 200);
        assert_eq!(ask(&format!("bearer  {}", shown.0)).status, 200, "the word's case and spaces do not matter");
        let page = web.ask("GET", "/", &[("authorization", &bearer)]);
        assert_eq!(page.status, 303, "pages know sessions only, and lead to the form for signing in");
        for (value, words) in [
            (format!("Basic {}", shown.0), "send the token as"),
            (shown.0.clone(), "send the token as"),
            ("Bearer dj_x".to_owned(), "is not a token"),
            (format!("Bearer {}", TokenText::of([1; 32]).0), "not known here"),
            (format!("Bearer {}", revoked.0), "was revoked"),
        ] {
            let reply = ask(&value);
            assert_eq!((reply.status, reply.json()["error"]["code"].clone()), (401, json!("token_refused")), "{value}");
            assert_eq!(reply.header("www-authenticate"), "Bearer error=\"invalid_token\"");
            assert!(reply.body.contains(words) && !reply.body.contains(&value), "{}", reply.body);
        }
        clock.set(seconds(86_400));
        assert!(ask(&bearer).body.contains("has ended"));
    }
}

#[test]
fn a_token_is_shown_once_listed_and_revoked_by_command() {
    let place = Place::default();
    let shown = place.done(&["token", "add", "ci", "--scope", "write", "--expires", "90d"]);
    assert!(TokenText::parse(shown.trim_end()).is_some(), "{shown}");
    place.done(&["token", "add", "grafana"]);
    let listed = place.done(&["token", "list"]);
    assert!(!listed.contains("dj_") && listed.contains("grafana  read   never      for ever"), "{listed}");
    let tokens = place.json(&["token", "list", "--json"]);
    assert_eq!((&tokens[0]["name"], &tokens[0]["scope"]), (&json!("ci"), &json!("write")));
    assert!(tokens[0]["expires_at"].is_string() && tokens[1]["expires_at"].is_null());
    assert_eq!(place.done(&["token", "revoke", "ci"]), "");
    assert!(place.json(&["token", "list", "--json"])[0]["revoked_at"].is_string());
    for (words, line) in [
        (vec!["token", "revoke", "ci"], "there is no token \"ci\"; djamon-check token list shows all"),
        (
            vec!["token", "add", "grafana"],
            "name: \"grafana\" is taken; choose another one, or revoke that token first",
        ),
        (vec!["token", "add", "x", "--expires", "1s"], "expires: 1s is out of range; use 1m to 10years"),
    ] {
        assert_eq!(place.refused(2, &words), line, "{words:?}");
    }
    let file = std::fs::read(place.path().join("djamon.db")).unwrap();
    let secret = &shown.as_bytes()[3..20];
    assert!(!file.windows(secret.len()).any(|bytes| bytes == secret), "only a hash is kept");
}
