-- What is watched has a version: who has read it before knows whether that still holds, however it was edited.
CREATE TABLE watch_list (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    version BIGINT NOT NULL
);
INSERT INTO watch_list (id, version) VALUES (1, 0);
CREATE FUNCTION watch_list_edited() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS
    'BEGIN UPDATE watch_list SET version = version + 1; RETURN NULL; END';
CREATE TRIGGER sites_edited AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON sites
    EXECUTE FUNCTION watch_list_edited();
CREATE TRIGGER groups_edited AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON groups
    EXECUTE FUNCTION watch_list_edited();

-- When a run found nothing due there, from when until when that holds, and of which version.
ALTER TABLE locations
    ADD COLUMN idle_from BIGINT,
    ADD COLUMN idle_until BIGINT,
    ADD COLUMN idle_version BIGINT;
