//! The examples of docs/api.md, run as they stand against the real server.

use std::process::Command;

use djamon_tests::database::Backend;

use super::*;

/// The code blocks of this language, in their order.
fn blocks(language: &str) -> Vec<String> {
    let text = include_str!("../../../docs/api.md");
    let begin = format!("```{language}\n");
    let after = text.split(begin.as_str()).skip(1);
    after.map(|block| block.split("```").next().unwrap().to_owned()).collect()
}

fn run(program: &str, switches: &[&str], api: &Api, script: &str) -> String {
    let mut command = Command::new(program);
    command.args(switches).arg(script).env("DJAMON", api.web.address()).env("TOKEN", &api.token);
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}\n{}\n{script}", String::from_utf8_lossy(&output.stderr));
    said
}

#[test]
fn the_examples_with_curl_do_what_is_said_of_them() {
    let database = TestDatabase::migrated(Backend::Sqlite);
    let api = Api::of(&database);
    let all = blocks("bash");
    assert_eq!(all.len(), 3);
    let said: Vec<String> = all.iter().map(|script| run("bash", &["-euc"], &api, script)).collect();
    assert!(
        said[0].contains("\"status\":\"unknown\"") && said[0].contains("\"status\":\"ok\""),
        "{}",
        said[0]
    );
    assert!(
        said[1].contains("\"slug\":\"api-trial-page\"") && said[1].contains("\"contains\":\"Basket\""),
        "{}",
        said[1]
    );
    assert!(said[2].contains("\"outcome\":\"up\""), "{}", said[2]);
    assert_eq!(api.get("/sites").json()["items"], serde_json::json!([]), "what was made is removed");
}

#[test]
fn the_example_in_python_does_what_is_said_of_it() {
    let database = TestDatabase::migrated(Backend::Sqlite);
    let api = Api::of(&database);
    let all = blocks("python");
    assert_eq!(all.len(), 1);
    let said = run("python3", &["-c"], &api, &all[0]);
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines[0], "2 {'interval': '5m'}");
    assert!(lines[1].starts_with("412 somebody changed it meanwhile: it is at version 2"), "{said}");
    assert!(lines[1].ends_with("\"2\""), "{said}");
    assert_eq!(lines[2..], ["['api-trial-blog']"]);
}
