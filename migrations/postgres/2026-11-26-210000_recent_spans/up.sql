-- The newest hours and days of a site at a place, packed: uptime of the last day, week and month is made of one row instead of
-- some fifty. A site without a row gets one when its next hour is over; until then its hours and days are read.
CREATE TABLE site_recent (
    site_id INTEGER NOT NULL REFERENCES sites (id),
    location_id INTEGER NOT NULL REFERENCES locations (id),
    spans BYTEA NOT NULL,
    PRIMARY KEY (site_id, location_id)
);

-- So hours and days need not be added up from their keys any more.
ALTER TABLE site_hours
    DROP CONSTRAINT site_hours_pkey,
    ADD CONSTRAINT site_hours_pkey PRIMARY KEY (site_id, location_id, hour);
ALTER TABLE site_days
    DROP CONSTRAINT site_days_pkey,
    ADD CONSTRAINT site_days_pkey PRIMARY KEY (site_id, location_id, day);
ALTER TABLE site_hours RESET (autovacuum_vacuum_insert_threshold, autovacuum_vacuum_insert_scale_factor);
ALTER TABLE site_days RESET (autovacuum_vacuum_insert_threshold, autovacuum_vacuum_insert_scale_factor);
