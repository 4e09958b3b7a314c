CREATE TEMPORARY TABLE newest_zone AS
SELECT first_hour, zone FROM day_zones ORDER BY first_hour DESC, location_id LIMIT 1;
DROP TABLE day_zones;
CREATE TABLE day_zones (
    day INTEGER NOT NULL PRIMARY KEY,
    zone TEXT NOT NULL
) STRICT;
INSERT INTO day_zones (day, zone) SELECT first_hour / 24, zone FROM newest_zone;
DROP TABLE newest_zone;
