DROP TABLE channel_groups;
