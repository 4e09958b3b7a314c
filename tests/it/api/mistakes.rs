//! What scripts are told when they ask for what cannot be.

use djamon_tests::on_both;
use serde_json::json;

use super::*;

on_both! {
    fn everything_that_is_wrong_is_told_at_once_by_field(database: TestDatabase) {
        let api = Api::of(&database);
        let (status, code, fields) = error(&api.post("/sites", json!({
            "url": "ftp://shop.example/", "name": "", "group": "none", "timeuot": "3s", "timeout": "an hour",
            "attempts": 0, "matches": "a(b", "json_path": "$.a.[0]", "json_value": "~ 3", "good_codes": ["2xx"],
            "headers": {"Bad Name": "x"}, "public": "yes", "paused": 1, "ca_file": "ca.pem", "colour": "red",
            "slug": "Not A Slug",
        })));
        assert_eq!((status, code.as_str()), (400, "invalid"));
        let known = fields["colour"].as_str().unwrap().to_owned();
        assert!(known.starts_with("is not a field; the fields are url, name,") && known.ends_with("slow_is_failure, headers"));
        assert_eq!(fields, json!({
            "attempts": "is out of range; use 1 to 1000",
            "ca_file": "is not the whole path of a file; begin it with /",
            "colour": known,
            "good_codes": "\"2xx\" is not a status code; write codes and ranges like \"200-299,301\"",
            "group": "there is no group \"none\" (there are none yet); add it with djamon-check group add",
            "headers": "\"Bad Name\" is not a header name",
            "json_path": "\"$.a.[0]\" is not a JSONPath: in dot member name, must start with lowercase alpha or '_' (at character 4)",
            "json_value": "\"~ 3\" begins with none of ==, !=, <, <=, >, >=; write it like \"== 5\" or \"!= \\\"down\\\"\"",
            "matches": "\"a(b\" is not a regular expression: unclosed group (at character 2)",
            "name": "\"\" cannot be a name; use 1 to 200 printable characters",
            "paused": "invalid type: integer `1`, expected a boolean",
            "public": "invalid type: string \"yes\", expected a boolean",
            "slug": "\"Not A Slug\" cannot be a slug; use small letters, digits and single hyphens",
            "timeout": "\"an hour\" is not a length of time; write it like \"5s\", \"2m\", \"1h\" or \"30d\"",
            "timeuot": "is not a field; did you mean timeout?",
            "url": "\"ftp://shop.example/\" is ftp:, but only http: and https: can be checked",
        }));
        assert_eq!(api.get("/sites").json()["items"], json!([]));
    }

    fn a_change_is_held_against_what_there_is(database: TestDatabase) {
        let api = Api::of(&database);
        api.post("/sites", json!({"url": "http://a.example/", "name": "a", "method": "post", "body": "hush"}));
        api.post("/sites", json!({"url": "http://b.example/", "name": "b"}));
        for (path, body, field, problem) in [
            ("/sites/a", json!({"method": "get"}), "body", "is sent by POST only; set method to \"post\" too"),
            ("/sites/a", json!({"slug": "c"}), "slug", "stays as it is: addresses and scripts hold on to it"),
            ("/sites/a", json!({"url": null}), "url", "is null, but every site has one"),
            ("/sites/a", json!({"options": {"timeout": "3s"}}), "options", "is not a field; write the options beside url, each by its name"),
            ("/sites/b", json!({"body": "***", "method": "post"}), "body", "is masked and not known here; write it out"),
            ("/sites/b", json!({"url": "http://***@b.example/"}), "url", "its user name and password are masked and not known here; write them out"),
            ("/sites/b", json!({"url": "http://***:***@b.example/"}), "url", "its user name and password are masked and not known here; write them out"),
            ("/sites/b", json!({"url": "http://ann:***@b.example/"}), "url", "masks one of user name and password as ***; write both out, or ***@ before the host to keep both"),
            ("/sites/b", json!({"name": "x\u{0}y"}), "name", "has a NUL character in it"),
        ] {
            let (status, _, fields) = error(&api.patch(path, body.clone()));
            assert_eq!((status, fields[field].as_str().unwrap_or_default()), (400, problem), "{path} {body}: {fields}");
        }
        let (_, _, fields) = error(&api.post("/sites", json!({"name": "c", "slug": "a"})));
        assert_eq!(fields, json!({"url": "is missing; write it like https://example.org/", "slug": "\"a\" is taken; choose another one"}));
        assert_eq!(api.patch("/sites/a", json!({"slug": "a"})).status, 200, "to say what is so changes nothing");
    }

    fn hostile_requests_are_refused_and_never_our_fault(database: TestDatabase) {
        let api = Api::of(&database);
        let bearer = format!("Bearer {}", api.token);
        let json_type = ("content-type", "application/json");
        let auth = ("authorization", bearer.as_str());
        let deep = format!("{}{}", "{\"a\":".repeat(50_000), "}".repeat(50_000));
        let bodies: [(&[u8], u16); 12] = [
            (b"", 400), (b"{", 400), (b"[]", 400), (b"null", 400), (b"{\"url\": \xff\xfe}", 400), (b"{\"url\":\"\\ud800\"}", 400),
            (b"{\"attempts\": 1e999}", 400), (b"{\"\\u0000\": 1}", 400), (b"{\"url\":\"http://a\\u0000b/\"}", 400),
            (deep.as_bytes(), 400), (&[b' '; 1024 * 1024 + 1], 413), (b"{\"url\": {\"a\": []}, \"headers\": [1]}", 400),
        ];
        for (body, wanted) in bodies {
            for (method, path) in [("POST", "/api/v1/sites"), ("POST", "/api/v1/groups"), ("POST", "/api/v1/probe")] {
                let reply = api.web.send_bytes(&[auth, json_type], method, path, body);
                let shown = String::from_utf8_lossy(&body[..body.len().min(40)]);
                assert_eq!(reply.status, wanted, "{method} {path} {shown}: {}", reply.body);
            }
        }
        let many: serde_json::Map<_, _> = (0..9000).map(|n| (format!("{n}{}", "x".repeat(80)), json!(n))).collect();
        let refused = api.post("/sites", Value::Object(many));
        assert!(refused.status == 400 && refused.body.len() < 50_000, "{} {}", refused.status, refused.body.len());
        for (header, wanted) in [(("content-type", "text/plain"), 415), (("content-encoding", "gzip"), 415)] {
            let reply = api.web.send_bytes(&[auth, header], "POST", "/api/v1/sites", b"{}");
            assert_eq!(reply.status, wanted, "{header:?}");
        }
        for path in ["/sites/%00", "/sites/%ff", "/sites/..%2f..", "/outages/99999999999999999999", "/sites/a/views?before=%00", "/outages?state=%ff"] {
            assert!((400..500).contains(&api.get(path).status), "{path}");
        }
    }
}
