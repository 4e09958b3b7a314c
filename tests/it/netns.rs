//! Networks that fail: addresses that are silent or unreachable, a family that is dead, a resolver that misbehaves, a
//! line that is gone. The real program in network namespaces; root needed.

use std::time::Duration;

use djamon_core::clock::Stopwatch;
use djamon_tests::fault_server::FaultServer;
use djamon_tests::netns::{Network, start_resolver};
use djamon_tests::place::Place;
use djamon_tests::tell;
use serde_json::Value;

/// What `command` printed as JSON, and how long it took.
fn told(network: &Network, place: &Place, words: &[&str]) -> (Value, Duration) {
    let watch = Stopwatch::start();
    let said = network.check(words).current_dir(place.path()).output().unwrap();
    let text = String::from_utf8_lossy(&said.stdout);
    let told = serde_json::from_str(&text)
        .unwrap_or_else(|_| panic!("{words:?}: {text}{}", String::from_utf8_lossy(&said.stderr)));
    (told, watch.elapsed())
}

/// A look at `url` with a limit of two seconds.
fn look(network: &Network, url: &str) -> (Value, Duration) {
    told(network, &Place::default(), &["probe", "--json", "--timeout", "2s", url])
}

/// What a probe says of each URL (`PORT`: a server's on every own address), looked at side by side: outcome, code and a
/// part of the detail.
fn verdicts(rows: &[(&str, &str, Option<u64>, &str)]) {
    let network = Network::new();
    network.inside(|| {
        start_resolver();
        let server = FaultServer::on("[::]");
        let wrong: Vec<String> = std::thread::scope(|scope| {
            let looks: Vec<_> = rows
                .iter()
                .map(|(url, outcome, code, words)| {
                    let url = url.replace("PORT", &server.port().to_string());
                    let network = &network;
                    scope.spawn(move || {
                        let (seen, took) = look(network, &url);
                        let detail = seen["detail"].as_str().unwrap_or_default();
                        let agrees = seen["outcome"] == *outcome
                            && seen["code"].as_u64() == *code
                            && detail.contains(words)
                            // What was never sent does not depend on the method: it is not asked twice.
                            && (!detail.starts_with("no connection") || seen["method"] == "head")
                            && took < Duration::from_secs(10);
                        (!agrees).then(|| format!("{url}: {seen} {took:?}"))
                    })
                })
                .collect();
            looks.into_iter().filter_map(|look| look.join().unwrap()).collect()
        });
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    });
    tell!("network: {} cases agree", rows.len());
}

#[test]
fn addresses_that_are_silent_unreachable_or_without_a_route_are_told_apart() {
    verdicts(&[
        ("http://10.9.0.1:PORT/ok", "up", Some(200), ""),
        ("http://[fd00:9::1]:PORT/ok", "up", Some(200), ""),
        ("http://v4.test:PORT/ok", "up", Some(200), ""),
        ("http://v6.test:PORT/ok", "up", Some(200), ""),
        ("http://10.9.1.9:PORT/ok", "timeout", Some(500), "no connection within 2 s (10.9.1.9:"),
        ("http://dead.test:PORT/ok", "timeout", Some(500), "no connection within 2 s"),
        ("http://[fd00:9:1::9]:PORT/ok", "timeout", Some(500), "no connection within 2 s"),
        ("http://10.9.0.1:1/", "connect", None, "connection refused"),
        ("http://10.9.2.1:PORT/", "connect", None, "host unreachable"),
        ("http://192.0.2.1:PORT/", "local", None, "no route to this address from here"),
        ("http://nowhere.test:PORT/", "local", None, "no route to this address from here"),
        (
            "http://10.9.0.1:PORT/go/302/http:~~10.9.1.9:PORT~",
            "timeout",
            Some(500),
            "redirected to http://10.9.1.9",
        ),
    ]);
}

#[test]
fn a_resolver_that_misbehaves_is_dns_and_the_fault_is_named() {
    verdicts(&[
        ("http://nxdomain.test/", "dns", None, "the name nxdomain.test is unknown"),
        ("http://empty.test/", "dns", None, "the name empty.test has no address"),
        ("http://servfail.test/", "dns", None, "looking up the name servfail.test"),
        ("http://refused.test/", "dns", None, "looking up the name refused.test"),
        ("http://silent.test/", "dns", None, "looking up the name silent.test"),
        ("http://garbage.test/", "dns", None, "looking up the name garbage.test"),
        ("http://truncated.test/", "dns", None, "looking up the name truncated.test"),
        ("http://10.9.0.1:PORT/go/302/http:~~silent.test~", "dns", None, "redirected to http://silent.test/"),
    ]);
}

