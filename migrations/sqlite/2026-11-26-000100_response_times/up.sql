-- How long the last look at a site took, beside the rest of its state: from these a run chooses how many threads it begins with.
ALTER TABLE site_states ADD COLUMN took_ms INTEGER NOT NULL DEFAULT 0;
