//! The command line, told as stories with the real program and an SQLite database of its own.

use djamon_tests::place::Place;
use serde_json::{Value, json};

/// A place with a group and two sites, one of them with secrets.
fn shop() -> Place {
    let place = Place::default();
    assert_eq!(place.done(&["group", "add", "Shops & more"]), "shops-more\n");
    let url = "http://ann:hunter2@shop.example/checkout";
    let options = ["--header", "X-Token: hunter2", "--good-codes", "200-204,404", "--contains", "Pay"];
    let add = ["site", "add", url, "--name", "Checkout", "--group", "Shops & more"];
    assert_eq!(place.done(&[&add[..], &options[..]].concat()), "checkout\n");
    assert_eq!(place.done(&["site", "add", "https://blog.example/"]), "blog-example\n");
    place
}

fn slugs(sites: &Value) -> Vec<&str> {
    sites.as_array().unwrap().iter().map(|site| site["slug"].as_str().unwrap()).collect()
}

#[test]
fn a_site_is_added_shown_edited_paused_resumed_and_removed() {
    let place = shop();
    let edit = ["site", "edit", "checkout", "--name", "Pay desk", "--no-group", "--timeout", "3s"];
    assert_eq!(place.done(&[&edit[..], &["--unset", "good-codes", "--private"]].concat()), "");
    let site = place.json(&["site", "show", "checkout", "--json"]);
    assert_eq!(
        site,
        json!({
            "slug": "checkout", "name": "Pay desk", "url": "http://***@shop.example/checkout", "group": null,
            "public": false, "version": 2, "state": "unknown", "degraded": false, "since": null,
            "options": {"timeout": "3s", "contains": "Pay", "headers": {"X-Token": "***"}},
            "consecutive_failures": 0, "consecutive_good": 0, "last_view": null,
            "certificate_expires_at": null, "uptime": {"24h": null, "7d": null, "30d": null}, "coverage": {"24h": null, "7d": null, "30d": null},
        })
    );
    assert_eq!(place.done(&["site", "pause", "checkout", "blog-example"]), "");
    let states = place.json(&["status", "--json"]);
    assert!(states.as_array().unwrap().iter().all(|site| site["state"] == "paused"));
    assert_eq!(place.done(&["site", "resume", "checkout"]), "");
    assert_eq!(place.done(&["site", "remove", "checkout"]), "");
    assert_eq!(slugs(&place.json(&["site", "list", "--json"])), ["blog-example"]);
    assert_eq!(place.done(&["site", "add", "http://shop.example/", "--slug", "checkout"]), "checkout\n");
}

#[test]
fn tables_have_one_line_for_each_site_and_nothing_for_none() {
    let place = Place::default();
    assert_eq!(place.done(&["status"]), "");
    assert_eq!(place.done(&["site", "list"]), "");
    let place = shop();
    assert_eq!(
        place.done(&["site", "list"]),
        "STATE    SITE          NAME          GROUP       ADDRESS\n\
         unknown  blog-example  blog.example  -           https://blog.example/\n\
         unknown  checkout      Checkout      shops-more  http://***@shop.example/checkout\n"
    );
    assert_eq!(
        place.done(&["status"]),
        "STATE    SITE          FOR  CODE  OUTCOME  TIME  DETAIL\n\
         unknown  blog-example  -    -     -        -\n\
         unknown  checkout      -    -     -        -\n"
    );
    assert_eq!(
        place.done(&["site", "show", "checkout"]),
        "site            checkout\n\
         name            Checkout\n\
         address         http://***@shop.example/checkout\n\
         group           shops-more\n\
         state           unknown\n\
         visitors        see it\n\
         contains        Pay\n\
         good-codes      200-204,404\n\
         headers         X-Token: ***\n"
    );
}

#[test]
fn a_secret_is_shown_by_nothing_but_an_export_that_is_asked_for_it() {
    let place = shop();
    for words in [
        &["site", "list"][..],
        &["site", "list", "--json"],
        &["site", "show", "checkout"],
        &["site", "show", "checkout", "--json"],
        &["status", "--json"],
        &["group", "list", "--json"],
        &["export"],
    ] {
        let said = place.done(words);
        assert!(!said.contains("hunter2") && said.contains("checkout"), "{words:?}: {said}");
    }
    let whole = place.done(&["export", "--with-secrets"]);
    assert!(whole.contains("http://ann:hunter2@shop.example/checkout"), "{whole}");
    assert!(whole.contains("X-Token = \"hunter2\""), "{whole}");
}

