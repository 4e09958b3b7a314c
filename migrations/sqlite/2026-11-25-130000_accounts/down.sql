DROP TABLE outage_notes;
DROP TABLE sign_in_failures;
DROP TABLE invites;
DROP TABLE sessions;
