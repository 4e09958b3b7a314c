//! The messages are what an operator sees of this module: each is written out.

use std::fs;

use super::tests::Place;
use super::*;
use crate::config::Secret;

fn accepted(text: &str) -> Config {
    Place::with(text).load(None, &[]).unwrap()
}

fn refused(text: &str) -> Vec<String> {
    Place::with(text).load(None, &[]).unwrap_err().problems
}

fn refused_variable(name: &str, value: &str) -> Vec<String> {
    Place::empty().load(None, &[(name, value)]).unwrap_err().problems
}

#[test]
fn a_secret_given_twice_or_unreadable_is_refused_by_name() {
    let place = Place::with("[email]\npassword = \"hunter2\"\npassword_file = \"p\"\n");
    assert_eq!(
        place.load(None, &[]).unwrap_err().problems,
        ["djamon.toml:3: [email] password_file: password is given too; keep one of them"]
    );
    assert_eq!(
        refused_variable("DJAMON_EMAIL__PASSWORD_FILE", "/no/such/file"),
        ["DJAMON_EMAIL__PASSWORD_FILE: cannot read /no/such/file: No such file or directory (os error 2)"]
    );
    // An empty one is as good as none, and the environment hides what the file says.
    fs::write(place.path("p"), "x\n").unwrap();
    fs::write(place.path("djamon.toml"), "[email]\npassword = \"\"\npassword_file = \"p\"\n").unwrap();
    assert_eq!(place.load(None, &[]).unwrap().email.password, Secret("x".into()));
    let over = place.load(None, &[("DJAMON_EMAIL__PASSWORD", "y")]).unwrap();
    assert_eq!(over.email.password, Secret("y".into()));
}

#[test]
fn impossible_values_are_refused_with_file_line_and_key() {
    let email = "from = \"a@example.org\"\nto = [\"b@example.org\"]";
    for (section, line, says) in [
        ("check", "timeout = \"21s\"", "timeout: \"21s\" is out of range; use \"100ms\" to \"20s\""),
        (
            "web",
            "trusted_proxies = [\"example.org\"]",
            "trusted_proxies: \"example.org\" is no address or network; write it like \"127.0.0.1\" or \"10.0.0.0/8\"",
        ),
        (
            "web",
            "cors_origins = [\"https://wall.example.org/\"]",
            "cors_origins: \"https://wall.example.org/\" is not an origin; write it like \"https://wall.example.org\"",
        ),
        ("check", "timeout = 5", "timeout: expected a length of time like \"5s\" or \"30d\", found 5"),
        (
            "check",
            "timeout = \"soon\"",
            "timeout: \"soon\" is not a length of time; write it like \"5s\", \"2m\", \"1h\" or \"30d\"",
        ),
        ("check", "attempts = 0", "attempts: expected a whole number from 1 to 1000, found 0"),
        ("check", "attempts = \"3\"", "attempts: expected a whole number from 1 to 1000, found \"3\""),
        ("check", "attempts = 1.5", "attempts: expected a whole number from 1 to 1000, found 1.5"),
        ("check", "recover_after = -1", "recover_after: expected a whole number from 1 to 1000, found -1"),
        ("check", "concurrency = 99999", "concurrency: expected a whole number from 0 to 10000, found 99999"),
        ("check", "method = \"post\"", "method: \"post\" is not one of \"head\", \"get\""),
        ("check", "deny_private = 1", "deny_private: expected true or false, found 1"),
        (
            "check",
            "sandbox_urls = [\"http://192.168.1.1/\"]\ndeny_private = true",
            "sandbox_urls: 192.168.1.1 is private, and [check] deny_private forbids to ask it",
        ),
        ("check", "outage_scope = \"site\"", "outage_scope: \"site\" is not one of \"all\", \"group\""),
        ("check", "follow_redirects = \"no\"", "follow_redirects: expected true or false, found \"no\""),
        (
            "check",
            "good_codes = [\"2xx\"]",
            "good_codes: \"2xx\" is not a status code; write codes and ranges like \"200-299,301\"",
        ),
        (
            "check",
            "good_codes = [true]",
            "good_codes: expected codes and ranges like [\"200-299\", 301], found true",
        ),
        (
            "check",
            "schedule = [\"* * * *\"]",
            "schedule: \"* * * *\" is no line of a crontab: it has 4 fields instead of 5 (minute, hour, day, month, \
             weekday)",
        ),
        ("check", "schedule = []", "schedule: is empty; write at least one line like \"*/5 * * * *\""),
        (
            "check",
            "schedule = \"* * * * *\"",
            "schedule: expected a list like [\"…\", \"…\"], found \"* * * * *\"",
        ),
        (
            "check",
            "sandbox_urls = [\"bbc.co.uk\"]",
            "sandbox_urls: \"bbc.co.uk\" has no scheme; write it like https://bbc.co.uk",
        ),
        ("check", "sandbox_urls = [1]", "sandbox_urls: expected text in quotes, found 1"),
        (
            "check",
            "location = \"New York\"",
            "location: \"New York\" cannot be a location; use 1 to 40 of the characters A-Z a-z 0-9 _ -",
        ),
        (
            "history",
            "keep_views = \"1h\"",
            "keep_views: \"1h\" is out of range; use \"1day\" to \"100years\"",
        ),
        (
            "history",
            "time_zone = \"London\"",
            "time_zone: \"London\" is not a time zone; write its IANA name like \"Europe/London\"",
        ),
        (
            "email",
            "from = \"nobody\"",
            "from: \"nobody\" is not an e-mail address; write it like \"ops@example.org\"",
        ),
        ("email", "to = [\"a@\"]", "to: \"a@\" is not an e-mail address; write it like \"ops@example.org\""),
        (
            "email",
            "from = \"a@example.org\"",
            "from: a sender is given, but nobody to send to; fill [email] to, or empty from",
        ),
        ("email", "port = 0", "port: expected a whole number from 1 to 65535, found 0"),
        ("email", "tls = true", "tls: expected text in quotes, found true"),
        ("email", "tls = \"ssl\"", "tls: \"ssl\" is not one of \"starttls\", \"implicit\", \"none\""),
        ("email", "password = 12345", "password: expected text in quotes"),
        (
            "email",
            &format!("host = \"\"\n{email}"),
            "host: is empty; name the mail server, or set file_dir to write mails into files",
        ),
        (
            "email",
            &format!("tls = \"none\"\npassword = \"hunter2\"\n{email}"),
            "tls: \"none\" never sends a password; use \"starttls\" or \"implicit\", or empty password",
        ),
        (
            "twitter",
            "enabled = true\nconsumer_key = \"a\"\noauth_token = \"b\"",
            "enabled: is true, but consumer_secret, oauth_secret is empty",
        ),
        (
            "twitter",
            "api_url = \"api.x.com\"",
            "api_url: \"api.x.com\" is not a URL: relative URL without a base; write it like \
             \"https://status.example.org\"",
        ),
        (
            "web",
            "listen = \"8000\"",
            "listen: \"8000\" is not an address and port; write it like \"127.0.0.1:8000\" or \"[::1]:8000\"",
        ),
        (
            "web",
            "base_url = \"ftp://example.org\"",
            "base_url: \"ftp://example.org\" is neither http: nor https:; write it like \"https://status.example.org\"",
        ),
        (
            "web",
            "base_url = \"https://example.org/?a\"",
            "base_url: \"https://example.org/?a\" has a ? or #; write it like \"https://status.example.org\"",
        ),
        (
            "web",
            "base_url = \"https://u:hunter2@example.org\"",
            "base_url: must have no user name and password; write it like \"https://status.example.org\"",
        ),
        (
            "web",
            "secret_key = \"hunter2\"",
            "secret_key: is shorter than 32 characters; empty it and one is made and kept in state_dir",
        ),
        (
            "database",
            "url = \"mysql://u:hunter2@db/x\"",
            "url: cannot use mysql://; use sqlite://PATH or postgres://USER@HOST/NAME",
        ),
        (
            "database",
            "url = \"u:hunter2@db\"",
            "url: is no database URL; use sqlite://PATH or postgres://USER@HOST/NAME",
        ),
        ("database", "url = \"\"", "url: is no database URL; use sqlite://PATH or postgres://USER@HOST/NAME"),
        ("database", "url = \"sqlite://\"", "url: names no file; write it like sqlite://djamon.db"),
        (
            "database",
            "url = \"sqlite://:memory:\"",
            "url: a database in memory forgets each run; write it like sqlite://djamon.db",
        ),
    ] {
        let problems = refused(&format!("[{section}]\n{line}\n"));
        assert_eq!(problems, [format!("djamon.toml:2: [{section}] {says}")]);
        assert!(!problems[0].contains("hunter2"));
    }
}

