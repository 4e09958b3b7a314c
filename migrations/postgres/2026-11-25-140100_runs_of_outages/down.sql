DROP INDEX outages_run;
