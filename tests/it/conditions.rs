//! What a site may demand of an answer, from the command line to the verdict.

use djamon_tests::http_sink::{Answer, HttpSink, Request};
use djamon_tests::place::Place;
use serde_json::{Value, json};

/// What `probe` sees of a server that gives these answers, and what that server was asked.
pub fn probed(answers: Vec<Answer>, words: &[&str]) -> (Value, Vec<Request>) {
    let (place, server) = (Place::default(), HttpSink::start(answers));
    let url = server.url();
    let seen = place.json(&[&["probe", &url, "--json"], words].concat());
    (seen, server.requests())
}

/// The outcome and the detail.
fn verdict(answer: Answer, words: &[&str]) -> (String, Option<String>) {
    let (seen, _) = probed(vec![answer], words);
    (seen["outcome"].as_str().unwrap().to_owned(), seen["detail"].as_str().map(str::to_owned))
}

fn up() -> (String, Option<String>) {
    ("up".into(), None)
}

fn failed(outcome: &str, detail: &str) -> (String, Option<String>) {
    (outcome.into(), Some(detail.into()))
}

#[test]
fn a_value_on_the_page_is_compared() {
    let page = || Answer::new(200).body(r#"{"queue":{"left":4},"state":"ok"}"#);
    let left = |test| verdict(page(), &["--json-path", "$.queue.left", "--json-value", test]);
    assert_eq!(left("<= 4"), up());
    assert_eq!(left("> 4"), failed("content", "the page has 4 at $['queue']['left'], which is not > 4"));
    let state = |test| verdict(page(), &["--json-path", "$.state", "--json-value", test]);
    assert_eq!(state("!= \"down\""), up());
    assert_eq!(state("== \"OK\"").0, "content");
}

#[test]
fn a_header_is_demanded_and_a_good_head_is_enough_for_it() {
    let asked = |answers, header| {
        let (seen, requests) = probed(answers, &["--expect-header", header]);
        let methods: Vec<_> = requests.into_iter().map(|request| request.method).collect();
        (seen["outcome"].clone(), seen["detail"].clone(), methods.join(" "))
    };
    let answer = |health: &str| Answer::new(200).header("X-Health", health);
    assert_eq!(asked(vec![answer("ok")], "x-health: ok"), (json!("up"), json!(null), "HEAD".into()));
    assert_eq!(
        asked(vec![answer("not ok")], "X-Health: ok"),
        (json!("content"), json!("the header X-Health is \"not ok\", not \"ok\""), "HEAD GET".into())
    );
    assert_eq!(
        asked(vec![Answer::new(200)], "X-Health"),
        (json!("content"), json!("the answer has no header X-Health"), "HEAD GET".into())
    );
    let only_by_get = vec![Answer::new(200), answer("ok")];
    assert_eq!(asked(only_by_get, "X-Health"), (json!("up"), json!(null), "HEAD GET".into()));
    let several = answer("bad").header("X-Health", "ok");
    assert_eq!(asked(vec![several], "X-Health: ok").0, "up");
}

#[test]
fn a_page_is_read_in_its_own_charset() {
    // The sink sends UTF-8: read as Latin-1, its ü is two letters.
    let page = |kind: &str| Answer::new(200).header("Content-Type", kind).body("Grüße");
    assert_eq!(verdict(page("text/html"), &["--contains", "Grüße"]), up());
    assert_eq!(verdict(page("text/html; charset=iso-8859-1"), &["--matches", "^GrÃ¼"]), up());
    assert_eq!(verdict(page("text/html; charset=iso-8859-1"), &["--contains", "Grüße"]).0, "content");
}

#[test]
fn the_same_problem_has_the_same_words_on_the_command_line_and_in_a_file() {
    let place = Place::default();
    let pattern = "\"(\" is not a regular expression: unclosed group (at character 1)";
    let value =
        "\"== x\" has \"x\" at character 4; write a number, text in double quotes, true, false or null there";
    let alone = "compares what json_path selects; give json_path too";
    let name =
        "\"X Health\" has ' ' at character 2, which no header's name has; write it like \"X-Health: ok\"";
    for (option, given, problem) in [
        ("matches", "(", pattern),
        ("json_value", "== x", value),
        ("json_value", "== 5", alone),
        ("expect_header", "X Health", name),
        ("contains", "", "is empty; write something, or leave it away"),
    ] {
        let flag = format!("--{}", option.replace('_', "-"));
        for command in [&["site", "add"][..], &["probe"]] {
            let said = place.refused(2, &[command, &["http://a.example/", &flag, given]].concat());
            assert!(said.ends_with(&format!(": {problem}")), "{said}");
            assert!(said.starts_with(option) || said.contains(&format!("for '{flag}")), "{said}");
        }
        place.write("sites.toml", &format!("[[site]]\nurl = \"http://a.example/\"\n{option} = '{given}'\n"));
        let said = place.refused(2, &["apply", "sites.toml"]);
        assert_eq!(said, format!("sites.toml:3: [[site]] {option}: {problem}"));
    }
    assert_eq!(place.done(&["site", "list"]), "");
}

#[test]
fn an_option_that_another_one_needs_is_not_taken_away_alone() {
    let place = Place::default();
    place.done(&["site", "add", "http://a.example/", "--json-path", "$.a", "--json-value", "== 1"]);
    assert_eq!(
        place.refused(2, &["site", "edit", "a-example", "--unset", "json-path"]),
        "json_value: compares what json_path selects; give json_path too"
    );
    place.done(&["site", "edit", "a-example", "--unset", "json-path", "--unset", "json-value"]);
}

#[test]
fn options_come_back_from_an_export_as_they_were_given() {
    let place = Place::default();
    let page = ["--json-path", "$.a", "--json-value", "!= \"down\"", "--expect-header", "X-Health: ok"];
    let ways = ["--ip-family", "ipv4", "--max-time", "1s", "--slow-is-failure"];
    place.done(&[&["site", "add", "http://a.example/"][..], &page, &ways].concat());
    let site = place.json(&["site", "show", "a-example", "--json"]);
    assert_eq!(
        site["options"],
        json!({
            "json_path": "$.a", "json_value": "!= \"down\"", "expect_header": "X-Health: ok",
            "ip_family": "ipv4", "max_time": "1s", "slow_is_failure": true,
        })
    );
    let file = place.done(&["export"]);
    assert_eq!(place.run_with_input(&["apply", "-"], &file).out, "");
    let there = Place::default();
    assert_eq!(there.run_with_input(&["apply", "-"], &file).out, "+ site a-example\n");
    assert_eq!(there.done(&["export"]), file);
}

#[test]
fn slow_is_a_failure_for_those_who_say_so_and_the_word_of_a_get() {
    let slow = ["--max-time", "0s", "--slow-is-failure"];
    let (seen, requests) = probed(vec![Answer::new(200)], &slow);
    assert_eq!(
        (&seen["outcome"], &seen["code"], &seen["degraded"]),
        (&json!("timeout"), &json!(500), &json!(false))
    );
    let detail = seen["detail"].as_str().unwrap();
    assert!(detail.starts_with("answered after ") && detail.ends_with(", and max_time is 0 ms"), "{detail}");
    assert_eq!(requests.len(), 2, "HEAD, then GET");
    let (seen, _) = probed(vec![Answer::new(200)], &["--max-time", "19s", "--slow-is-failure"]);
    assert_eq!((&seen["outcome"], &seen["degraded"]), (&json!("up"), &json!(false)));
    let (seen, _) = probed(vec![Answer::new(200)], &["--max-time", "0s"]);
    assert_eq!((&seen["outcome"], &seen["degraded"]), (&json!("up"), &json!(true)));
}
