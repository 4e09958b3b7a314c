-- What is watched has a version: who has read it before knows whether that still holds, however it was edited.
CREATE TABLE watch_list (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    version INTEGER NOT NULL
) STRICT;
INSERT INTO watch_list (id, version) VALUES (1, 0);
CREATE TRIGGER sites_added AFTER INSERT ON sites BEGIN
    INSERT INTO watch_list VALUES (1, 1) ON CONFLICT (id) DO UPDATE SET version = version + 1;
END;
CREATE TRIGGER sites_edited AFTER UPDATE ON sites BEGIN
    INSERT INTO watch_list VALUES (1, 1) ON CONFLICT (id) DO UPDATE SET version = version + 1;
END;
CREATE TRIGGER sites_deleted AFTER DELETE ON sites BEGIN
    INSERT INTO watch_list VALUES (1, 1) ON CONFLICT (id) DO UPDATE SET version = version + 1;
END;
CREATE TRIGGER groups_added AFTER INSERT ON groups BEGIN
    INSERT INTO watch_list VALUES (1, 1) ON CONFLICT (id) DO UPDATE SET version = version + 1;
END;
CREATE TRIGGER groups_edited AFTER UPDATE ON groups BEGIN
    INSERT INTO watch_list VALUES (1, 1) ON CONFLICT (id) DO UPDATE SET version = version + 1;
END;
CREATE TRIGGER groups_deleted AFTER DELETE ON groups BEGIN
    INSERT INTO watch_list VALUES (1, 1) ON CONFLICT (id) DO UPDATE SET version = version + 1;
END;

-- When a run found nothing due there, from when until when that holds, and of which version.
ALTER TABLE locations ADD COLUMN idle_from INTEGER;
ALTER TABLE locations ADD COLUMN idle_until INTEGER;
ALTER TABLE locations ADD COLUMN idle_version INTEGER;
