-- The check of a standing, written so that SQLite compares: for IN with three values it fills a table in memory each time a
-- state is written, which cost half of what writing it did. A check cannot be changed, so the table is made anew.
CREATE TABLE new_site_states (
    site_id INTEGER NOT NULL REFERENCES sites (id),
    location_id INTEGER NOT NULL REFERENCES locations (id),
    standing TEXT NOT NULL CHECK (standing = 'up' OR standing = 'failing' OR standing = 'down'),
    degraded INTEGER NOT NULL,
    last_failed INTEGER NOT NULL,
    failures INTEGER NOT NULL,
    good INTEGER NOT NULL,
    since_at INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    next_due_at INTEGER,
    edited_at INTEGER NOT NULL,
    memory BLOB NOT NULL,
    CONSTRAINT site_states_key UNIQUE (site_id, location_id)
) STRICT;
INSERT INTO new_site_states SELECT
    site_id, location_id, standing, degraded, last_failed, failures, good, since_at, last_at, next_due_at, edited_at, memory
    FROM site_states;
DROP TABLE site_states;
ALTER TABLE new_site_states RENAME TO site_states;
CREATE INDEX site_states_failed ON site_states (location_id, site_id) WHERE last_failed;
