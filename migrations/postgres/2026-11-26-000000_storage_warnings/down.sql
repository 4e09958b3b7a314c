DROP TABLE storage_warnings;
DELETE FROM outbox WHERE event_id IN (SELECT id FROM events WHERE kind = 'storage');
DELETE FROM events WHERE kind = 'storage';
ALTER TABLE events
    DROP CONSTRAINT events_kind_check,
    ADD CONSTRAINT events_kind_check CHECK (kind IN ('opened', 'joined', 'resolved', 'reminder', 'certificate', 'test'));
