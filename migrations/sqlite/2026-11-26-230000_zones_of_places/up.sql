-- An hour is of one day: each place notes from which hour on its days are those of which zone.
CREATE TEMPORARY TABLE newest_zone AS SELECT zone FROM day_zones ORDER BY day DESC LIMIT 1;
DROP TABLE day_zones;
CREATE TABLE day_zones (
    location_id INTEGER NOT NULL REFERENCES locations (id),
    first_hour INTEGER NOT NULL,
    zone TEXT NOT NULL,
    PRIMARY KEY (location_id, first_hour)
) STRICT, WITHOUT ROWID;
INSERT INTO day_zones (location_id, first_hour, zone) SELECT locations.id, 0, zone FROM locations, newest_zone;
DROP TABLE newest_zone;
