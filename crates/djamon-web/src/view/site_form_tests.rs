use djamon_core::domain::{Instant, SiteId};

use super::*;

fn form(fields: &[(&str, &str)]) -> Form {
    Form(fields.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect())
}

fn site(options: SiteOptions) -> Site {
    Site {
        id: SiteId(1),
        slug: "shop".into(),
        name: "Shop".into(),
        target: Target::parse("http://ann:hush@shop.example/").unwrap(),
        group: None,
        options,
        public: false,
        version: 1,
        created_at: Instant::from_ms(0),
        edited_at: Instant::from_ms(0),
        paused_at: None,
        removed_at: None,
    }
}

fn all_options() -> SiteOptions {
    serde_json::from_value(json!({
        "method": "post", "body": " a b ", "good_codes": "200-204,404", "timeout": "3s", "attempts": 2,
        "recover_after": 4, "interval": "5m", "follow_redirects": false, "insecure": true, "ca_file": "/ca.pem",
        "client_cert": "/cert.pem", "client_key": "/key.pem", "ip_family": "ipv4", "contains": "Pay ",
        "not_contains": "Error", "matches": "a+", "json_path": "$.a", "json_value": "== 5",
        "expect_header": "X-Health: ok", "max_time": "800ms", "slow_is_failure": true,
        "headers": {"Accept": "text/html", "X-Token": "hush"},
    }))
    .unwrap()
}

#[test]
fn every_option_has_a_field() {
    let topics = topics(&[], &Policy::default(), true);
    let names: Vec<&str> = topics.iter().flat_map(|topic| &topic.fields).map(|field| field.name).collect();
    let missing: Vec<_> = SiteOptions::NAMES.iter().filter(|name| !names.contains(name)).collect();
    assert!(missing.is_empty(), "{missing:?}");
    let set = serde_json::to_value(all_options()).unwrap();
    let untold: Vec<_> = SiteOptions::NAMES.iter().filter(|name| set.get(**name).is_none()).collect();
    assert!(untold.is_empty(), "the round trip below says nothing of {untold:?}");
}

#[test]
fn a_site_goes_through_its_form_unchanged_and_no_secret_is_in_it() {
    let site = site(all_options());
    let mut topics = topics(&[], &Policy::default(), false);
    fill(&mut topics, &site, &[]);
    let fields: Vec<(String, String)> = topics
        .iter()
        .flat_map(|topic| &topic.fields)
        .map(|field| (field.name.to_owned(), field.value.clone()))
        .collect();
    assert!(!format!("{fields:?}").contains("hush"), "{fields:?}");
    let draft = read(&Form(fields), &[], Some(&site)).unwrap();
    assert_eq!((&draft.target, &draft.options, draft.public), (&site.target, &site.options, false));
    assert!(topics.iter().all(|topic| topic.is_open), "what is filled is not folded");
}

#[test]
fn an_empty_form_asks_for_an_address_only() {
    let wrong = read(&form(&[("url", " ")]), &[], None).unwrap_err();
    assert_eq!(wrong, [Invalid::new("url", "is empty; write it like https://example.org/")]);
    let draft =
        read(&form(&[("url", "http://a.example"), ("name", " "), ("timeout", "")]), &[], None).unwrap();
    assert_eq!((draft.name, draft.options, draft.public), (None, SiteOptions::default(), true));
}

#[test]
fn everything_wrong_is_told_at_once_each_at_its_field() {
    let typed = [
        ("url", "ftp://a.example/"),
        ("group", "gone"),
        ("good_codes", "2xx"),
        ("timeout", "soon"),
        ("attempts", "many"),
        ("interval", "1 fortnight"),
        ("method", "put"),
        ("headers", "Accept"),
        ("json_value", "5"),
        ("ip_family", "ipv5"),
    ];
    let wrong = read(&form(&typed), &[], None).unwrap_err();
    let mut named: Vec<&str> = wrong.iter().map(|one| one.field.as_str()).collect();
    named.sort_unstable();
    let mut all: Vec<&str> = typed.iter().map(|(name, _)| *name).collect();
    all.sort_unstable();
    assert_eq!(named, all, "{wrong:#?}");
    for one in &wrong {
        assert!(!one.problem.contains("line") && !one.problem.contains("variant"), "{one}");
    }
}

#[test]
fn options_that_do_not_go_together_are_told_too() {
    let wrong = |typed: &[(&str, &str)]| {
        let mut all = vec![("url", "http://127.0.0.1/")];
        all.extend(typed);
        read(&form(&all), &[], None).unwrap_err().remove(0).to_string()
    };
    assert!(wrong(&[("body", "x")]).starts_with("body: is sent by POST only"));
    assert!(wrong(&[("ip_family", "ipv6")]).starts_with("ip_family: is ipv6, but 127.0.0.1"));
    assert!(wrong(&[("matches", "(")]).starts_with("matches: "));
    assert!(wrong(&[("headers", "X-Token: ***")]).contains("masked"));
    assert_eq!(wrong(&[("ca_file", "ca.pem")]), "ca_file: \"ca.pem\" is not a whole path; begin it with /");
    assert_eq!(wrong(&[("headers", "A: 1\nA: 2")]), "headers: \"A\" is there twice");
}

#[test]
fn two_versions_differ_where_they_differ() {
    let site = site(SiteOptions::default());
    let topics = topics(&[], &Policy::default(), false);
    let typed = [("url", "http://***@shop.example/"), ("name", "Store"), ("public", "no"), ("timeout", "3s")];
    let found = differences(&topics, &form(&typed), &site, &[]);
    let of = |one: &Difference| (one.label, one.saved.clone(), one.typed.clone());
    assert_eq!(
        found.iter().map(of).collect::<Vec<_>>(),
        [("Name", "Shop".into(), "Store".into()), ("Time for one request", String::new(), "3s".into())]
    );
}