#[test]
fn a_wrong_variable_is_refused_by_its_name() {
    for (name, value, says) in [
        ("DJAMON_CHECK__ATTEMPTS", "many", "expected a whole number from 1 to 1000, found \"many\""),
        ("DJAMON_WEB__PUBLIC", "yes", "expected true or false, found \"yes\""),
        ("DJAMON_CHECK__TIMEOUT", "1m", "\"1m\" is out of range; use \"100ms\" to \"20s\""),
        ("DJAMON_EMAIL__TO", "[broken", "expected a list like [\"…\", \"…\"], found \"[broken\""),
        ("DJAMON_EMAIL__TO", "a", "\"a\" is not an e-mail address; write it like \"ops@example.org\""),
    ] {
        assert_eq!(refused_variable(name, value), [format!("{name}: {says}")]);
    }
}

#[test]
fn all_problems_are_told_together_one_line_each() {
    let place = Place::with("[check]\ntimout = \"5s\"\nattempts = 0\n[web]\nlisten = \"x\"\n");
    let error = place.load(None, &[("DJAMON_CHECK__FOO", "1")]).unwrap_err();
    assert_eq!(error.to_string().lines().count(), 4);
    assert!(
        error.to_string().starts_with("djamon.toml:2: [check] timout is not a key; did you mean timeout?\n")
    );
}

#[test]
fn no_secret_is_ever_shown() {
    let config = accepted(
        "[database]\nurl = \"postgres://u:hunter2@db/x\"\n[email]\npassword = \"hunter2\"\n[twitter]\n\
         consumer_key = \"hunter2\"\nconsumer_secret = \"hunter2\"\noauth_token = \"hunter2\"\n\
         oauth_secret = \"hunter2\"\n[web]\nsecret_key = \"hunter2hunter2hunter2hunter2hunter2\"\n",
    );
    assert!(!format!("{config:?}").contains("hunter2"));
    let broken = refused("[email]\npassword = [\"hunter2\"]\n[twitter]\noauth_token = { hunter2 = 1 }\n");
    assert_eq!(broken.len(), 2);
    assert!(!broken.concat().contains("hunter2"), "{broken:?}");
}
