//! The whole way with real servers: nginx is watched, stopped and started again; aiosmtpd takes the mails over STARTTLS.

use djamon_tests::mail_server::MailServer;
use djamon_tests::monitor::header;
use djamon_tests::nginx::Nginx;
use djamon_tests::on_both;
use djamon_tests::place::Place;
use djamon_tests::site_server::SiteServer;
use serde_json::{Value, json};

/// One run, which must do its work without a word beside its one line.
fn run(place: &Place) -> Value {
    let printed = place.done(&["run", "--json"]);
    assert_eq!(printed.matches('\n').count(), 1, "{printed}");
    serde_json::from_str(&printed).unwrap()
}

on_both! {
    fn an_nginx_that_stops_and_starts_again_is_one_outage_and_two_mails(database: TestDatabase) {
        let (mut nginx, mail, line) = (Nginx::start(), MailServer::start(), SiteServer::start());
        let place = Place::with(&format!(
            "[database]\nurl = {:?}\n[check]\nsandbox_urls = [{:?}]\n[email]\nfrom = \"djamon@example.org\"\n\
             to = [\"ops@example.org\"]\nhost = \"127.0.0.1\"\nport = {}\ntls = \"starttls\"\n",
            database.url_text, line.url(), mail.port()
        ))
        .with_variable("SSL_CERT_FILE", mail.roots().display().to_string());
        let slug = nginx.slug();
        assert_eq!(place.done(&["site", "add", &nginx.url()]), format!("{slug}\n"));

        // 1. All is well: cron's own call prints nothing at all.
        assert_eq!(place.done(&[]), "");
        assert_eq!(run(&place)["up"], 1);

        // 2. Three failed runs are one outage, dated from the first; the fourth adds nothing.
        nginx.stop();
        let failed: Vec<Value> = (0..4).map(|_| run(&place)).collect();
        let opened: Vec<&Value> = failed.iter().map(|run| &run["outages"]["opened"]).collect();
        assert_eq!(opened, [&json!([]), &json!([]), &json!([{"id": 1, "sites": [slug]}]), &json!([])]);
        let standing: Vec<_> = failed.iter().map(|run| (run["failing"].clone(), run["down"].clone())).collect();
        assert_eq!(standing, [(1, 0), (1, 0), (0, 1), (0, 1)].map(|(failing, down)| (json!(failing), json!(down))));
        assert!(failed.iter().all(|run| run["views"][0]["outcome"] == "connect" && run["blind"] == false), "{failed:?}");
        assert_eq!(failed[2]["alerts"], json!({"sent": 1, "pending": 0, "failed": 0}));
        assert_eq!(place.run(&["status"]).code, 1);
        assert_eq!(place.json(&["outages", "--open", "--json"]).as_array().unwrap().len(), 1);

        // 3. Two good runs end it, dated from the first.
        nginx.start_again();
        let good: Vec<Value> = (0..3).map(|_| run(&place)).collect();
        let resolved: Vec<&Value> = good.iter().map(|run| &run["outages"]["resolved"]).collect();
        assert_eq!(resolved, [&json!([]), &json!([{"id": 1, "sites": [slug]}]), &json!([])]);
        assert_eq!(place.run(&["status"]).code, 0);
        assert_eq!(place.json(&["outages", "--open", "--json"]), json!([]));
        let outages = place.json(&["outages", "--json"]);
        assert_eq!(outages.as_array().unwrap().len(), 1, "{outages}");
        let at = |run: &Value| run["views"][0]["at"].clone();
        for (key, value) in [
            ("state", json!("resolved")),
            ("started_at", at(&failed[0])),
            ("detected_at", at(&failed[2])),
            ("resolved_at", at(&good[0])),
        ] {
            assert_eq!(outages[0][key], value, "{key}: {outages}");
        }

        // 4. Two mails, one conversation.
        let mails = mail.mails();
        let every = |name: &str| mails.iter().map(|mail| header(mail, name)).collect::<Vec<_>>();
        assert_eq!(every("X-Djamon-Event"), ["opened", "resolved"], "{mails:?}");
        let subjects = every("Subject");
        assert!(subjects[0].starts_with("DOWN") && subjects[1].starts_with("RESOLVED"), "{subjects:?}");
        assert_eq!(every("Auto-Submitted"), ["auto-generated"; 2]);
        let ids = every("Message-ID");
        assert!(ids[0].ends_with("@example.org>") && ids[0] != ids[1], "{ids:?}");
        assert_eq!(every("References"), ["", ids[0].as_str()]);
        assert_eq!(every("In-Reply-To"), ["", ids[0].as_str()]);
        let alerts = place.json(&["alerts", "list", "--json"]);
        assert_eq!(alerts.as_array().unwrap().iter().filter(|alert| alert["state"] == "sent").count(), 2, "{alerts}");
    }
}
