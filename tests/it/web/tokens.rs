//! API tokens by the pages.

use djamon_core::store::users::{self, Role};
use djamon_core::store::{tokens, write};
use djamon_tests::browser::Browser;
use djamon_tests::on_both;
use djamon_tests::web::{Reply, config};

use super::people::{PASSWORD, with_people};
use super::*;

const PAGE: &str = "/manage/tokens";

/// The token that is shown on a page.
fn shown(page: &str) -> String {
    page.split("value=\"dj_").nth(1).map(|rest| format!("dj_{}", &rest[..43])).expect("a token on the page")
}

fn ask(web: &Web, token: &str, method: &str, path: &str) -> Reply {
    web.ask(method, path, &[("authorization", &format!("Bearer {token}"))])
}

on_both! {
    fn a_token_is_made_shown_once_used_and_revoked_by_forms(database: TestDatabase) {
        let scene = with_people(&database);
        let (web, clock) = web(&config(&database), scene.now);
        let mut alice = Browser::signed_in(&web, "Alice", PASSWORD);
        assert!(alice.get(PAGE).body.contains("No token is good for anything yet."));
        let fields = [("name", "ci & co"), ("scope", "write"), ("expires", "90d")];
        let made = alice.submit(PAGE, PAGE, &fields);
        assert!(made.status == 200 && made.body.contains("The token ci &amp; co"), "{}", made.body);
        assert_eq!(made.header("cache-control"), "no-store");
        let token = shown(&made.body);
        let list = alice.get(PAGE).body;
        assert!(!list.contains("dj_"), "it is shown once: {list}");
        assert!(list.contains("by Alice, never used, ends "), "{list}");

        assert_eq!(ask(&web, &token, "GET", "/api/v1/sites/shop").json()["url"], "http://site.test/");
        clock.set(scene.now.plus(minutes(3)));
        assert!(alice.get(PAGE).body.contains("by Alice, last used "));
        assert_eq!(ask(&web, &token, "DELETE", "/api/v1/sites/blog").status, 204, "it may change things");

        let asked = alice.get("/manage/tokens/1/revoke").body;
        assert!(asked.contains("Revoke ci &amp; co?") && asked.contains("it was last used"), "{asked}");
        let revoked = alice.submit("/manage/tokens/1/revoke", "/manage/tokens/1/revoke", &[]);
        let list = alice.follow(&revoked).body;
        assert!(list.contains("ci &amp; co is revoked") && list.contains("Good for nothing any more (1)"), "{list}");
        assert!(!list.contains("Revoke…"));
        assert_eq!(ask(&web, &token, "GET", "/api/v1/sites").status, 401);
        assert!(alice.get("/manage/tokens/1/revoke").body.contains("is revoked</h1>"));

        // The name is free; revoking the old one again does nothing to the new one.
        let again = shown(&alice.submit(PAGE, PAGE, &fields).body);
        assert_eq!(alice.submit(PAGE, "/manage/tokens/1/revoke", &[]).status, 404);
        assert_eq!(ask(&web, &again, "GET", "/api/v1/sites").status, 200);
        for path in ["/manage/tokens/99/revoke", "/manage/tokens/x/revoke"] {
            assert_eq!((alice.get(path).status, alice.submit(PAGE, path, &[]).status), (404, 404), "{path}");
        }
    }

    fn a_token_that_cannot_be_made_keeps_what_was_typed(database: TestDatabase) {
        let scene = with_people(&database);
        let (web, _) = web(&config(&database), scene.now);
        let mut alice = Browser::signed_in(&web, "Alice", PASSWORD);
        alice.submit(PAGE, PAGE, &[("name", "taken"), ("scope", "read")]);
        for (name, scope, expires, field, said) in [
            ("taken", "read", "1d", "name", "is taken; choose another one, or revoke that token first"),
            (" ", "read", "1d", "name", "cannot be a name"),
            ("new", "all", "1d", "scope", "is not a scope"),
            ("new", "write", "soon", "expires", "is not a length of time"),
            ("new", "write", "99years", "expires", "is out of range; use 1m to 10years"),
        ] {
            let reply = alice.submit(PAGE, PAGE, &[("name", name), ("scope", scope), ("expires", expires)]);
            assert_eq!(reply.status, 422, "{name} {scope} {expires}");
            assert!(reply.body.contains(said), "{said}: {}", reply.body);
            assert!(reply.body.contains(&format!("aria-describedby=\"e-{field}")), "at {field}: {}", reply.body);
            assert!(reply.body.contains(&format!("value=\"{name}\"")) && reply.body.contains(&format!("value=\"{expires}\"")));
        }
        assert_eq!(tokens::all(&mut database.connect()).unwrap().len(), 1);
    }

    fn a_token_never_may_more_than_who_made_it(database: TestDatabase) {
        let mut scene = with_people(&database);
        let (web, _) = web(&config(&database), scene.now);
        let mut bob = Browser::signed_in(&web, "Bob", PASSWORD);
        let looked = bob.get(PAGE).body;
        assert!(looked.contains("API tokens") && !looked.contains("Make a token"), "{looked}");
        write(&mut scene.connection, |c| {
            let bob = users::all(c)?.into_iter().find(|user| user.name == "Bob").unwrap();
            users::set_role(c, bob.id, Role::Admin)
        }).unwrap();
        let mut bob = Browser::signed_in(&web, "Bob", PASSWORD);
        let token = shown(&bob.submit(PAGE, PAGE, &[("name", "bobs"), ("scope", "write")]).body);
        let mut alice = Browser::signed_in(&web, "Alice", PASSWORD);
        alice.submit("/manage/users", "/manage/users/2/role", &[("role", "viewer")]);
        assert_eq!(ask(&web, &token, "DELETE", "/api/v1/sites/blog").status, 403);
        assert!(alice.get(PAGE).body.contains("reads only"));
        alice.submit("/manage/users", "/manage/users/2/disable", &[]);
        assert_eq!(ask(&web, &token, "GET", "/api/v1/sites").status, 401);
        assert!(alice.get(PAGE).body.contains("Good for nothing any more (1)"));
    }
}
