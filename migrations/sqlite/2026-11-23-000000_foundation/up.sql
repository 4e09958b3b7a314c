-- The foundation, SQLite side. Same tables, columns, indexes and checks as ../../postgres: a test compares them.
-- Instants (`_at`) are UTC in whole milliseconds since 1970; booleans are 0 or 1. docs/DATA-MODEL.md explains each table.

CREATE TABLE locations (
    id INTEGER NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    CONSTRAINT locations_name UNIQUE (name)
) STRICT;

CREATE TABLE groups (
    id INTEGER NOT NULL PRIMARY KEY,
    slug TEXT NOT NULL,
    name TEXT NOT NULL,
    public INTEGER NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    removed_at INTEGER
) STRICT;
CREATE UNIQUE INDEX groups_slug ON groups (slug) WHERE removed_at IS NULL;

CREATE TABLE sites (
    id INTEGER NOT NULL PRIMARY KEY,
    slug TEXT NOT NULL,
    name TEXT NOT NULL,
    url TEXT NOT NULL,
    auth_user TEXT,
    auth_password TEXT,
    group_id INTEGER REFERENCES groups (id),
    interval_ms INTEGER,
    options TEXT NOT NULL,
    public INTEGER NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    edited_at INTEGER NOT NULL,
    paused_at INTEGER,
    removed_at INTEGER
) STRICT;
CREATE UNIQUE INDEX sites_slug ON sites (slug) WHERE removed_at IS NULL;
CREATE INDEX sites_group ON sites (group_id);

CREATE TABLE runs (
    id INTEGER NOT NULL PRIMARY KEY,
    location_id INTEGER NOT NULL REFERENCES locations (id),
    state TEXT NOT NULL CHECK (state IN ('running', 'done', 'blind', 'overlap', 'died')),
    started_at INTEGER NOT NULL,
    finished_at INTEGER,
    expected_interval_ms INTEGER NOT NULL,
    blind_reason TEXT,
    blind_from INTEGER,
    sites INTEGER NOT NULL,
    up INTEGER NOT NULL,
    failing INTEGER NOT NULL,
    down INTEGER NOT NULL,
    skipped INTEGER NOT NULL,
    skipped_reason TEXT
) STRICT;
CREATE INDEX runs_unfinished ON runs (location_id) WHERE finished_at IS NULL;

CREATE TABLE details (
    id INTEGER NOT NULL PRIMARY KEY,
    text TEXT NOT NULL,
    used_at INTEGER NOT NULL,
    CONSTRAINT details_text UNIQUE (text)
) STRICT;

