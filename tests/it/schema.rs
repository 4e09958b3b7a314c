//! The two schemas are one: same tables, columns, nullability, indexes and checks. Opening and refusing them.

use std::collections::BTreeSet;

use diesel::connection::SimpleConnection;
use diesel::sql_types::Text;
use diesel::{QueryableByName, RunQueryDsl};
use djamon_core::store::backend::migrate::{
    SchemaState, migrate, open_current, open_or_create, schema_state,
};
use djamon_core::store::{AnyConnection, DatabaseUrl, StoreError};
use djamon_tests::database::{Backend, TestDatabase};
use djamon_tests::on_both;

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

fn lines(connection: &mut AnyConnection, sql: &str) -> BTreeSet<String> {
    let lines: Vec<Line> = diesel::sql_query(sql).load(connection).unwrap();
    lines.into_iter().map(|line| line.line).collect()
}

#[test]
fn both_schemas_have_the_same_names() {
    let mut sqlite = TestDatabase::migrated(Backend::Sqlite).connect();
    let mut postgres = TestDatabase::migrated(Backend::Postgres).connect();
    let columns = (
        "SELECT t.name || '.' || c.name || CASE WHEN c.\"notnull\" OR c.pk THEN '' ELSE ' null' END AS line \
         FROM sqlite_master t, pragma_table_info(t.name) c WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%'",
        "SELECT table_name || '.' || column_name || CASE is_nullable WHEN 'NO' THEN '' ELSE ' null' END AS line \
         FROM information_schema.columns WHERE table_schema = 'public'",
    );
    let indexes = (
        "SELECT i.tbl_name || ' ' || coalesce((SELECT group_concat(name, ',') FROM (SELECT name FROM \
         pragma_index_info(i.name) ORDER BY seqno)), '') || CASE WHEN l.\"unique\" THEN ' unique' ELSE '' END || \
         CASE WHEN l.partial THEN ' partial' ELSE '' END AS line \
         FROM sqlite_master i JOIN pragma_index_list(i.tbl_name) l ON l.name = i.name \
         WHERE i.type = 'index' AND l.origin <> 'pk' AND i.tbl_name NOT LIKE '\\_\\_%' ESCAPE '\\'",
        "SELECT c.relname || ' ' || (SELECT string_agg(a.attname, ',' ORDER BY k.n) FROM unnest(x.indkey) WITH ORDINALITY \
         k(attnum, n) JOIN pg_attribute a ON a.attrelid = x.indrelid AND a.attnum = k.attnum) || \
         CASE WHEN x.indisunique THEN ' unique' ELSE '' END || CASE WHEN x.indpred IS NOT NULL THEN ' partial' ELSE '' END \
         AS line FROM pg_index x JOIN pg_class c ON c.oid = x.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace \
         WHERE n.nspname = 'public' AND NOT x.indisprimary AND c.relname NOT LIKE '\\_\\_%'",
    );
    for (of_sqlite, of_postgres) in [columns, indexes] {
        let (one, other) = (lines(&mut sqlite, of_sqlite), lines(&mut postgres, of_postgres));
        assert!(one.len() > 10, "{one:#?}");
        assert_eq!(one, other);
    }
}