#[test]
fn a_shown_address_given_back_keeps_the_password() {
    let place = shop();
    place.done(&["site", "edit", "checkout", "--url", "http://***@shop.example/pay"]);
    assert!(place.done(&["export", "--with-secrets"]).contains("http://ann:hunter2@shop.example/pay"));
    assert_eq!(
        place.refused(2, &["site", "edit", "blog-example", "--url", "http://***@blog.example/"]),
        "url: its user name and password are masked and not known here; write them out"
    );
}

#[test]
fn a_mask_is_never_taken_for_a_user_name_or_a_password() {
    let place = shop();
    let whole = "url = \"http://ann:hunter2@shop.example/checkout\"";
    for (shown, told) in [
        (
            "http://***:***@shop.example/",
            "its user name and password are masked and not known here; write them out",
        ),
        (
            "http://ann:***@shop.example/",
            "masks one of user name and password as ***; write both out, or ***@ before the host to keep both",
        ),
    ] {
        let told = format!("url: {told}");
        for words in [&["site", "add", shown][..], &["probe", shown]] {
            assert_eq!(place.refused(2, words), told, "{words:?}");
        }
        place.write("new.toml", &format!("[[site]]\nname = \"New\"\nurl = \"{shown}\"\n"));
        assert!(place.refused(2, &["apply", "new.toml"]).ends_with(&told));
    }
    let half = ["site", "edit", "checkout", "--url", "http://***:hunter3@shop.example/checkout"];
    assert!(place.refused(2, &half).contains("***@ before the host to keep both"));
    place.done(&["site", "edit", "checkout", "--url", "http://***:***@shop.example/checkout"]);
    assert!(place.done(&["export", "--with-secrets"]).contains(whole));
}

#[test]
fn groups_are_added_listed_edited_and_removed() {
    let place = shop();
    assert_eq!(place.done(&["group", "add", "Internal", "--slug", "in", "--private"]), "in\n");
    assert_eq!(place.done(&["group", "edit", "in", "--name", "Intranet"]), "");
    assert_eq!(
        place.done(&["group", "list"]),
        "GROUP       NAME          SITES  VISITORS\n\
         in          Intranet      0      do not see it\n\
         shops-more  Shops & more  1      see it\n"
    );
    let groups = place.json(&["group", "list", "--json"]);
    assert_eq!(
        groups[0],
        json!({
            "slug": "in", "name": "Intranet", "public": false, "version": 2, "sites": [],
            "counts": {"up": 0, "failing": 0, "down": 0, "paused": 0, "unknown": 0},
        })
    );
    assert_eq!(slugs(&groups[1]["sites"]), ["checkout"]);
    assert_eq!(slugs(&place.json(&["site", "list", "--group", "shops-more", "--json"])), ["checkout"]);
    assert_eq!(place.done(&["group", "remove", "in"]), "");
    assert_eq!(
        place.refused(2, &["group", "remove", "shops-more"]),
        "group: \"shops-more\" still has 1 sites; move or remove them first"
    );
}

#[test]
fn a_name_that_two_groups_have_means_neither() {
    let place = shop();
    assert_eq!(place.done(&["group", "add", "Shops & more"]), "shops-more-2\n");
    let told =
        "\"Shops & more\" is the name of several groups; write the slug of one: shops-more, shops-more-2";
    let named = ["--group", "Shops & more"];
    for words in [
        &["site", "add", "http://a.example/"][..],
        &["site", "edit", "checkout"],
        &["site", "list"],
        &["channel", "add", "ops", "email", "from=a@b.example", "to=c@d.example"],
    ] {
        assert_eq!(place.refused(2, &[words, &named].concat()), format!("group: {told}"), "{words:?}");
    }
    place.write("a.toml", "[[site]]\nurl = \"http://a.example/\"\ngroup = \"Shops & more\"\n");
    assert_eq!(place.refused(2, &["apply", "a.toml"]), format!("a.toml:1: [[site]] group: {told}"));
    place.done(&["site", "edit", "checkout", "--group", "shops-more-2"]);
    assert_eq!(place.json(&["site", "show", "checkout", "--json"])["group"], "shops-more-2");
    // A group of the file comes before those there are.
    let group = "[[group]]\nslug = \"new\"\nname = \"Shops & more\"\n";
    let file = std::fs::read_to_string(place.path().join("a.toml")).unwrap();
    place.write("a.toml", &format!("{group}{file}"));
    place.done(&["apply", "a.toml"]);
    assert_eq!(place.json(&["site", "show", "a-example", "--json"])["group"], "new");
}