-- The big one: in key order, which is time order (UUID version 7), and no other index.
CREATE TABLE site_views (
    id BLOB NOT NULL PRIMARY KEY,
    site_id INTEGER NOT NULL,
    location_id INTEGER NOT NULL,
    run_id INTEGER NOT NULL,
    at INTEGER NOT NULL,
    outcome INTEGER NOT NULL,
    degraded INTEGER NOT NULL,
    code INTEGER,
    duration_ms INTEGER NOT NULL,
    detail_id INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE site_states (
    site_id INTEGER NOT NULL REFERENCES sites (id),
    location_id INTEGER NOT NULL REFERENCES locations (id),
    standing TEXT NOT NULL CHECK (standing IN ('up', 'failing', 'down')),
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
CREATE INDEX site_states_failed ON site_states (location_id, site_id) WHERE last_failed;

-- What each hour and each day (UTC) was, by number since 1970; what is missing to the whole is unknown.
CREATE TABLE site_hours (
    site_id INTEGER NOT NULL,
    location_id INTEGER NOT NULL,
    hour INTEGER NOT NULL,
    up_ms INTEGER NOT NULL,
    degraded_ms INTEGER NOT NULL,
    down_ms INTEGER NOT NULL,
    blind_ms INTEGER NOT NULL,
    looks INTEGER NOT NULL,
    failures INTEGER NOT NULL,
    PRIMARY KEY (site_id, location_id, hour)
) STRICT, WITHOUT ROWID;

CREATE TABLE site_days (
    site_id INTEGER NOT NULL,
    location_id INTEGER NOT NULL,
    day INTEGER NOT NULL,
    up_ms INTEGER NOT NULL,
    degraded_ms INTEGER NOT NULL,
    down_ms INTEGER NOT NULL,
    blind_ms INTEGER NOT NULL,
    looks INTEGER NOT NULL,
    failures INTEGER NOT NULL,
    PRIMARY KEY (site_id, location_id, day)
) STRICT, WITHOUT ROWID;

CREATE TABLE outages (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    scope INTEGER NOT NULL,
    started_at INTEGER NOT NULL,
    detected_at INTEGER NOT NULL,
    resolved_at INTEGER,
    opened_run_id INTEGER NOT NULL REFERENCES runs (id)
) STRICT;
CREATE UNIQUE INDEX outages_one_open ON outages (scope) WHERE resolved_at IS NULL;

CREATE TABLE events (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL CHECK (kind IN ('opened', 'joined', 'resolved', 'reminder', 'certificate', 'test')),
    outage_id INTEGER REFERENCES outages (id),
    site_id INTEGER REFERENCES sites (id),
    run_id INTEGER REFERENCES runs (id),
    at INTEGER NOT NULL,
    CONSTRAINT events_once UNIQUE (outage_id, run_id, kind)
) STRICT;
CREATE INDEX events_run ON events (run_id);

CREATE TABLE certificate_warnings (
    event_id INTEGER NOT NULL REFERENCES events (id),
    site_id INTEGER NOT NULL REFERENCES sites (id),
    expires_at INTEGER NOT NULL,
    CONSTRAINT certificate_warnings_key UNIQUE (event_id, site_id)
) STRICT;

CREATE TABLE outage_sites (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    outage_id INTEGER NOT NULL REFERENCES outages (id),
    site_id INTEGER NOT NULL REFERENCES sites (id),
    location_id INTEGER NOT NULL REFERENCES locations (id),
    event_id INTEGER REFERENCES events (id),
    down_at INTEGER NOT NULL,
    detected_at INTEGER NOT NULL,
    up_at INTEGER,
    left_reason TEXT CHECK (left_reason IN ('recovered', 'paused', 'removed', 'changed')),
    first_look TEXT NOT NULL,
    last_look TEXT NOT NULL,
    good_look TEXT
) STRICT;
CREATE INDEX outage_sites_outage ON outage_sites (outage_id);
CREATE INDEX outage_sites_site ON outage_sites (site_id);
CREATE UNIQUE INDEX outage_sites_one_open ON outage_sites (site_id, location_id) WHERE up_at IS NULL;

CREATE TABLE channels (
    id INTEGER NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    settings TEXT NOT NULL,
    enabled INTEGER NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    removed_at INTEGER
) STRICT;
CREATE UNIQUE INDEX channels_name ON channels (name) WHERE removed_at IS NULL;

CREATE TABLE outbox (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    event_id INTEGER NOT NULL REFERENCES events (id),
    outage_id INTEGER REFERENCES outages (id),
    channel TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('pending', 'claimed', 'retry', 'sent', 'parked')),
    tries INTEGER NOT NULL,
    next_try_at INTEGER NOT NULL,
    message_key TEXT,
    last_error TEXT,
    created_at INTEGER NOT NULL,
    sent_at INTEGER,
    CONSTRAINT outbox_once UNIQUE (event_id, channel)
) STRICT;
CREATE INDEX outbox_owed ON outbox (channel, outage_id, id) WHERE state IN ('pending', 'claimed', 'retry');

CREATE TABLE users (
    id INTEGER NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('admin', 'viewer')),
    password_hash TEXT NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    disabled_at INTEGER,
    CONSTRAINT users_name UNIQUE (name)
) STRICT;
