ALTER TABLE site_states
    DROP CONSTRAINT site_states_standing_check,
    ADD CONSTRAINT site_states_standing_check CHECK (standing IN ('up', 'failing', 'down'));
