//! A form that is sent after the session ended is not lost.

use djamon_tests::browser::{Browser, token};
use djamon_tests::on_both;
use djamon_tests::web::config;

use super::people::{PASSWORD, with_people};
use super::*;

on_both! {
    fn what_was_sent_after_the_session_ended_is_shown_again_after_signing_in(database: TestDatabase) {
        let scene = with_people(&database);
        let (web, _) = web(&config(&database), scene.now);
        let ended = |page: &str| {
            let mut alice = Browser::signed_in(&web, "Alice", PASSWORD);
            let token = token(&alice.get(page).body);
            alice.forget("djamon-session");
            alice.headers.push(("sec-fetch-site".into(), "same-origin".into()));
            (alice, token)
        };
        let page = "/manage/sites/shop";
        let (mut alice, csrf) = ended(page);
        let typed = [
            ("csrf", csrf.as_str()), ("version", "1"), ("action", "save"), ("name", "Our <b>shop</b>"),
            ("url", "http://site.test/typed"), ("contains", "two\r\nlines"), ("group", "shops"),
        ];
        let form = alice.post(page, &typed);
        assert!(form.status == 401 && form.body.contains("what you typed is shown again"), "{}", form.body);
        assert_eq!(alice.get("/api/v1/sites/shop").json()["name"], "Shop", "nothing is changed");
        let hidden = |body: &str| body.split("name=\"carried\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
        let unescaped = |text: String| text.replace("&#x2F;", "/").replace("&#39;", "'").replace("&amp;", "&");
        let sign_in = |alice: &mut Browser, body: &str, password: &str| {
            let fields = [("csrf", token(body)), ("name", "Alice".into()), ("password", password.into()), ("carried", unescaped(hidden(body)))];
            alice.post("/login", &fields.each_ref().map(|(name, value)| (*name, value.as_str())))
        };
        let wrong = sign_in(&mut alice, &form.body, "a guess");
        assert!(wrong.status == 422 && wrong.body.contains("Name or password is wrong."), "{}", wrong.body);
        let shown = sign_in(&mut alice, &wrong.body, PASSWORD);
        assert_eq!(shown.status, 200, "{}", shown.body);
        let body = unescaped(shown.body.clone());
        for there in [
            "action=\"/manage/sites/shop\"", "value=\"Our &lt;b&gt;shop&lt;/b&gt;\"", "value=\"http://site.test/typed\"",
            "two\r\nlines</textarea>", "<input type=\"hidden\" name=\"version\" value=\"1\">", ">Alice</a>",
        ] {
            assert!(body.contains(there), "{there}: {body}");
        }
        assert!(!body.contains(&csrf), "the token of the session that ended is not carried");
        let new = token(&shown.body);
        let again = [[("csrf", new.as_str())].as_slice(), &typed[1..]].concat();
        let saved = alice.post(page, &again);
        assert!(alice.follow(&saved).body.contains("Our &lt;b&gt;shop&lt;/b&gt; is saved."));

        // Who has signed in anew in another tab is shown it at once.
        let stale = alice.post(page, &typed);
        let body = unescaped(stale.body.clone());
        assert!(stale.status == 403 && body.contains("What you typed") && body.contains("value=\"http://site.test/typed\""), "{body}");
        assert_eq!(token(&stale.body), new);
        alice.headers = vec![("sec-fetch-site".into(), "cross-site".into())];
        let foreign = alice.post(page, &typed);
        assert!(foreign.status == 403 && foreign.body.contains("sent by another site") && !foreign.body.contains("What you typed"));

        // Secrets are not carried, and nothing is that another site or nobody's browser sent, or that is too much.
        let (mut alice, csrf) = ended("/manage/add/channel/slack");
        let channel = [("csrf", csrf.as_str()), ("name", "ops"), ("url", "https://hooks.example/hush")];
        let form = alice.post("/manage/add/channel/slack", &channel);
        assert!(form.status == 401 && !form.body.contains("hush") && form.body.contains("name%3Dops") | form.body.contains("name=ops"), "{}", form.body);
        let long = "x".repeat(70_000);
        let too_much = alice.post("/outages/1/notes", &[("csrf", &csrf), ("text", &long)]);
        assert!(too_much.status == 401 && !too_much.body.contains("name=\"carried\""));
        for header in ["cross-site", "same-site"] {
            alice.headers = vec![("sec-fetch-site".into(), header.into())];
            let foreign = alice.post(page, &typed);
            assert!(foreign.status == 401 && !foreign.body.contains("name=\"carried\""), "{}", foreign.body);
        }
        alice.headers.clear();
        assert!(!alice.post(page, &typed).body.contains("name=\"carried\""));
        alice.headers = vec![("origin".into(), web.address().into())];
        assert!(alice.post(page, &typed).body.contains("name=\"carried\""), "browsers without Sec-Fetch-Site");

        // What is not sealed by us, or was changed on the way, is not shown.
        let form = alice.post("/outages/1/notes", &[("csrf", &csrf), ("text", "kept")]).body;
        let sign_in = form.split("class=\"who-am-i\"><a href=\"").nth(1).unwrap().split('"').next().unwrap();
        assert_eq!(unescaped(sign_in.into()), "/login?next=%2Foutages%2F1", "the page, not where the form was sent");
        assert_eq!(alice.get("/outages/1").status, 200);
        let forged = unescaped(hidden(&form)).replace("kept", "forged");
        let fields = [("csrf", token(&form)), ("name", "Alice".into()), ("password", PASSWORD.into()), ("carried", forged)];
        let led = alice.post("/login", &fields.each_ref().map(|(name, value)| (*name, value.as_str())));
        assert_eq!(led.status, 303);
    }
}
