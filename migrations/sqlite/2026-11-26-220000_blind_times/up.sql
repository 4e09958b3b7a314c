-- When a place could not see. While it goes on, `until_at` is how long the last blind run vouches for it.
CREATE TABLE blind_times (
    id INTEGER NOT NULL PRIMARY KEY,
    location_id INTEGER NOT NULL REFERENCES locations (id),
    from_at INTEGER NOT NULL,
    until_at INTEGER NOT NULL,
    over INTEGER NOT NULL CHECK (over IN (0, 1)),
    reason TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX blind_times_going_on ON blind_times (location_id) WHERE over = 0;
CREATE INDEX blind_times_until ON blind_times (until_at);

WITH marked AS (
    SELECT id, location_id, state, blind_from, min(CASE WHEN state = 'done' THEN id END) OVER (
        PARTITION BY location_id ORDER BY id ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING
    ) AS could_see
    FROM runs
), times AS (
    SELECT location_id, could_see, min(blind_from) AS from_at, max(id) AS last
    FROM marked WHERE state = 'blind' AND blind_from IS NOT NULL GROUP BY location_id, could_see
)
INSERT INTO blind_times (location_id, from_at, until_at, over, reason)
SELECT t.location_id, t.from_at, CASE
        WHEN d.started_at < t.from_at THEN t.from_at
        WHEN d.started_at < l.finished_at + 2 * l.expected_interval_ms THEN d.started_at
        ELSE l.finished_at + 2 * l.expected_interval_ms
    END, d.id IS NOT NULL, coalesce(l.blind_reason, '')
FROM times t JOIN runs l ON l.id = t.last LEFT JOIN runs d ON d.id = t.could_see
WHERE l.finished_at IS NOT NULL ORDER BY t.last;