#[test]
fn a_dead_family_of_addresses_costs_a_quarter_of_a_second() {
    let network = Network::new();
    network.inside(|| {
        start_resolver();
        let server = FaultServer::on("[::]");
        for name in ["dual", "dual-v4-dead"] {
            let (seen, _) = look(&network, &format!("http://{name}.test:{}/ok", server.port()));
            assert_eq!(seen["outcome"], "up", "{seen}");
            // 250 ms, and what a busy machine takes.
            assert!(seen["phases"]["connect_ms"].as_u64().unwrap() < 800, "{seen}");
        }
    });
}

/// What a run with this sandbox and these sites says while something happens to its network; `PORT` is a server's.
fn run_with(sandbox: &[&str], sites: &[&str], meanwhile: impl Fn(&Network, &FaultServer) + Sync) -> Value {
    timed_run(sandbox, sites, meanwhile).0
}

/// The same, and how long the run took.
fn timed_run(
    sandbox: &[&str],
    sites: &[&str],
    meanwhile: impl Fn(&Network, &FaultServer) + Sync,
) -> (Value, Duration) {
    let network = Network::new();
    network.inside(|| {
        start_resolver();
        let server = FaultServer::on("[::]");
        let fill = |url: &&str| url.replace("PORT", &server.port().to_string());
        let sandbox: Vec<_> = sandbox.iter().map(fill).collect();
        let place = Place::with(&format!("[check]\nsandbox_urls = {sandbox:?}\ntimeout = \"2s\"\n"));
        let site = |(n, url)| format!("[[site]]\nname = \"site {n}\"\nurl = {:?}\n", fill(url));
        place.write("sites.toml", &sites.iter().enumerate().map(site).collect::<String>());
        place.done(&["apply", "sites.toml", "-q"]);
        std::thread::scope(|scope| {
            scope.spawn(|| meanwhile(&network, &server));
            told(&network, &place, &["run", "--json"])
        })
    })
}

fn reason(run: &Value) -> &str {
    run["blind"]["reason"].as_str().unwrap_or_default()
}

#[test]
fn a_dead_resolver_beside_a_live_line_blames_nobody() {
    let sites = ["http://servfail.test/", "http://silent.test/", "http://10.9.0.1:PORT/ok"];
    let run = run_with(&["http://silent.test/", "http://10.9.0.1:PORT/ok"], &sites, |_, _| ());
    assert!(reason(&run).starts_with("dns"), "{run}");
    let views = run["views"].as_array().unwrap();
    assert_eq!(views.len(), 1, "only the site that needs no name: {run}");
    assert_eq!(views[0]["outcome"], "up");
}

/// What a run under a sandbox without names says of `sites`: the outcomes in order of the sites, and why it is blind.
fn told_by_address(sites: &[&str]) -> (Vec<String>, String) {
    let run = run_with(&["http://10.9.0.1:PORT/ok"], sites, |_, _| ());
    let mut views: Vec<_> = run["views"].as_array().unwrap().iter().collect();
    views.sort_by_key(|view| view["site"].to_string());
    let outcomes = views.iter().map(|view| view["outcome"].as_str().unwrap().to_owned()).collect();
    (outcomes, reason(&run).to_owned())
}

#[test]
fn an_unknown_name_is_the_sites_own_though_no_other_was_found() {
    let told = told_by_address(&["http://nxdomain.test/", "http://empty.test/"]);
    assert_eq!(told, (vec!["dns".into(), "dns".into()], String::new()));
    // The same without an answer of the resolver tells nothing of the site.
    for silent in ["http://servfail.test/", "http://refused.test/", "http://silent.test/"] {
        let (outcomes, why) = told_by_address(&[silent]);
        assert!(outcomes.is_empty() && why.starts_with("dns"), "{silent}: {outcomes:?} {why}");
    }
}

#[test]
fn a_resolver_that_fails_for_one_site_alone_is_that_sites_failure() {
    // 1. Another site's name was found.
    let told = told_by_address(&["http://servfail.test/", "http://v4.test:PORT/ok"]);
    assert_eq!(told, (vec!["dns".into(), "up".into()], String::new()));
    // 2. The sandbox's name is found when it is asked again, and no other one.
    let run = run_with(&["http://alive.test:PORT/ok"], &["http://servfail.test/"], |_, _| ());
    assert_eq!((&run["blind"], &run["views"][0]["outcome"]), (&Value::Bool(false), &"dns".into()), "{run}");
}

