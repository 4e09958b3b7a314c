DROP TABLE frozen_figures;
DROP TABLE frozen_months;
DROP TABLE day_zones;
ALTER TABLE site_days DROP COLUMN times;
ALTER TABLE site_days DROP COLUMN failed;
ALTER TABLE site_hours DROP COLUMN times;
ALTER TABLE site_hours DROP COLUMN failed;
