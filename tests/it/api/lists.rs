//! Lists in parts: nothing twice, nothing left out, while things come and go.

use djamon_tests::on_both;
use serde_json::json;

use super::*;

on_both! {
    fn parts_of_a_list_neither_repeat_nor_skip_while_things_come_and_go(database: TestDatabase) {
        let api = Api::of(&database);
        for n in 0..5 {
            api.post("/sites", json!({"url": format!("http://{n}.example/"), "name": format!("s{n}")}));
            api.post("/groups", json!({"name": format!("s{n}")}));
        }
        for list in ["/sites", "/groups"] {
            let (mut seen, mut next) = (Vec::new(), "0".to_owned());
            for round in 0.. {
                let part = api.get(&format!("{list}?limit=2&after={next}")).json();
                seen.extend(part["items"].as_array().unwrap().iter().map(|one| one["slug"].as_str().unwrap().to_owned()));
                if round == 0 {
                    api.ask("DELETE", &format!("{list}/s0"), &[]);
                    api.post(list, json!({"url": "http://a.example/", "name": "a"}).as_object().map(|body| {
                        let mut body = body.clone();
                        if list == "/groups" { body.remove("url"); }
                        Value::Object(body)
                    }).unwrap());
                }
                match part["next"].as_str() {
                    Some(more) => next = more.to_owned(),
                    None => break,
                }
            }
            assert_eq!(seen, ["s0", "s1", "s2", "s3", "s4", "a"], "{list}");
            assert_eq!(api.get(list).json()["next"], Value::Null, "whole when nobody says otherwise");
            for wrong in ["limit=0", "limit=1001", "after=x", "after=-1"] {
                assert_eq!(error(&api.get(&format!("{list}?{wrong}"))).1, "invalid", "{list} {wrong}");
            }
        }
    }
}
