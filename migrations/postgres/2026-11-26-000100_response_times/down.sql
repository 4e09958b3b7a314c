ALTER TABLE site_states DROP COLUMN took_ms;
