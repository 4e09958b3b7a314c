-- What a site was up and down is in the index that its hours and days are found by, so that they are added up without
-- touching the rows. That holds for rows the server knows to be visible to all: it looks after every thousand new ones, not
-- only once a fifth of the table is new.
ALTER TABLE site_hours
    DROP CONSTRAINT site_hours_pkey,
    ADD CONSTRAINT site_hours_pkey PRIMARY KEY (site_id, location_id, hour) INCLUDE (up_ms, down_ms);
ALTER TABLE site_days
    DROP CONSTRAINT site_days_pkey,
    ADD CONSTRAINT site_days_pkey PRIMARY KEY (site_id, location_id, day) INCLUDE (up_ms, down_ms);
ALTER TABLE site_hours SET (autovacuum_vacuum_insert_threshold = 1000, autovacuum_vacuum_insert_scale_factor = 0);
ALTER TABLE site_days SET (autovacuum_vacuum_insert_threshold = 1000, autovacuum_vacuum_insert_scale_factor = 0);
