//! Who is told of what: channels that listen to some groups only.

use djamon_core::domain::alert::Audience;
use djamon_core::domain::channel::NewChannel;
use djamon_core::domain::{EventKind, Group, Instant, Listener};
use djamon_core::store::outbox::{self, Claim};
use djamon_core::store::{channels, write};
use djamon_tests::on_both;
use djamon_tests::scene::{Scene, good, status};

const NOON: Instant = Instant::from_ms(1_795_000_000_000);

/// A scene with shops and an intranet, a channel for everything and one for each of the two groups.
fn scene(database: &djamon_tests::database::TestDatabase) -> (Scene, Group, Group) {
    let mut scene = Scene::new(database.connect(), NOON);
    let (shops, intranet) = (scene.group("Shops", true), scene.group("Intranet", false));
    for (name, groups) in [("all", vec![]), ("shops", vec![shops.id]), ("intranet", vec![intranet.id])] {
        let new = NewChannel {
            name: name.into(),
            kind: "email".into(),
            settings: "{}".into(),
            enabled: true,
            groups: groups.clone(),
        };
        write(&mut scene.connection, |connection| channels::add(connection, &new, NOON)).unwrap();
    }
    let all = channels::all(&mut scene.connection).unwrap();
    scene.channels =
        all.into_iter().map(|channel| Listener { channel: channel.name, groups: channel.groups }).collect();
    scene.site("Shop", Some(&shops));
    scene.site("Wiki", Some(&intranet));
    scene.site("Loner", None);
    (scene, shops, intranet)
}

fn claim(scene: &mut Scene, channel: &str) -> Option<Claim> {
    outbox::claim(&mut scene.connection, channel, Audience::People, scene.now).unwrap()
}

/// What the channel is told next: kinds of events and names of sites.
fn told(scene: &mut Scene, channel: &str) -> Option<(Vec<EventKind>, Vec<String>)> {
    let claim = claim(scene, channel)?;
    outbox::settle(&mut scene.connection, &claim, &outbox::Settled::Sent, scene.now).unwrap();
    let kinds = claim.story.events.iter().map(|event| event.kind).collect();
    Some((kinds, claim.story.sites.into_iter().map(|site| site.name).collect()))
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

on_both! {
    fn a_channel_hears_of_the_sites_of_its_groups_only(database: TestDatabase) {
        let (mut scene, ..) = scene(&database);
        let down = |slug: &str| if slug == "shop" { status(503, "down") } else { good() };
        scene.minutes(3, down);
        assert_eq!(told(&mut scene, "all"), Some((vec![EventKind::Opened], names(&["Shop"]))));
        assert_eq!(told(&mut scene, "shops"), Some((vec![EventKind::Opened], names(&["Shop"]))));
        assert_eq!(told(&mut scene, "intranet"), None);
        scene.minutes(2, |_| good());
        assert_eq!(told(&mut scene, "shops"), Some((vec![EventKind::Resolved], names(&["Shop"]))));
        assert_eq!(told(&mut scene, "intranet"), None, "who never heard of it hears of no end");
    }

    fn sites_that_join_the_outage_of_others_are_its_beginning_for_whoever_hears_of_it_first(database: TestDatabase) {
        let (mut scene, ..) = scene(&database);
        scene.minutes(3, |slug| if slug == "shop" { status(503, "down") } else { good() });
        told(&mut scene, "all");
        told(&mut scene, "shops");
        let started_at = scene.now;
        scene.minutes(3, |slug| if slug == "loner" { good() } else { status(503, "down") });
        assert_eq!(told(&mut scene, "all"), Some((vec![EventKind::Joined], names(&["Shop", "Wiki"]))));
        assert_eq!(told(&mut scene, "shops"), None);
        let claim = claim(&mut scene, "intranet").unwrap();
        let outage = claim.story.outage.unwrap();
        assert_eq!(claim.story.events[0].kind, EventKind::Opened);
        let since = outage.started_at.since(started_at);
        assert!(outage.started_at >= started_at && since.as_secs() < 60, "it begins with what the channel hears of");
        assert_eq!(claim.story.sites.len(), 1);
    }

    fn batches_of_one_run_tell_each_channel_once(database: TestDatabase) {
        let (mut scene, ..) = scene(&database);
        scene.minutes(3, |_| status(503, "down"));
        for (channel, sites) in [("all", &["Shop", "Wiki", "Loner"][..]), ("shops", &["Shop"]), ("intranet", &["Wiki"])] {
            assert_eq!(told(&mut scene, channel), Some((vec![EventKind::Opened], names(sites))), "{channel}");
            assert_eq!(told(&mut scene, channel), None, "{channel}");
        }
    }

    fn a_renamed_channel_is_still_told_what_it_was_owed(database: TestDatabase) {
        let (mut scene, ..) = scene(&database);
        scene.minutes(3, |_| status(503, "down"));
        let change = djamon_core::domain::channel::ChannelChange { name: Some("crew".into()), ..Default::default() };
        write(&mut scene.connection, |connection| channels::edit(connection, "shops", &change)).unwrap();
        assert_eq!(told(&mut scene, "shops"), None);
        assert_eq!(told(&mut scene, "crew"), Some((vec![EventKind::Opened], names(&["Shop"]))));
    }
}