on_both! {
    fn foreign_keys_and_checks_hold(database: TestDatabase) {
        let mut connection = database.connect();
        for wrong in [
            "INSERT INTO runs (location_id, state, started_at, expected_interval_ms, sites, up, failing, down, skipped) VALUES (99, 'done', 0, 0, 0, 0, 0, 0, 0)",
            "INSERT INTO users (name, role, password_hash, version, created_at) VALUES ('a', 'king', '', 1, 0)",
            "INSERT INTO events (kind, at) VALUES ('burst', 0)",
        ] {
            assert!(connection.batch_execute(wrong).is_err(), "{wrong}");
        }
    }

    fn migrating_twice_changes_nothing(database: TestDatabase) {
        assert_eq!(migrate(&database.url).unwrap(), Vec::<String>::new());
        assert_eq!(schema_state(&mut database.open()).unwrap(), SchemaState::Current);
    }

    fn states_outlive_the_step_that_makes_their_table_anew(database: TestDatabase) {
        let step = "2026-11-25-150000_standing_check";
        let is_sqlite = database.url_text.starts_with("sqlite");
        let (folder, memory) = if is_sqlite { ("sqlite", "X'616263'") } else { ("postgres", "'\\x616263'") };
        let undo = concat!(env!("CARGO_MANIFEST_DIR"), "/../migrations");
        let undo = std::fs::read_to_string(format!("{undo}/{folder}/{step}/down.sql")).unwrap();
        let mut connection = database.open();
        connection.batch_execute(&undo).unwrap();
        connection
            .batch_execute(&format!(
                "DELETE FROM __diesel_schema_migrations WHERE version = '20261125150000'; \
                 INSERT INTO locations (id, name) VALUES (7, 'attic'); \
                 INSERT INTO sites (id, slug, name, url, options, public, version, created_at, edited_at) \
                 VALUES (5, 'shop', 'Shop', 'https://shop.example/', '{{}}', TRUE, 1, 0, 0); \
                 INSERT INTO site_states VALUES (5, 7, 'down', TRUE, TRUE, 3, 0, 11, 12, NULL, 13, {memory})",
            ))
            .unwrap();
        assert_eq!(migrate(&database.url).unwrap(), [step]);
        let kept = "SELECT site_id || ' ' || location_id || ' ' || standing || ' ' || failures || ' ' || since_at || ' ' || \
                    last_at || ' ' || coalesce(next_due_at, 0) || ' ' || edited_at || ' ' || length(memory) AS line FROM site_states";
        assert_eq!(lines(&mut connection, kept).into_iter().collect::<Vec<_>>(), ["5 7 down 3 11 12 0 13 3"]);
        let odd = "UPDATE site_states SET standing = 'sideways'";
        assert!(connection.batch_execute(odd).is_err());
    }

    fn events_and_what_names_them_outlive_the_step_that_makes_their_table_anew(database: TestDatabase) {
        let step = "2026-11-26-000000_storage_warnings";
        let is_sqlite = database.url_text.starts_with("sqlite");
        let folder = if is_sqlite { "sqlite" } else { "postgres" };
        let undo = concat!(env!("CARGO_MANIFEST_DIR"), "/../migrations");
        let undo = std::fs::read_to_string(format!("{undo}/{folder}/{step}/down.sql")).unwrap();
        let mut connection = database.open();
        let event = "INSERT INTO events (kind, at, owed) VALUES ('certificate', 1, 1), ('test', 2, 0); \
                     INSERT INTO outbox (event_id, channel, state, tries, next_try_at, created_at) VALUES (1, 'email', 'pending', 0, 3, 4);";
        let storage = "INSERT INTO events (kind, at) VALUES ('storage', 5); \
                       INSERT INTO storage_warnings VALUES (3, 'full', 'djamon.db', 'web-1', 6, 7, 8, NULL); \
                       INSERT INTO outbox (event_id, channel, state, tries, next_try_at, created_at) VALUES (3, 'email', 'pending', 0, 3, 4);";
        connection.batch_execute(event).unwrap();
        connection.batch_execute(storage).unwrap();
        connection.batch_execute(&format!("BEGIN; {undo} COMMIT")).unwrap();
        assert!(connection.batch_execute("INSERT INTO events (kind, at) VALUES ('storage', 5)").is_err());
        connection.batch_execute("DELETE FROM __diesel_schema_migrations WHERE version = '20261126000000'").unwrap();
        assert_eq!(migrate(&database.url).unwrap(), [step]);
        let kept = "SELECT events.id || ' ' || kind || ' ' || at || ' ' || owed || ' ' || coalesce(channel, '-') AS line \
                    FROM events LEFT JOIN outbox ON events.id = event_id";
        assert_eq!(lines(&mut connection, kept).into_iter().collect::<Vec<_>>(), ["1 certificate 1 1 email", "2 test 2 0 -"]);
        assert!(connection.batch_execute("DELETE FROM events WHERE id = 1").is_err(), "the outbox names it");
        connection.batch_execute("INSERT INTO events (kind, at) VALUES ('storage', 5)").unwrap();
    }

    fn every_step_can_be_taken_back_and_taken_anew(database: TestDatabase) {
        let is_sqlite = database.url_text.starts_with("sqlite");
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../migrations").to_owned() + if is_sqlite { "/sqlite" } else { "/postgres" };
        let names = |connection: &mut AnyConnection| {
            let sql = if is_sqlite {
                "SELECT sql AS line FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE '\\_\\_%' ESCAPE '\\' AND name <> 'sqlite_sequence'"
            } else {
                "SELECT relname || coalesce(pg_get_indexdef(x.indexrelid), '') AS line FROM pg_class c LEFT JOIN pg_index x ON x.indexrelid = c.oid \
                 WHERE relnamespace = 'public'::regnamespace AND relname NOT LIKE '\\_\\_%' UNION ALL \
                 SELECT tgname::text FROM pg_trigger WHERE NOT tgisinternal UNION ALL SELECT proname::text FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
            };
            lines(connection, sql)
        };
        let mut connection = database.open();
        let before = names(&mut connection);
        let mut steps: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|step| step.unwrap().path()).collect();
        steps.sort();
        for step in steps.iter().rev() {
            let undo = std::fs::read_to_string(step.join("down.sql")).unwrap();
            connection.batch_execute(&format!("BEGIN; {undo} COMMIT")).unwrap_or_else(|error| panic!("{step:?}: {error}"));
        }
        assert_eq!(names(&mut connection), BTreeSet::new());
        connection.batch_execute("DELETE FROM __diesel_schema_migrations").unwrap();
        assert_eq!(migrate(&database.url).unwrap().len(), steps.len());
        assert_eq!(names(&mut connection), before);
    }

    fn a_newer_schema_is_refused(database: TestDatabase) {
        database.open().batch_execute("INSERT INTO __diesel_schema_migrations (version) VALUES ('29990101000000')").unwrap();
        for opened in [open_or_create(&database.url), open_current(&database.url)] {
            let error = opened.err().unwrap().to_string();
            assert!(error.contains("has a newer schema (29990101000000) than this program") && error.contains("djamon-check migrate"), "{error}");
        }
        assert!(migrate(&database.url).unwrap_err().to_string().contains("newer schema"));
    }

    fn a_schema_whose_steps_are_forgotten_is_left_alone(database: TestDatabase) {
        let mut connection = database.open();
        connection.batch_execute("DELETE FROM __diesel_schema_migrations").unwrap();
        assert_eq!(schema_state(&mut connection).unwrap(), SchemaState::Foreign);
    }
}

