-- Acknowledging outages; what an event was owed to; a whole channel that was asked to wait. The same as ../../postgres.

ALTER TABLE outages ADD COLUMN acknowledged_at INTEGER;
ALTER TABLE outages ADD COLUMN acknowledged_by TEXT;
ALTER TABLE outages ADD COLUMN acknowledged_why TEXT;

-- To how many channels the event was owed when it was written: what the outbox must hold of it.
ALTER TABLE events ADD COLUMN owed INTEGER NOT NULL DEFAULT 0;
UPDATE events SET owed = (SELECT count(*) FROM outbox WHERE outbox.event_id = events.id);

-- Whether the other side named the time until the next try: until then nothing leaves on this channel.
ALTER TABLE outbox ADD COLUMN channel_waits INTEGER NOT NULL DEFAULT 0;
