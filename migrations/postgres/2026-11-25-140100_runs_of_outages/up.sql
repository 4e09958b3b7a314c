-- Old records of runs go, unless something refers to them: asked of each.
CREATE INDEX outages_run ON outages (opened_run_id);
