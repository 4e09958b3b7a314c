-- The check of a standing as SQLite has it.
ALTER TABLE site_states
    DROP CONSTRAINT site_states_standing_check,
    ADD CONSTRAINT site_states_standing_check CHECK (standing = 'up' OR standing = 'failing' OR standing = 'down');
