ALTER TABLE site_hours RESET (autovacuum_vacuum_insert_threshold, autovacuum_vacuum_insert_scale_factor);
ALTER TABLE site_days RESET (autovacuum_vacuum_insert_threshold, autovacuum_vacuum_insert_scale_factor);
ALTER TABLE site_hours
    DROP CONSTRAINT site_hours_pkey,
    ADD CONSTRAINT site_hours_pkey PRIMARY KEY (site_id, location_id, hour);
ALTER TABLE site_days
    DROP CONSTRAINT site_days_pkey,
    ADD CONSTRAINT site_days_pkey PRIMARY KEY (site_id, location_id, day);
