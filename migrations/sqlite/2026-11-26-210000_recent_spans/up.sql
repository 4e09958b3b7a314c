-- The newest hours and days of a site at a place, packed: uptime of the last day, week and month is made of one row instead of
-- some fifty. A site without a row gets one when its next hour is over; until then its hours and days are read.
CREATE TABLE site_recent (
    site_id INTEGER NOT NULL REFERENCES sites (id),
    location_id INTEGER NOT NULL REFERENCES locations (id),
    spans BLOB NOT NULL,
    PRIMARY KEY (site_id, location_id)
) STRICT, WITHOUT ROWID;