#[test]
fn bad_input_gets_one_line_with_the_field_and_the_way_out() {
    let place = shop();
    for (words, line) in [
        (
            &["site", "add", "shop.example"][..],
            "url: \"shop.example\" has no scheme; write it like https://shop.example",
        ),
        (
            &["site", "add", "http://a.example:99999/"],
            "url: \"http://a.example:99999/\" has an impossible port; use 1 to 65535",
        ),
        (
            &["site", "add", "http://a.example/", "--group", "shop"],
            "group: there is no group \"shop\" (there are shops-more); add it with djamon-check group add",
        ),
        (
            &["site", "add", "http://a.example/", "--good-codes", "2xx"],
            "invalid value '2xx' for '--good-codes <CODES>': \"2xx\" is not a status code; write codes and ranges \
             like \"200-299,301\"",
        ),
        (
            &["site", "add", "http://a.example/", "--timeout", "25s"],
            "timeout: 25s is out of range; use up to 20s",
        ),
        (&["site", "edit", "checkout", "--attempts", "0"], "attempts: is out of range; use 1 to 1000"),
        (
            &["site", "add", "http://a.example/", "--slug", "checkout"],
            "slug: \"checkout\" is taken; choose another one",
        ),
        (
            &["site", "add", "http://a.example/", "--slug", "Check out"],
            "slug: \"Check out\" cannot be a slug; use small letters, digits and single hyphens",
        ),
        (&["site", "pause", "chekout"], "there is no site \"chekout\"; did you mean checkout?"),
        (&["site", "show", "zebra"], "there is no site \"zebra\"; djamon-check site list shows all"),
        (&["site", "edit", "checkout"], "nothing to change is given; see djamon-check site edit --help"),
        (
            &["group", "edit", "shop", "--name", "a"],
            "group: there is no group \"shop\" (there are shops-more); add it with djamon-check group add",
        ),
        (&["user", "passwd", "ann"], "there is no user \"ann\"; djamon-check user list shows all"),
        (&["outages", "--limit", "-1"], "invalid value '-1' for '--limit <N>': use a whole number from 1"),
        (
            &["alerts", "list", "--limit", "all"],
            "invalid value 'all' for '--limit <N>': use a whole number from 1",
        ),
        (
            &["ack", "abc"],
            "invalid value 'abc' for '<OUTAGE>': outages have whole numbers from 1; djamon-check outages lists them",
        ),
        (
            &["alerts", "preview", "--outage", "-1", "--channel", "email"],
            "invalid value '-1' for '--outage <N>': outages have whole numbers from 1; djamon-check outages lists them",
        ),
        (
            &["site", "edit", "checkout", "--attempts", "few"],
            "invalid value 'few' for '--attempts <N>': use a whole number",
        ),
        (&["statsu"], "unrecognized subcommand 'statsu'; a similar subcommand exists: 'status'"),
        (&["apply", "nowhere.toml"], "cannot read nowhere.toml: No such file or directory (os error 2)"),
        (
            &["--config", "nowhere.toml", "status"],
            "cannot read nowhere.toml, named by --config: No such file or directory (os error 2)",
        ),
    ] {
        assert_eq!(place.refused(2, words), line, "{words:?}");
    }
}

#[test]
fn several_sites_are_paused_together_or_not_at_all() {
    let place = shop();
    place.refused(2, &["site", "pause", "checkout", "zebra"]);
    assert_eq!(place.json(&["site", "show", "checkout", "--json"])["state"], "unknown");
}

