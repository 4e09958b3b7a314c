DROP TABLE blind_times;
