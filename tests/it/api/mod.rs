//! The API as scripts use it, over HTTP, on both databases: changes, tokens' scopes, what is told of mistakes.

mod cast;
mod changes;
mod channels;
mod document;
mod examples;
mod fuzzed;
mod lists;
mod mistakes;

use std::sync::Arc;

use djamon_core::config::Config;
use djamon_core::domain::token::{NewToken, Scope};
use djamon_core::random;
use djamon_core::store::{AnyConnection, tokens, write};
use djamon_tests::clock::{NOON, SetClock};
use djamon_tests::database::TestDatabase;
use djamon_tests::web::{Reply, Web, config};
use serde_json::Value;

/// A token of this scope, and of its name.
pub fn token(connection: &mut AnyConnection, scope: Scope) -> String {
    let shown = random::token().unwrap();
    let new = NewToken { name: scope.to_string(), scope, expires: None, created_by: None };
    write(connection, |connection| tokens::add(connection, &new, &shown, NOON)).unwrap();
    shown.0
}

/// The API at noon, with a token that may change everything.
struct Api {
    web: Web,
    token: String,
}

impl Api {
    fn of(database: &TestDatabase) -> Self {
        let token = token(&mut database.connect(), Scope::Write);
        Api::with(&config(database), token)
    }

    fn with(config: &Config, token: String) -> Self {
        let clock = Arc::new(SetClock::default());
        clock.set(NOON);
        Api { web: Web::start(config, clock).unwrap(), token }
    }

    fn send(&self, method: &str, path: &str, body: Value) -> Reply {
        self.web.send(&self.token, method, &format!("/api/v1{path}"), &body)
    }

    fn post(&self, path: &str, body: Value) -> Reply {
        self.send("POST", path, body)
    }

    fn patch(&self, path: &str, body: Value) -> Reply {
        self.send("PATCH", path, body)
    }

    fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> Reply {
        let bearer = format!("Bearer {}", self.token);
        let headers: Vec<_> = headers.iter().copied().chain([("authorization", bearer.as_str())]).collect();
        self.web.ask(method, &format!("/api/v1{path}"), &headers)
    }

    fn get(&self, path: &str) -> Reply {
        self.ask("GET", path, &[])
    }
}

/// The status, and code and fields of an error.
fn error(reply: &Reply) -> (u16, String, Value) {
    let error = reply.json()["error"].clone();
    (reply.status, error["code"].as_str().unwrap_or_default().to_owned(), error["fields"].clone())
}
