-- Which groups a channel is told of; one without a row here is told of everything.

CREATE TABLE channel_groups (
    channel_id INTEGER NOT NULL REFERENCES channels (id),
    group_id INTEGER NOT NULL REFERENCES groups (id),
    CONSTRAINT channel_groups_key UNIQUE (channel_id, group_id)
);
