ALTER TABLE locations DROP COLUMN idle_version, DROP COLUMN idle_until, DROP COLUMN idle_from;
DROP TRIGGER groups_edited ON groups;
DROP TRIGGER sites_edited ON sites;
DROP FUNCTION watch_list_edited();
DROP TABLE watch_list;