#[test]
fn a_database_of_something_else_is_left_alone() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let database = TestDatabase::empty(backend);
        database.open().batch_execute("CREATE TABLE letters (id INTEGER)").unwrap();
        let error = open_or_create(&database.url).err().unwrap().to_string();
        assert!(error.contains("holds tables, but none of Djamon's; name an empty one"), "{error}");
        assert_eq!(schema_state(&mut database.open()).unwrap(), SchemaState::Foreign);
        migrate(&database.url).unwrap();
        open_or_create(&database.url).unwrap();
    }
}

#[test]
fn a_new_sqlite_file_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let database = TestDatabase::migrated(Backend::Sqlite);
    let mode = std::fs::metadata(database.dir.path().join("djamon.db")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

fn starts_at_once(backend: Backend) {
    let database = TestDatabase::empty(backend);
    let url = &database.url;
    std::thread::scope(|scope| {
        let starts: Vec<_> = (0..8).map(|_| scope.spawn(move || open_or_create(url).map(|_| ()))).collect();
        for start in starts {
            start.join().unwrap().unwrap();
        }
    });
    assert_eq!(schema_state(&mut database.open()).unwrap(), SchemaState::Current);
}

#[test]
fn eight_programs_may_start_at_once_on_an_empty_sqlite_database() {
    starts_at_once(Backend::Sqlite);
}

#[test]
fn eight_programs_may_start_at_once_on_an_empty_postgres_database() {
    starts_at_once(Backend::Postgres);
}

/// What holds up those who wait for a schema change, and what counts them.
fn changing_schema(database: &TestDatabase) -> (Box<dyn std::any::Any>, Box<dyn Fn() -> usize>) {
    match &database.url {
        DatabaseUrl::Sqlite(path) => {
            let file = std::fs::File::create(format!("{}.migrate.lock", path.display())).unwrap();
            file.lock().unwrap();
            let inode = format!(":{} ", std::os::unix::fs::MetadataExt::ino(&file.metadata().unwrap()));
            let waiting = move || {
                let of_it = |line: &&str| line.contains("->") && line.contains(&inode);
                std::fs::read_to_string("/proc/locks").unwrap().lines().filter(of_it).count()
            };
            (Box::new(file), Box::new(waiting))
        }
        DatabaseUrl::Postgres(_) => {
            let mut holder = database.open();
            holder.batch_execute("SELECT pg_advisory_lock(68, 2)").unwrap();
            let looking = std::cell::RefCell::new(database.open());
            let waiting = move || {
                let sql = "SELECT pid::text AS line FROM pg_locks WHERE locktype = 'advisory' AND NOT granted \
                           AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
                lines(&mut looking.borrow_mut(), sql).len()
            };
            (Box::new(holder), Box::new(waiting))
        }
    }
}

on_both! {
    fn who_finds_an_older_schema_waits_while_somebody_changes_it(database: TestDatabase) {
        let mut connection = database.open();
        let newest = "SELECT max(version) AS line FROM __diesel_schema_migrations";
        let newest = lines(&mut connection, newest).pop_first().unwrap();
        let forget = format!("DELETE FROM __diesel_schema_migrations WHERE version = '{newest}'");
        connection.batch_execute(&forget).unwrap();
        let (change, waiting) = changing_schema(&database);
        let url = &database.url;
        std::thread::scope(|scope| {
            let check = scope.spawn(move || open_or_create(url).map(drop));
            let web = scope.spawn(move || open_current(url).map(drop));
            while waiting() < 2 && !check.is_finished() && !web.is_finished() {
                std::thread::yield_now();
            }
            let done = format!("INSERT INTO __diesel_schema_migrations (version) VALUES ('{newest}')");
            connection.batch_execute(&done).unwrap();
            drop(change);
            check.join().unwrap().unwrap();
            web.join().unwrap().unwrap();
        });
        // Nobody changes it any more: it is refused.
        connection.batch_execute(&forget).unwrap();
        for opened in [open_or_create(url), open_current(url)] {
            assert!(opened.err().unwrap().to_string().contains("djamon-check migrate"));
        }
    }
}

#[test]
fn an_empty_database_is_refused_by_who_may_not_make_the_schema() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let database = TestDatabase::empty(backend);
        let _file = database.open();
        let error = open_current(&database.url).err().unwrap().to_string();
        assert!(error.ends_with("is empty; run djamon-check migrate"), "{error}");
    }
}

