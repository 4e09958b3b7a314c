ALTER TABLE outbox DROP COLUMN channel_waits;
ALTER TABLE events DROP COLUMN owed;
ALTER TABLE outages DROP COLUMN acknowledged_why;
ALTER TABLE outages DROP COLUMN acknowledged_by;
ALTER TABLE outages DROP COLUMN acknowledged_at;
