//! Channels and acknowledging by the pages.

use djamon_core::store::channels;
use djamon_tests::browser::Browser;
use djamon_tests::http_sink::{Answer, HttpSink};
use djamon_tests::on_both;
use djamon_tests::web::config;

use super::people::{PASSWORD, with_people};
use super::*;

const SECRET: &str = "hunter2-and-then-some";

on_both! {
    fn a_channel_is_added_edited_tried_and_removed_by_forms(database: TestDatabase) {
        let scene = with_people(&database);
        let sink = HttpSink::start([Answer::new(204), Answer::new(500)]);
        let mut config = config(&database);
        config.alerts.key.0 = "a key of at least thirty-two letters".into();
        let (web, _) = web(&config, scene.now);
        let mut alice = Browser::signed_in(&web, "Alice", PASSWORD);
        let form = "/manage/add/channel/webhook";
        let url = format!("{}/{SECRET}", sink.url());
        let added = alice.submit(form, form, &[("name", "ops & co"), ("groups", "shops"), ("url", &url)]);
        let list = alice.follow(&added).body;
        assert!(list.contains("ops &amp; co is added") && list.contains("Webhook, told of shops"), "{list}");

        let page = "/manage/channels/ops%20%26%20co";
        let shown = alice.get(page).body;
        assert!(shown.contains("It is kept, and shown to nobody") && !shown.contains(SECRET), "{shown}");
        let tried = alice.submit(page, &format!("{page}/test"), &[]);
        assert!(alice.follow(&tried).body.contains("The test has left"));
        assert_eq!(sink.requests()[0].target, format!("/{SECRET}"));
        let refused = alice.submit(page, &format!("{page}/test"), &[]);
        let said = alice.follow(&refused).body;
        assert!(said.contains("did not leave by ops &amp; co") && said.contains("500") && !said.contains(SECRET), "{said}");

        let edit = [("version", "1"), ("name", "ops"), ("enabled", "no"), ("groups", ""), ("url", "")];
        let saved = alice.submit(page, page, &edit);
        assert!(alice.follow(&saved).body.contains("ops is saved."));
        let kept = channels::by_name(&mut database.connect(), "ops").unwrap();
        assert_eq!((kept.enabled, kept.groups.len(), kept.version), (false, 0, 2));
        let off = alice.submit("/manage/channels/ops", "/manage/channels/ops/test", &[]);
        assert!(alice.follow(&off).body.contains("The test did not leave by ops: it is disabled; enable it first"));
        assert!(kept.settings.contains("sealed"), "an empty secret stays as it is: {}", kept.settings);
        let late = [edit[0], edit[1], ("enabled", "yes"), ("groups", "shops"), ("url", "")];
        let late = alice.submit("/manage/channels/ops", "/manage/channels/ops", &late);
        assert_eq!(late.status, 409);
        assert!(late.body.contains("Somebody else has saved this channel meanwhile"), "{}", late.body);
        for both in ["It is</th><td class=\"both\">no</td><td class=\"both\">yes", "Told of</th><td class=\"both\">–</td><td class=\"both\">shops"] {
            assert!(late.body.contains(both), "{both}: {}", late.body);
        }

        let gone = alice.submit("/manage/channels/ops/remove", "/manage/channels/ops/remove", &[]);
        assert!(alice.follow(&gone).body.contains("ops is removed."));
        assert_eq!(alice.get("/manage/channels/ops").status, 404);
    }

    fn what_is_wrong_with_a_channel_stands_at_its_field(database: TestDatabase) {
        let scene = with_people(&database);
        let (web, _) = web(&config(&database), scene.now);
        let mut alice = Browser::signed_in(&web, "Alice", PASSWORD);
        let form = "/manage/add/channel/ntfy";
        let fields = [("name", "phone"), ("groups", "none"), ("topic", SECRET), ("url", "ftp://x"), ("priority", "9")];
        let reply = alice.submit(form, form, &fields);
        assert_eq!(reply.status, 422);
        for told in ["there is no group &quot;none&quot;", "value=\"phone\"", "value=\"9\""] {
            assert!(reply.body.contains(told), "{told}: {}", reply.body);
        }
        assert!(reply.body.contains("id=\"e-groups\"") && !reply.body.contains(SECRET), "{}", reply.body);
        assert_eq!(alice.get("/manage/add/channel/pigeon").status, 404);
    }

    fn an_outage_is_taken_in_hand_once(database: TestDatabase) {
        let scene = with_people(&database);
        let (web, _) = web(&config(&database), scene.now);
        let mut alice = Browser::signed_in(&web, "Alice", PASSWORD);
        let mut bob = Browser::signed_in(&web, "Bob", PASSWORD);
        assert!(!bob.get("/outages/1").body.contains("I have it in hand"));
        let wrong = alice.submit("/outages/1", "/outages/1/ack", &[("why", &"a".repeat(501))]);
        assert!(wrong.status == 422 && wrong.body.contains("id=\"e-why\""), "{}", wrong.body);
        let taken = alice.submit("/outages/1", "/outages/1/ack", &[("why", "on it")]);
        let page = alice.follow(&taken).body;
        assert!(page.contains("Acknowledged") && page.contains("on it") && !page.contains("I have it in hand"), "{page}");
        assert_eq!(alice.submit("/outages/1", "/outages/1/ack", &[]).status, 409);
        let outage = bob.get("/api/v1/outages/1").json();
        assert_eq!((&outage["acknowledged"]["by"], &outage["acknowledged"]["why"]), (&"Alice".into(), &"on it".into()));
    }
}