fn refusal(url: &str) -> String {
    match open_or_create(&DatabaseUrl::parse(url).unwrap()) {
        Err(error @ StoreError::Open { .. }) => error.to_string(),
        Err(other) => panic!("{other:?}"),
        Ok(_) => panic!("{url} was opened"),
    }
}

#[test]
fn a_database_that_cannot_be_opened_says_why_and_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("letter.txt"), "Dear Sir or Madam, this is not a database at all.")
        .unwrap();
    let letter = refusal(&format!("sqlite://{}/letter.txt", dir.path().display()));
    assert!(letter.contains("file is not a database; [database] url names something else"), "{letter}");
    let nowhere = refusal(&format!("sqlite://{}/none/djamon.db", dir.path().display()));
    assert!(nowhere.contains("check that its directory exists and may be written"), "{nowhere}");
    let refused = refusal("postgres://djamon@127.0.0.1:1/djamon");
    assert!(refused.contains("is PostgreSQL running?"), "{refused}");
    let unknown = TestDatabase::empty(Backend::Postgres).url_text.replace("test_", "none_");
    assert!(refusal(&unknown).contains("make it with createdb"), "{unknown}");
}

#[test]
fn what_a_statement_of_sqlite_may_take_back_stays_in_memory() {
    let mut connection = TestDatabase::migrated(Backend::Sqlite).connect();
    let options = lines(&mut connection, "SELECT compile_options AS line FROM pragma_compile_options");
    // Else fifty rows at once may need a file of their own, on another disk.
    assert!(options.contains("STMTJRNL_SPILL=-1"), "{options:?}");
}
