//! Under which path, for whom, with which templates, on which database; and what it refuses to start with.

use std::collections::BTreeSet;

use djamon_tests::web::config;
use serde_json::json;

use super::*;

#[test]
fn everything_works_below_the_path_of_base_url() {
    let (database, scene) = filled();
    let mut config = config(&database);
    config.web.base_url = "https://example.org/status".into();
    let (web, _) = web(&config, scene.now);
    assert_eq!(web.get("/status").status, 200);
    let mut to_see = vec!["/status/".to_owned()];
    let mut seen = BTreeSet::new();
    while let Some(path) = to_see.pop() {
        if seen.insert(path.clone()) {
            assert!(path.starts_with("/status/"), "{path}");
            let reply = web.get(&path);
            assert_eq!(reply.status, 200, "{path}");
            to_see.extend(links(&reply.body));
        }
    }
    assert!(seen.len() > 9, "{seen:?}");
    assert_eq!((web.get("/").status, web.get("/api/v1/summary").status), (404, 404));
    assert_eq!(web.get("/status/api/none").json()["error"]["code"], "not_found");
}

#[test]
fn hostile_names_are_escaped() {
    let database = TestDatabase::migrated(Backend::Sqlite);
    let mut scene = Scene::new(database.connect(), NOON);
    let name = "<script>alert('x')</script>\"&{{ 7 * 7 }}";
    let group = scene.group(name, true);
    scene.site(name, Some(&group));
    scene.minutes(4, |_| status(500, name));
    let (web, _) = web(&config(&database), scene.now);
    for path in links(&web.get("/").body).iter().chain([&"/outages/1".to_owned(), &"/".to_owned()]) {
        let body = web.get(path).body;
        assert!(!body.contains("<script>alert"), "{path}: {body}");
    }
    assert!(web.get("/").body.contains("&lt;script&gt;"));
    assert_eq!(web.get("/api/v1/sites").json()["items"][0]["name"], name);
}

#[test]
fn reading_can_be_closed_to_visitors() {
    let (database, scene) = filled();
    let mut config = config(&database);
    config.web.public = false;
    let (web, _) = web(&config, scene.now);
    for path in ["/", "/sites/shop", "/groups/shops", "/outages", "/outages/1", "/outages/current"] {
        let reply = web.get(path);
        assert_eq!((reply.status, reply.body.as_str()), (303, ""), "{path}");
        assert!(reply.header("location").starts_with("/login?next=%2F"), "{path}");
    }
    for path in OBJECTS.iter().chain(&["/api/v1/sites/shop/views", "/api/v1/sites/none"]) {
        let reply = web.get(path);
        assert_eq!((reply.status, reply.header("www-authenticate")), (401, "Bearer"), "{path}");
        assert_eq!(reply.json()["error"]["code"], "sign_in_needed", "{path}");
    }
    assert_eq!((web.get("/healthz").status, web.get("/static/djamon.css").status), (200, 200));
}

#[test]
fn a_database_that_is_gone_is_503_and_one_that_comes_back_is_read_again() {
    let (database, scene) = filled();
    let (web, _) = web(&config(&database), scene.now);
    assert_eq!(web.get("/").status, 200);
    drop(scene);
    let file = database.dir.path().join("djamon.db");
    for ending in ["", "-wal", "-shm"] {
        std::fs::remove_file(database.dir.path().join(format!("djamon.db{ending}"))).unwrap();
    }
    let page = web.get("/");
    assert_eq!((page.status, page.header("retry-after")), (503, "10"));
    assert!(page.body.contains("The database is away") && !page.body.contains("djamon.db"), "{}", page.body);
    let dark = web.ask("GET", "/", &[("cookie", "djamon_theme=dark")]);
    assert!(dark.status == 503 && dark.body.contains("data-theme=\"dark\""), "{}", dark.body);
    let object = web.get("/api/v1/summary");
    assert_eq!((object.status, &object.json()["error"]["code"]), (503, &json!("database_unavailable")));
    let health = web.get("/healthz");
    assert_eq!((health.status, &health.json()["reason"]), (503, &json!("the database cannot be reached")));

    let other = TestDatabase::migrated(Backend::Sqlite);
    let mut scene = Scene::new(other.connect(), NOON);
    scene.site("Another", None);
    drop(scene);
    std::fs::copy(other.dir.path().join("djamon.db"), &file).unwrap();
    let names = web.get("/api/v1/sites").json();
    assert_eq!(
        names["items"][0]["name"], "Another",
        "the new file is read, not the old one's open connections"
    );
}