#[test]
fn a_resolver_that_dies_during_the_run_blames_nobody() {
    // The first name is found, and none ever after; the line lives.
    let sandbox = ["http://once.test:PORT/ok", "http://10.9.0.1:PORT/ok"];
    let run = run_with(&sandbox, &["http://v4.test:PORT/ok", "http://10.9.0.1:PORT/ok"], |_, _| ());
    assert!(reason(&run).starts_with("dns"), "{run}");
    let views = run["views"].as_array().unwrap();
    assert_eq!((views.len(), &views[0]["outcome"]), (1, &"up".into()), "only the site without a name: {run}");
}

#[test]
fn a_dead_line_is_blind() {
    let run = run_with(&["http://10.9.1.9/", "http://dead.test/"], &["http://10.9.1.9/"], |_, _| ());
    assert!(reason(&run).starts_with("line"), "{run}");
    assert_eq!(run["views"].as_array().unwrap().len(), 0);
}

#[test]
fn no_network_at_all_is_blind() {
    let run = run_with(&["http://192.0.2.1/", "http://nowhere.test/"], &["http://192.0.2.1/"], |_, _| ());
    assert!(reason(&run).starts_with("line"), "{run}");
}

#[test]
fn a_captive_portal_is_blind() {
    let portal = "http://alive.test:PORT/go/302/http:~~10.9.0.1:PORT~ok";
    let run = run_with(&[portal], &["http://10.9.1.9/"], |_, _| ());
    assert!(reason(&run).starts_with("portal"), "{run}");
}

#[test]
fn a_line_that_dies_while_sites_are_asked_blames_nobody() {
    let sites = ["http://10.9.0.1:PORT/hang", "http://10.9.1.9/"];
    let run = run_with(&["http://10.9.0.1:PORT/ok"], &sites, |network, server| {
        let watch = Stopwatch::start();
        while !server.asked().iter().any(|asked| asked.path == "/hang") {
            assert!(watch.elapsed() < Duration::from_secs(15), "the site was never asked");
            std::thread::yield_now();
        }
        network.ip("addr del 10.9.0.1/32 dev lo");
        network.ip("route add unreachable 10.9.0.0/24");
    });
    assert!(reason(&run).starts_with("line"), "{run}");
    assert_eq!(run["views"].as_array().unwrap().len(), 0, "{run}");
}

#[test]
fn connects_that_nobody_answers_hold_up_no_others() {
    let silent = vec!["http://10.9.1.9:9/"; 400];
    let sites = [silent, vec!["http://10.9.0.1:PORT/ok"; 20]].concat();
    let (run, took) = timed_run(&["http://10.9.0.1:PORT/ok"], &sites, |_, _| ());
    let ups = run["views"].as_array().unwrap().iter().filter(|view| view["outcome"] == "up").count();
    assert_eq!((ups, &run["skipped"], &run["failing"]), (20, &0.into(), &400.into()), "{run}");
    // Two seconds for each, all at once; a place in the gate kept until then would make it ten and more.
    assert!(took < Duration::from_secs(9), "{took:?}");
}

#[test]
fn names_that_nobody_answers_for_keep_no_site_from_being_looked_at() {
    let network = Network::new();
    // As machines have it when nobody says otherwise: a silence costs ten seconds, far more than a site may take.
    network.ask_names_for("options timeout:5 attempts:2");
    network.inside(|| {
        start_resolver();
        let server = FaultServer::on("[::]");
        let alive = server.url("/ok").replace("[::]", "alive.test");
        let place = Place::with(&format!("[check]\nsandbox_urls = [{alive:?}]\ntimeout = \"2s\"\n"));
        let dead = (0..800).map(|n| (format!("dead-{n}"), format!("http://silent.{n}.test/")));
        let well =
            (0..20).map(|n| (format!("well-{n}"), alive.replace("alive.test", &format!("v4.{n}.test"))));
        let sites: String = dead
            .chain(well)
            .map(|(name, url)| format!("[[site]]\nname = {name:?}\nurl = {url:?}\n"))
            .collect();
        place.write("sites.toml", &sites);
        place.done(&["apply", "sites.toml", "-q"]);
        for _ in 0..2 {
            let (run, took) = told(&network, &place, &["run", "--json"]);
            assert_eq!(
                (&run["skipped"], &run["blind"]),
                (&0.into(), &Value::Bool(false)),
                "{}",
                run["skipped_reason"]
            );
            let views = run["views"].as_array().unwrap();
            let wrong: Vec<_> = views
                .iter()
                .filter(|view| {
                    let is_well = view["site"].as_str().unwrap().starts_with("well");
                    view["outcome"] != if is_well { "up" } else { "dns" }
                })
                .collect();
            assert!(
                views.len() == 820 && wrong.is_empty() && took < Duration::from_secs(57),
                "{took:?}: {wrong:?}"
            );
        }
    });
}
