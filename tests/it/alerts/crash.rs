//! The crash matrix: `djamon-check` killed at the n-th statement to the database and at the n-th byte to the mail server
//! or the webhook, for n = 1, 2, 3 … until it gets through. Every event arrives, again never more often than there were
//! crashes, under the same name.
//!
//! What SQLite is told are system calls: strace kills at the n-th write and the n-th flush, for between them a statement
//! changes nothing that outlives the process. It counts for each thread, so that a delivery by itself is killed too: the
//! thread that claims and marks does more than the one that waits for it.
//!
//! Programs are told of eight outages side by side by as many processes, each of which has one message under way. A crash is
//! the death of a process; where strace kills several at once, each is one.

mod peer;
mod victim;

use std::collections::{BTreeMap, BTreeSet};

use djamon_tests::database::TestDatabase;
use djamon_tests::{on_both, tell};

use peer::Peer;
use victim::Victim;

/// What a killed monitor left.
struct Outcome {
    crashes: usize,
    delivered: i64,
    duplicates: usize,
}

/// Two runs bring what may be left; then every event has left for the channel, in a message that arrived. What came again
/// came under the name it had, said the same, and was under way in as many crashes.
fn outcome(mut victim: Victim) -> Outcome {
    // 1. What may be left is told.
    for _ in 0..2 {
        victim.time_passes();
        victim.place.done(&["run"]);
    }

    // 2. Nothing is lost.
    assert_eq!(victim.count("outbox WHERE state <> 'sent'"), 0);
    let untold = "events e WHERE NOT EXISTS (SELECT 1 FROM outbox o WHERE o.event_id = e.id)";
    assert_eq!(victim.count(untold), 0);
    let told = victim.messages("state = 'sent'");
    let mut arrived: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for message in victim.peer.arrived() {
        arrived.entry(message.key).or_default().push(message.says);
    }
    let missing: Vec<&String> = told.iter().filter(|key| !arrived.contains_key(*key)).collect();
    assert_eq!(missing, [] as [&String; 0], "messages that never arrived");
    assert_eq!(arrived.len(), told.len(), "no message has two names");
    let stats = victim.place.json(&["alerts", "stats", "--json"]);
    let lost = (&stats["lost"], &stats["pending"], &stats["parked"]);
    assert_eq!(lost, (&0.into(), &0.into(), &0.into()), "{stats}");

    // 3. What came again was owed to a crash.
    for (key, texts) in &arrived {
        let same: BTreeSet<&String> = texts.iter().collect();
        assert_eq!(same.len(), 1, "{key} says the same each time: {texts:#?}");
        let crashes = victim.under_way.get(key).copied().unwrap_or(0);
        assert!(texts.len() <= 1 + crashes, "{key} came {} times of {crashes} crashes", texts.len());
    }
    let duplicates = arrived.values().map(Vec::len).sum::<usize>() - arrived.len();
    assert!(duplicates <= victim.crashes, "{duplicates} duplicates of {} crashes", victim.crashes);
    assert!(duplicates > 0, "nobody was killed between the other side's receipt and the mark");
    assert!(victim.crashes > 20, "{} crashes are few: is anybody killed?", victim.crashes);
    Outcome { crashes: victim.crashes, delivered: victim.count("outbox WHERE state = 'sent'"), duplicates }
}

fn print(database: &TestDatabase, peer: &str, outcome: &Outcome) {
    let kind = if database.url_text.starts_with("sqlite") { "SQLite" } else { "PostgreSQL" };
    let Outcome { crashes, delivered, duplicates } = outcome;
    tell!(
        "crash matrix, {kind}, {peer}: {crashes} crashes, {delivered} delivered, {duplicates} duplicates, 0 lost"
    );
}

/// One outage at a time.
fn one_by_one(database: &TestDatabase, name: &str, peer: Peer) {
    let mut victim = Victim::new(database, peer, 1);
    victim.dies_at_every_step();
    print(database, name, &outcome(victim));
}

on_both! {
    fn whatever_moment_it_is_killed_at_every_event_arrives_by_mail(database: TestDatabase) {
        one_by_one(&database, "mail", Peer::mail());
    }

    fn whatever_moment_it_is_killed_at_every_event_arrives_at_the_webhook(database: TestDatabase) {
        one_by_one(&database, "webhook", Peer::webhook());
    }

    fn of_eight_outages_told_side_by_side_a_crash_doubles_one(database: TestDatabase) {
        let mut victim = Victim::new(&database, Peer::webhook(), 8);
        victim.dies_delivering();
        print(&database, "webhook, 8 outages at a time", &outcome(victim));
    }
}