#[test]
fn templates_are_replaced_by_files_of_the_same_name() {
    let (database, scene) = filled();
    let directory = database.dir.path().join("templates");
    std::fs::create_dir(&directory).unwrap();
    std::fs::write(directory.join("no_outage.html"), "ours").unwrap();
    std::fs::write(
        directory.join("outages.html"),
        "{{ paginator.rows | ordinal }}, {{ 3723 | readable_time }}",
    )
    .unwrap();
    std::fs::write(directory.join("group.html"), "{{ nothing.like.it }}").unwrap();
    let mut config = config(&database);
    config.web.templates = Some(directory.clone());
    let (web, _) = web(&config, scene.now);
    assert_eq!(web.get("/outages").body, "1st, 1 hour, 2 minutes and 3 seconds");
    assert_eq!(web.get("/").status, 200, "the others are the built-in ones");
    let broken = web.get("/groups/shops");
    assert_eq!(broken.status, 500);
    assert!(broken.body.contains("Our fault") && !broken.body.contains("nothing.like"), "{}", broken.body);
    assert!(!broken.body.contains("data-theme"), "{}", broken.body);
    let dark = web.ask("GET", "/groups/shops", &[("cookie", "djamon_theme=dark")]);
    assert!(dark.status == 500 && dark.body.contains("data-theme=\"dark\""), "{}", dark.body);

    std::fs::write(directory.join("home.html"), "{% if %}").unwrap();
    let refused = Web::start(&config, Arc::new(SetClock::default())).err().unwrap();
    assert_eq!(refused.exit_code(), 2);
    assert!(refused.to_string().contains("home.html"), "{refused}");
    config.web.templates = Some(directory.join("missing"));
    let refused = Web::start(&config, Arc::new(SetClock::default())).err().unwrap();
    assert_eq!(refused.exit_code(), 2);
    assert!(refused.to_string().starts_with("[web] templates: cannot read"), "{refused}");
}

#[test]
fn a_schema_that_is_not_its_own_is_refused() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let empty = TestDatabase::empty(backend);
        drop(empty.open());
        let refused = Web::start(&config(&empty), Arc::new(SetClock::default())).err().unwrap();
        assert_eq!(refused.exit_code(), 3);
        assert!(refused.to_string().ends_with("is empty; run djamon-check migrate"), "{refused}");
    }
    let mut config = config(&TestDatabase::migrated(Backend::Sqlite));
    config.database.url.0 = "mysql://h/d".into();
    assert_eq!(Web::start(&config, Arc::new(SetClock::default())).err().unwrap().exit_code(), 2);
}

#[test]
fn the_program_refuses_with_its_exit_codes_and_drains_when_told_to_stop() {
    use std::io::{BufRead, BufReader};
    use std::process::{Command, Stdio};

    let program = djamon_tests::binary::path("djamon-web");
    let database = TestDatabase::migrated(Backend::Sqlite);
    let file = database.dir.path().join("djamon.toml");
    let run = |toml: &str| {
        std::fs::write(&file, toml).unwrap();
        Command::new(&program).arg("--config").arg(&file).output().unwrap()
    };
    let wrong = run("[web]\nlissten = \"x\"\n");
    assert_eq!(wrong.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("did you mean listen?"));
    let missing = run("[database]\nurl = \"sqlite://none.db\"\n");
    assert_eq!(missing.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&missing.stderr).starts_with("djamon-web: cannot open the database"));

    std::fs::write(&file, format!("[database]\nurl = \"{}\"\n", database.url_text)).unwrap();
    let mut web = Command::new(&program)
        .args(["--listen", "127.0.0.1:0", "--config"])
        .arg(&file)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(web.stderr.take().unwrap()).lines();
    let first = lines.next().unwrap().unwrap();
    let port = first.strip_prefix("djamon-web listens on port ").unwrap().split(':').next().unwrap();
    let answer = ureq::get(format!("http://127.0.0.1:{port}/healthz")).call().unwrap();
    assert_eq!(answer.status().as_u16(), 200);
    drop(answer);
    assert!(Command::new("kill").arg(web.id().to_string()).status().unwrap().success());
    assert_eq!(web.wait().unwrap().code(), Some(0));
    assert_eq!(lines.map(Result::unwrap).collect::<Vec<_>>(), Vec::<String>::new(), "it is quiet");
}

#[test]
fn a_postgresql_database_that_is_gone_is_503() {
    use diesel::connection::SimpleConnection;
    use diesel::{Connection, PgConnection};

    let database = TestDatabase::migrated(Backend::Postgres);
    let (web, _) = web(&config(&database), NOON);
    assert_eq!(web.get("/").status, 200);
    let (server, name) = database.url_text.rsplit_once('/').unwrap();
    let mut administrator = PgConnection::establish(&format!("{server}/postgres")).unwrap();
    administrator.batch_execute(&format!("DROP DATABASE {name} WITH (FORCE)")).unwrap();
    let page = web.get("/");
    assert_eq!((page.status, page.header("retry-after")), (503, "10"));
    let health = web.get("/healthz");
    assert_eq!((health.status, &health.json()["reason"]), (503, &json!("the database cannot be reached")));
    assert!(!health.body.contains(name), "{}", health.body);
}

#[test]
fn more_readers_than_connections_are_all_answered() {
    let database = TestDatabase::migrated(Backend::Sqlite);
    let scene = outage(&database);
    let (web, _) = web(&config(&database), scene.now);
    std::thread::scope(|scope| {
        let ask = |n: usize| web.get(&format!("/sites/shop?n={n}")).status;
        let readers: Vec<_> = (0..40).map(|n| scope.spawn(move || ask(n))).collect();
        let statuses: Vec<u16> = readers.into_iter().map(|reader| reader.join().unwrap()).collect();
        assert_eq!(statuses, [200; 40], "no page waits for a second connection while it holds one");
    });
}
