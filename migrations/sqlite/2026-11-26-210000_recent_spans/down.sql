DROP TABLE site_recent;
