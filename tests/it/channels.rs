//! Channels by command and by file: what they take, and that their secrets are told to nobody.

use std::os::unix::fs::PermissionsExt;

use djamon_tests::http_sink::{Answer, HttpSink};
use djamon_tests::place::Place;
use serde_json::json;

const SECRET: &str = "hunter2-and-then-some";

/// A place with a webhook channel called ops whose secret address leads to `url`.
fn with_webhook(url: &str) -> Place {
    let place = Place::default();
    let said =
        place.run_with_input(&["channel", "add", "ops", "webhook", "--secret", "url"], &format!("{url}\n"));
    assert_eq!((said.code, said.out.as_str(), said.err.as_str()), (0, "ops\n", ""));
    place
}

/// Everything in the directory but the key and what tests write there.
fn kept(place: &Place) -> Vec<u8> {
    ["djamon.db", "djamon.db-wal"]
        .iter()
        .flat_map(|file| std::fs::read(place.path().join(file)))
        .flatten()
        .collect()
}

#[test]
fn a_channel_is_added_shown_edited_switched_and_removed() {
    let place = Place::default();
    place.done(&["group", "add", "Shops"]);
    let add = [
        "channel",
        "add",
        "ops",
        "email",
        "from=djamon@shop.example",
        "to=ann@shop.example,ops@shop.example",
    ];
    assert_eq!(
        place.done(&[&add[..], &["port=2525", "file_dir=mail", "--group", "shops"]].concat()),
        "ops\n"
    );
    let mail = place.path().join("mail");
    let shown = place.json(&["channel", "show", "ops", "--json"]);
    assert_eq!(
        shown,
        json!({
            "name": "ops", "kind": "email", "enabled": true, "groups": ["shops"], "source": "database", "version": 1,
            "settings": {
                "from": "djamon@shop.example", "to": ["ann@shop.example", "ops@shop.example"], "port": 2525,
                "file_dir": mail,
            },
        })
    );
    place.done(&[
        "channel",
        "edit",
        "ops",
        "--unset",
        "port",
        "--all-groups",
        "--rename",
        "people",
        "tls=implicit",
    ]);
    place.done(&["channel", "disable", "people"]);
    let shown = place.json(&["channel", "list", "--json"]);
    assert_eq!(
        (&shown[0]["settings"]["tls"], &shown[0]["settings"]["port"]),
        (&json!("implicit"), &json!(null))
    );
    assert_eq!(
        (&shown[0]["enabled"], &shown[0]["groups"], &shown[0]["version"]),
        (&json!(false), &json!([]), &json!(3))
    );
    assert_eq!(
        place.done(&["channel", "list"]),
        "CHANNEL  KIND   IS   TOLD OF\npeople   email  off  everything\n"
    );
    place.done(&["channel", "enable", "people"]);
    place.done(&["channel", "remove", "people"]);
    assert_eq!(place.done(&["channel", "list"]), "");
}

#[test]
fn a_secret_is_kept_encrypted_and_shown_by_nothing() {
    let sink = HttpSink::start(vec![Answer::new(204)]);
    let url = format!("{}/{SECRET}", sink.url());
    let place = with_webhook(&url);
    assert!(!String::from_utf8_lossy(&kept(&place)).contains(SECRET), "the database holds the secret");
    let mode = place.path().join("channels.key").metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    for words in
        [&["channel", "show", "ops"][..], &["channel", "list", "--json"], &["export"], &["alerts", "list"]]
    {
        let said = place.run(words);
        assert!(!format!("{said:?}").contains(SECRET), "{words:?}: {said:?}");
    }
    assert!(place.done(&["export", "--with-secrets"]).contains(SECRET));
    // It is the right one all the same.
    place.done(&["alerts", "test", "ops"]);
    assert_eq!(sink.requests()[0].target, format!("/{SECRET}"));
}

#[test]
fn an_export_applied_again_keeps_the_secrets_behind_the_masks() {
    let place = with_webhook(&format!("http://127.0.0.1:9/{SECRET}"));
    for words in [&["export"][..], &["export", "--with-secrets"]] {
        place.write("export.toml", &place.done(words));
        assert_eq!(place.done(&["apply", "export.toml"]), "", "{words:?}");
    }
    let other = Place::default();
    other.write("export.toml", &place.done(&["export"]));
    let told = other.refused(2, &["apply", "export.toml"]);
    assert!(told.contains("[[channel]]: url: *** stands for a secret"), "{told}");
    other.write("export.toml", &place.done(&["export", "--with-secrets"]));
    assert_eq!(other.done(&["apply", "export.toml"]), "+ channel ops\n");
}

#[test]
fn secrets_that_were_encrypted_with_a_lost_key_are_named_and_can_be_entered_again() {
    let place = with_webhook("http://127.0.0.1:9/x");
    std::fs::write(place.path().join("channels.key"), "another key of more than thirty-two letters\n")
        .unwrap();
    let told = place.refused(3, &["alerts", "test", "ops"]);
    assert!(told.contains("url was encrypted with another key") && told.contains("channels.key"), "{told}");
    let words = ["channel", "edit", "ops", "--secret", "url"];
    let said = place.run_with_input(&words, "http://127.0.0.1:9/y\n");
    assert_eq!((said.code, said.err.as_str()), (0, ""));
}

#[test]
fn bad_channels_get_one_line_with_the_key_and_the_way_out() {
    let place = with_webhook("http://127.0.0.1:9/x");
    place.done(&["group", "add", "Shops"]);
    place.done(&["channel", "edit", "ops", "--group", "shops"]);
    let refusals: [(&[&str], &str); 9] = [
        (
            &["channel", "add", "x", "slak"],
            "kind: \"slak\" is not a kind of channel; did you mean \"slack\"?",
        ),
        (
            &["channel", "add", "x", "slack", "url=http://a/"],
            "url: is a secret, and arguments are seen by everybody on this machine; use --secret url, url_file=FILE or \
             url_env=VARIABLE",
        ),
        (
            &["channel", "add", "x", "email", "from=a@b.example", "to=c@d.example", "prt=25"],
            "prt: is not a key; did you mean port?",
        ),
        (
            &["channel", "add", "email", "slack"],
            "url: is missing; a channel of this kind needs it; give it as url, url_file or url_env",
        ),
        (&["channel", "show", "opps"], "there is no channel \"opps\"; did you mean ops?"),
        (
            &["channel", "edit", "email", "port=1"],
            "email: is the channel of [email] in djamon.toml; change it there",
        ),
        (&["channel", "edit", "ops"], "nothing to change is given; see djamon-check channel edit --help"),
        (
            &["channel", "edit", "ops", "--unset", "token"],
            "--unset: \"token\" is not set; djamon-check channel show ops shows what is",
        ),
        (
            &["group", "remove", "shops"],
            "group: \"shops\" is what the channel ops is told of; change or remove that first",
        ),
    ];
    for (words, told) in refusals {
        assert_eq!(place.run(words).refusal(2), told, "{words:?}");
    }
}
