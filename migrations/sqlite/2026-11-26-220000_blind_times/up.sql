-- When a place could not see. `after_at` is the time in the key of the last SiteView before: looks with later keys came after it,
-- whatever the clock said. While it goes on, `until_at` is how long its last run vouches for it.
CREATE TABLE blind_times (
    id INTEGER NOT NULL PRIMARY KEY,
    location_id INTEGER NOT NULL REFERENCES locations (id),
    after_at INTEGER NOT NULL,
    from_at INTEGER NOT NULL,
    until_at INTEGER NOT NULL CHECK (until_at >= from_at),
    over INTEGER NOT NULL CHECK (over IN (0, 1)),
    reason TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX blind_times_going_on ON blind_times (location_id) WHERE over = 0;
CREATE INDEX blind_times_until ON blind_times (until_at);

-- From the records of runs that asked whether they can see: a blind one goes on with the time of the blind one before it, unless
-- that vouched no longer or it could see at first.
WITH asked AS (
    SELECT id, location_id, state, started_at, blind_from, blind_reason,
        coalesce(finished_at, started_at) + 2 * expected_interval_ms AS vouches_until,
        lag(state) OVER runs_of_place AS state_before,
        lag(coalesce(finished_at, started_at) + 2 * expected_interval_ms) OVER runs_of_place AS vouched_until,
        lead(started_at) OVER runs_of_place AS next_at
    FROM runs
    WHERE (state = 'blind' AND blind_from IS NOT NULL) OR (state = 'done' AND sites > 0)
    WINDOW runs_of_place AS (PARTITION BY location_id ORDER BY id)
), numbered AS (
    SELECT asked.*, sum(
        CASE WHEN state_before = 'blind' AND blind_from <= started_at AND blind_from <= vouched_until THEN 0 ELSE 1 END
    ) OVER (PARTITION BY location_id ORDER BY id ROWS UNBOUNDED PRECEDING) AS number
    FROM asked WHERE state = 'blind'
), times AS (
    SELECT location_id, min(blind_from) AS from_at, max(id) AS last FROM numbered GROUP BY location_id, number
)
INSERT INTO blind_times (location_id, after_at, from_at, until_at, over, reason)
SELECT t.location_id, t.from_at, t.from_at, CASE
        WHEN l.next_at < l.vouches_until AND l.next_at >= t.from_at THEN l.next_at
        WHEN l.vouches_until < t.from_at THEN t.from_at
        ELSE l.vouches_until
    END, l.next_at IS NOT NULL, coalesce(l.blind_reason, '')
FROM times t JOIN asked l ON l.id = t.last ORDER BY t.last;
