//! From the database and from the command line to the service.

use djamon_core::config::{Kind, kinds, secret_keys};
use djamon_core::domain::alert::Audience;
use djamon_core::domain::{EventKind, Instant};
use djamon_core::store::outbox;
use djamon_tests::clock::NOON;
use djamon_tests::http_sink::{Answer, HttpSink};
use djamon_tests::place::Place;
use djamon_tests::scene::{Scene, good, status};
use djamon_tests::{on_both, receiver};

use super::kinds::message;

on_both! {
    fn a_message_says_of_which_group_a_site_is_and_when_it_was_last_seen_up(database: TestDatabase) {
        let mut scene = Scene::new(database.connect(), NOON);
        let shops = scene.group("Shops", true);
        scene.site("Shop", Some(&shops));
        scene.site("Blog", None);
        scene.minutes(3, |_| good());
        let (shop_was_up, blog_is_new) = (scene.now.minus(std::time::Duration::from_secs(60)), scene.now);
        scene.minute(|slug| if slug == "shop" { status(503, "x") } else { good() });
        scene.minutes(2, |_| status(503, "x"));
        let mut claim = |now: Instant| outbox::claim(&mut scene.connection, "email", Audience::People, now).unwrap().unwrap();
        let story = claim(scene.now).story;
        let site = &story.sites[0];
        assert_eq!((site.slug.as_str(), site.group.as_deref()), ("shop", Some("shops")));
        assert_eq!(site.last_good_at, Some(shop_was_up));
        assert!(message(&story).text.contains("    last seen up Mon 23 Nov 2026 12:02:00 GMT\n"), "{}", message(&story).text);

        let claim = outbox::claim(&mut scene.connection, "email", Audience::People, scene.now.plus(outbox::LEASE)).unwrap().unwrap();
        outbox::settle(&mut scene.connection, &claim, &outbox::Settled::Sent, scene.now).unwrap();
        scene.minute(|_| status(503, "x"));
        let story = outbox::claim(&mut scene.connection, "email", Audience::People, scene.now).unwrap().unwrap().story;
        assert_eq!(story.events[0].kind, EventKind::Joined);
        let blog = story.sites.iter().find(|site| site.slug == "blog").unwrap();
        assert_eq!(blog.group, None);
        // The scene looks at the second site a millisecond after the first.
        assert_eq!(blog.last_good_at, Some(blog_is_new.plus(std::time::Duration::from_millis(1))));
    }
}

#[test]
fn every_kind_is_set_up_by_a_file_and_tried_by_a_command() {
    let place = Place::with("[database]\nurl = \"sqlite://djamon.db\"\n[check]\nsandbox_urls = []\n");
    let receivers: Vec<_> = kinds()
        .into_iter()
        .filter(|kind| *kind != Kind::Email)
        .map(|kind| (kind, receiver::start(kind)))
        .collect();
    let mut file = String::new();
    for (kind, receiver) in &receivers {
        file += &format!("[[channel]]\nname = \"my {kind}\"\nkind = \"{kind}\"\n");
        for (key, value) in receiver::settings(*kind, &receiver.url()) {
            if !secret_keys(*kind).any(|secret| secret == key) {
                file += &format!("{key} = {value}\n");
                continue;
            }
            let name = format!("{kind}-{key}");
            place.write(&name, &format!("{}\n", value.as_str().unwrap()));
            file += &format!("{key}_file = {name:?}\n");
        }
    }
    place.write("channels.toml", &file);
    place.done(&["apply", "channels.toml"]);
    for (kind, receiver) in &receivers {
        let said = place.run(&["alerts", "test", &format!("my {kind}")]);
        assert_eq!((said.code, said.err.as_str()), (0, ""), "{kind}");
        assert_eq!(receiver.requests().len(), 1, "{kind}");
    }
    let exported = place.done(&["export"]);
    assert!(!exported.contains(receiver::SECRET), "{exported}");
}

#[test]
fn a_service_is_told_only_under_a_certificate_that_the_machine_trusts() {
    let (config, authority) = super::mail::certificate();
    let sink = HttpSink::encrypted(config, |_| Answer::new(200));
    let place = Place::with("[database]\nurl = \"sqlite://djamon.db\"\n[check]\nsandbox_urls = []\n");
    place.write("roots.pem", &authority);
    place.write("url", &sink.url().replace("http://", "https://"));
    place.write("channels.toml", "[[channel]]\nname = \"ops\"\nkind = \"slack\"\nurl_file = \"url\"\n");
    place.done(&["apply", "channels.toml"]);

    let refusal = place.refused(3, &["alerts", "test", "ops"]);
    assert!(refusal.contains("invalid peer certificate: UnknownIssuer"), "{refusal}");
    assert_eq!(sink.requests(), []);

    let roots = place.path().join("roots.pem").display().to_string();
    let place = place.with_variable("SSL_CERT_FILE", roots);
    place.done(&["alerts", "test", "ops"]);
    assert_eq!(sink.requests().len(), 1);
}
