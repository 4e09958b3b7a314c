-- History at any size, SQLite side. docs/DATA-MODEL.md explains each column.

-- Packed: how many looks failed how, and how long the good ones took (domain/times.rs). Empty for hours and days before.
ALTER TABLE site_hours ADD COLUMN failed BLOB NOT NULL DEFAULT X'';
ALTER TABLE site_hours ADD COLUMN times BLOB NOT NULL DEFAULT X'';
ALTER TABLE site_days ADD COLUMN failed BLOB NOT NULL DEFAULT X'';
ALTER TABLE site_days ADD COLUMN times BLOB NOT NULL DEFAULT X'';

-- Whose days the days are, from which day on.
CREATE TABLE day_zones (
    day INTEGER NOT NULL PRIMARY KEY,
    zone TEXT NOT NULL
) STRICT;

-- Reports that were frozen: a month as year and month (202611), and each site's line as it was told.
CREATE TABLE frozen_months (
    month INTEGER NOT NULL PRIMARY KEY,
    zone TEXT NOT NULL,
    frozen_at INTEGER NOT NULL
) STRICT;
CREATE TABLE frozen_figures (
    month INTEGER NOT NULL REFERENCES frozen_months (month),
    site_id INTEGER NOT NULL REFERENCES sites (id),
    figures TEXT NOT NULL,
    PRIMARY KEY (month, site_id)
) STRICT, WITHOUT ROWID;
