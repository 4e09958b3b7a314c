//! A mail server that answers a byte a second.

use std::time::Duration;

use djamon_tests::monitor::Monitor;
use djamon_tests::on_both;
use djamon_tests::site_server::SiteServer;
use djamon_tests::smtp_sink::{Script, SmtpSink};
use serde_json::{Value, json};

on_both! {
    fn a_mail_server_that_answers_a_byte_a_second_gets_the_mail_once_it_hurries(database: TestDatabase) {
        let greeting = format!("220 {}\r\n", "slow ".repeat(40));
        let sink = SmtpSink::start(Script::default().dripping("CONNECT", Duration::from_secs(1), &greeting));
        let monitor = Monitor::configured(
            database,
            &[],
            &format!(
                "attempts = 1\n[email]\nfrom = \"djamon@example.org\"\nto = [\"ann@example.org\"]\nhost = \"127.0.0.1\"\n\
                 tls = \"none\"\nport = {}\n",
                sink.port()
            ),
        );
        let server = SiteServer::start();
        server.answer(503);
        monitor.add("shop", &server.url(), Default::default());

        let run = monitor.run();
        assert_eq!((&run["sites"], &run["alerts"]), (&json!(1), &json!({"sent": 0, "pending": 1, "failed": 0})));
        let owed: Vec<Value> = serde_json::from_str(&monitor.said(&["alerts", "list", "--json"]).1).unwrap();
        assert_eq!((&owed[0]["state"], &owed[0]["tries"]), (&json!("retry"), &json!(1)));
        assert!(owed[0]["last_error"].as_str().unwrap().contains("it has not got the mail"), "{}", owed[0]);

        sink.follow(Script::default());
        assert_eq!(monitor.run()["alerts"]["sent"], 1);
        assert_eq!(sink.mails().len(), 1);
    }
}
