-- People who sign in: their sessions, their invitations, what was tried in vain, and what they note about outages.
-- Keys are kept as SHA-256: who reads the database cannot sign in with what stands in it.

CREATE TABLE sessions (
    key_hash BLOB NOT NULL PRIMARY KEY,
    user_id INTEGER NOT NULL REFERENCES users (id),
    created_at INTEGER NOT NULL,
    last_seen_at INTEGER NOT NULL,
    state TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_user ON sessions (user_id);

CREATE TABLE invites (
    key_hash BLOB NOT NULL PRIMARY KEY,
    user_id INTEGER NOT NULL REFERENCES users (id),
    expires_at INTEGER NOT NULL,
    CONSTRAINT invites_user UNIQUE (user_id)
) STRICT, WITHOUT ROWID;

-- `whose` is the hash of an account, a network, both, or a device.
CREATE TABLE sign_in_failures (
    whose BLOB NOT NULL PRIMARY KEY,
    failures INTEGER NOT NULL,
    last_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE outage_notes (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    outage_id INTEGER NOT NULL REFERENCES outages (id),
    at INTEGER NOT NULL,
    author TEXT NOT NULL,
    text TEXT NOT NULL
) STRICT;
CREATE INDEX outage_notes_outage ON outage_notes (outage_id);