#[test]
fn people_get_passwords_from_stdin_that_are_kept_as_argon2id() {
    let place = Place::default();
    let add = ["user", "add", "Ann", "--admin", "--password-stdin"];
    let said = place.run_with_input(&add, "correct horse\n");
    assert_eq!((said.code, said.out.as_str(), said.err.as_str()), (0, "", ""));
    assert_eq!(
        place.run_with_input(&["user", "add", "Bob", "--password-stdin"], "too short\n").refusal(2),
        "password: is too short; use at least 10 characters"
    );
    assert_eq!(place.run_with_input(&add, "correct horse\n").refusal(2), "name: \"Ann\" is taken");
    assert_eq!(
        place.refused(2, &["user", "add", "Bob"]),
        "no terminal to ask for the password; pipe it in with --password-stdin"
    );
    place.run_with_input(&["user", "add", "Bob", "--password-stdin"], "correct horse");
    let before = hash(&place, "Bob");
    place.run_with_input(&["user", "passwd", "Bob", "--password-stdin"], "battery staple\n");
    assert!(before.starts_with("$argon2id$v=19$") && hash(&place, "Bob") != before, "{before}");
    assert_eq!(place.done(&["user", "disable", "Ann"]), "");
    assert_eq!(
        place.done(&["user", "list"]),
        "NAME  MAY     SIGNS IN\nAnn   admin   no\nBob   viewer  yes\n"
    );
    let users = place.json(&["user", "list", "--json"]);
    assert!(users[0]["disabled_at"].is_string() && users[1]["disabled_at"].is_null());
    assert_eq!((&users[1]["name"], &users[1]["role"]), (&json!("Bob"), &json!("viewer")));
}

#[test]
fn an_invitation_is_a_link_to_the_address_people_see() {
    let place = Place::with("[web]\nbase_url = \"https://example.org/status\"\n");
    let link = place.done(&["user", "invite", "Ann", "--role", "admin"]);
    let key = link.strip_prefix("https://example.org/status/invite?key=").unwrap().trim_end();
    assert_eq!(key.len(), 43);
    assert_eq!(place.done(&["user", "list"]), "NAME  MAY    SIGNS IN\nAnn   admin  invited\n");
    assert_ne!(place.done(&["user", "invite", "Ann", "--admin"]), link, "a lost link is made anew");
    place.run_with_input(&["user", "passwd", "Ann", "--password-stdin"], "correct horse\n");
    assert_eq!(
        place.refused(2, &["user", "invite", "Ann"]),
        "name: \"Ann\" has a password already; a link for a new one is a reset"
    );
    assert!(place.done(&["user", "invite", "Ann", "--reset"]).contains("/invite?key="));
    assert_eq!(
        place.refused(2, &["user", "invite", "Zoe", "--reset"]),
        "there is no user \"Zoe\"; djamon-check user list shows all"
    );
    assert_eq!(
        place.refused(2, &["user", "role", "Ann", "viewer"]),
        "role: \"Ann\" is the last admin who can sign in; make somebody else one first"
    );
    assert_eq!(place.done(&["user", "disable", "Ann"]), "");
    assert_eq!(place.done(&["user", "enable", "Ann"]), "");
    assert_eq!(place.done(&["user", "list"]), "NAME  MAY    SIGNS IN\nAnn   admin  yes\n");
    assert!(place.run(&["user", "role", "Ann", "king"]).err.contains("use admin or viewer"));
}

/// What is kept of a person's password.
fn hash(place: &Place, name: &str) -> String {
    use diesel::prelude::*;
    let path = place.path().join("djamon.db");
    let mut connection = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
    let query = diesel::sql_query("SELECT password_hash AS text FROM users WHERE name = ?");
    #[derive(QueryableByName)]
    struct Found {
        #[diesel(sql_type = diesel::sql_types::Text)]
        text: String,
    }
    query.bind::<diesel::sql_types::Text, _>(name).get_result::<Found>(&mut connection).unwrap().text
}

#[test]
fn help_and_completions_need_no_configuration() {
    let place = Place::with("[nonsense]\n");
    assert!(place.done(&["--help"]).contains("Exit codes:"));
    assert!(place.done(&["completions", "bash"]).contains("--password-stdin"));
    assert_eq!(place.run(&["status"]).code, 2);
    assert!(place.run(&["site"]).err.contains("Usage: djamon-check site"));
}

#[test]
fn nobody_reading_on_is_no_fault() {
    let place = shop();
    let mut child = place.check(&["export"]).stdout(std::process::Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}
