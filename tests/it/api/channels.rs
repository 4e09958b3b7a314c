//! Channels, made, changed and tried by scripts.

use djamon_tests::http_sink::{Answer, HttpSink};
use djamon_tests::on_both;
use serde_json::json;

use super::*;

const SECRET: &str = "hunter2-and-then-some";

on_both! {
    fn a_channel_is_made_changed_and_removed_and_its_secret_is_told_to_nobody(database: TestDatabase) {
        let mut config = config(&database);
        config.alerts.key.0 = "a key of at least thirty-two letters".into();
        let token = token(&mut database.connect(), Scope::Write);
        let api = Api::with(&config, token);
        api.post("/groups", json!({"name": "Shops"}));
        let made = api.post("/channels", json!({
            "name": "ops team", "kind": "mastodon", "groups": ["shops"],
            "settings": {"url": "https://m.example", "token": SECRET},
        }));
        assert_eq!((made.status, made.header("location"), made.header("etag")), (201, "/api/v1/channels/ops%20team", "\"1\""));
        assert_eq!(made.json(), json!({
            "name": "ops team", "kind": "mastodon", "enabled": true, "groups": ["shops"], "source": "database", "version": 1,
            "settings": {"url": "https://m.example", "token": "***"},
        }));
        let changed = api.patch("/channels/ops%20team", json!({
            "settings": {"visibility": "direct"}, "groups": [], "enabled": false,
        }));
        let shown = changed.json();
        assert_eq!((changed.status, changed.header("etag")), (200, "\"2\""), "{}", changed.body);
        assert_eq!(shown["settings"], json!({"url": "https://m.example", "token": "***", "visibility": "direct"}));
        assert_eq!((&shown["groups"], &shown["enabled"]), (&json!([]), &json!(false)));
        let listed = api.get("/channels");
        assert_eq!(listed.json()["items"][0], shown);
        for reply in [&made, &changed, &listed, &api.get("/channels/ops%20team")] {
            assert!(!reply.body.contains(SECRET), "{}", reply.body);
        }
        let stale = api.ask("DELETE", "/channels/ops%20team", &[("if-match", "\"1\"")]);
        assert_eq!(error(&stale).0, 412);
        assert_eq!(api.ask("DELETE", "/channels/ops%20team", &[]).status, 204);
        assert_eq!(api.get("/channels/ops%20team").status, 404);
    }

    fn what_is_wrong_with_a_channel_is_told_by_key(database: TestDatabase) {
        let api = Api::of(&database);
        let (status, code, fields) = error(&api.post("/channels", json!({
            "kind": "mastodon", "settings": {"url": "ftp://m.example", "token_file": "/etc/shadow"}, "groups": ["none"],
        })));
        assert_eq!((status, code.as_str()), (400, "invalid"));
        assert_eq!(fields["name"], "is missing");
        assert_eq!(
            fields["settings.token_file"],
            "names something of the monitor's machine; set it there, by djamon-check channel"
        );
        assert!(fields["groups"].as_str().unwrap().starts_with("there is no group \"none\""), "{fields}");
        let (_, _, fields) = error(&api.post("/channels", json!({"name": "email", "kind": "slak"})));
        assert_eq!(fields["kind"], "\"slak\" is not a kind of channel; did you mean \"slack\"?");
    }
}

#[test]
fn a_channel_is_tried_at_once_and_a_refusal_is_told() {
    let database = TestDatabase::migrated(djamon_tests::database::Backend::Sqlite);
    let api = Api::of(&database);
    let sink = HttpSink::start([Answer::new(204), Answer::new(403).body("go away")]);
    let url = format!("{}/{SECRET}", sink.url());
    assert_eq!(
        api.post("/channels", json!({"name": "hook", "kind": "webhook", "settings": {"url": url}})).status,
        201
    );
    assert_eq!(api.post("/channels/hook/test", json!({})).status, 204);
    assert_eq!(sink.requests()[0].target, format!("/{SECRET}"));
    let refused = api.post("/channels/hook/test", json!({}));
    let (status, code, fields) = error(&refused);
    assert_eq!((status, code.as_str()), (409, "conflict"));
    assert!(fields["channel"].as_str().unwrap().contains("403"), "{fields}");
    assert!(!refused.body.contains(SECRET), "{}", refused.body);

    // One that is off tells nobody anything, as with `djamon-check alerts test`.
    assert_eq!(api.patch("/channels/hook", json!({"enabled": false})).status, 200);
    let (status, code, fields) = error(&api.post("/channels/hook/test", json!({})));
    assert_eq!((status, code.as_str()), (409, "conflict"));
    assert_eq!(fields["channel"], "it is disabled; enable it first");
    assert_eq!(sink.requests().len(), 2);
}
