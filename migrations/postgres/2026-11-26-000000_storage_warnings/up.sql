-- Telling that the disk of the database runs full, PostgreSQL side. The same as ../../sqlite; a server's disk is its own
-- affair, so that nothing is written here.
ALTER TABLE events
    DROP CONSTRAINT events_kind_check,
    ADD CONSTRAINT events_kind_check
        CHECK (kind IN ('opened', 'joined', 'resolved', 'reminder', 'certificate', 'storage', 'test'));

CREATE TABLE storage_warnings (
    event_id INTEGER NOT NULL REFERENCES events (id),
    level TEXT NOT NULL CHECK (level IN ('low', 'full')),
    place TEXT NOT NULL,
    machine TEXT NOT NULL,
    free_bytes BIGINT NOT NULL,
    wanted_bytes BIGINT NOT NULL,
    told_at BIGINT NOT NULL,
    over_at BIGINT,
    CONSTRAINT storage_warnings_key UNIQUE (event_id, level)
);
CREATE UNIQUE INDEX storage_warnings_one_open ON storage_warnings (level) WHERE over_at IS NULL;
