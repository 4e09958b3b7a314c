-- What is watched has a version: who has read it before knows whether that still holds, however it was edited.
CREATE TABLE watch_list (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    version BIGINT NOT NULL
);
INSERT INTO watch_list (id, version) VALUES (1, 0);
-- Once for each transaction: a row that one transaction writes ten thousand times is ten thousand rows to it. The tables are
-- those of one schema, whatever it is called and whatever the path is.
CREATE FUNCTION watch_list_edited() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('djamon.edited_in', true) IS DISTINCT FROM txid_current()::text THEN
        EXECUTE format(
            'INSERT INTO %1$I.watch_list VALUES (1, 1) ON CONFLICT (id) DO UPDATE SET version = %1$I.watch_list.version + 1',
            TG_TABLE_SCHEMA
        );
        PERFORM set_config('djamon.edited_in', txid_current()::text, true);
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER sites_edited AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON sites
    EXECUTE FUNCTION watch_list_edited();
CREATE TRIGGER groups_edited AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON groups
    EXECUTE FUNCTION watch_list_edited();

-- When a run found nothing due there, from when until when that holds, and of which version.
ALTER TABLE locations
    ADD COLUMN idle_from BIGINT,
    ADD COLUMN idle_until BIGINT,
    ADD COLUMN idle_version BIGINT;
