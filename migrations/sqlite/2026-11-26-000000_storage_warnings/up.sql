-- Telling that the disk of the database runs full, SQLite side: a kind of event of its own, and what each of them said.
-- A check cannot be changed, so the table of events is made anew; what names its rows finds them again at the end.
PRAGMA defer_foreign_keys = ON;
CREATE TEMPORARY TABLE kept_events AS SELECT id, kind, outage_id, site_id, run_id, at, owed FROM events;
DROP TABLE events;
CREATE TABLE events (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL CHECK (kind IN ('opened', 'joined', 'resolved', 'reminder', 'certificate', 'storage', 'test')),
    outage_id INTEGER REFERENCES outages (id),
    site_id INTEGER REFERENCES sites (id),
    run_id INTEGER REFERENCES runs (id),
    at INTEGER NOT NULL,
    -- To how many channels the event was owed when it was written: what the outbox must hold of it.
    owed INTEGER NOT NULL DEFAULT 0,
    CONSTRAINT events_once UNIQUE (outage_id, run_id, kind)
) STRICT;
CREATE INDEX events_run ON events (run_id);
INSERT INTO events (id, kind, outage_id, site_id, run_id, at, owed)
    SELECT id, kind, outage_id, site_id, run_id, at, owed FROM kept_events ORDER BY id;
DROP TABLE kept_events;

-- One row per event and level; open until there was room again, and until then nobody is told of that level once more.
CREATE TABLE storage_warnings (
    event_id INTEGER NOT NULL REFERENCES events (id),
    level TEXT NOT NULL CHECK (level IN ('low', 'full')),
    place TEXT NOT NULL,
    machine TEXT NOT NULL,
    free_bytes INTEGER NOT NULL,
    wanted_bytes INTEGER NOT NULL,
    told_at INTEGER NOT NULL,
    over_at INTEGER,
    CONSTRAINT storage_warnings_key UNIQUE (event_id, level)
) STRICT;
CREATE UNIQUE INDEX storage_warnings_one_open ON storage_warnings (level) WHERE over_at IS NULL;
