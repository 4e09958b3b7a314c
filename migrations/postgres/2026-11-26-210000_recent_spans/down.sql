ALTER TABLE site_hours
    DROP CONSTRAINT site_hours_pkey,
    ADD CONSTRAINT site_hours_pkey PRIMARY KEY (site_id, location_id, hour) INCLUDE (up_ms, down_ms);
ALTER TABLE site_days
    DROP CONSTRAINT site_days_pkey,
    ADD CONSTRAINT site_days_pkey PRIMARY KEY (site_id, location_id, day) INCLUDE (up_ms, down_ms);
ALTER TABLE site_hours SET (autovacuum_vacuum_insert_threshold = 1000, autovacuum_vacuum_insert_scale_factor = 0);
ALTER TABLE site_days SET (autovacuum_vacuum_insert_threshold = 1000, autovacuum_vacuum_insert_scale_factor = 0);
DROP TABLE site_recent;
