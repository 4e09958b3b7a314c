DROP TABLE storage_warnings;
DELETE FROM outbox WHERE event_id IN (SELECT id FROM events WHERE kind = 'storage');
DELETE FROM events WHERE kind = 'storage';
PRAGMA defer_foreign_keys = ON;
CREATE TEMPORARY TABLE kept_events AS SELECT id, kind, outage_id, site_id, run_id, at, owed FROM events;
DROP TABLE events;
CREATE TABLE events (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL CHECK (kind IN ('opened', 'joined', 'resolved', 'reminder', 'certificate', 'test')),
    outage_id INTEGER REFERENCES outages (id),
    site_id INTEGER REFERENCES sites (id),
    run_id INTEGER REFERENCES runs (id),
    at INTEGER NOT NULL,
    owed INTEGER NOT NULL DEFAULT 0,
    CONSTRAINT events_once UNIQUE (outage_id, run_id, kind)
) STRICT;
CREATE INDEX events_run ON events (run_id);
INSERT INTO events (id, kind, outage_id, site_id, run_id, at, owed)
    SELECT id, kind, outage_id, site_id, run_id, at, owed FROM kept_events ORDER BY id;
DROP TABLE kept_events;
