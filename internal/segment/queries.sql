-- name: segments
SELECT s.id, s.key, s.name, s.description, s.kind, s.version, s.by_user, s.created_at, s.updated_at, v.machine, v.definition,
  EXISTS (SELECT 1 FROM segment_fills f WHERE f.workspace_id = s.workspace_id AND f.segment = s.id)
FROM segments s JOIN segment_versions v ON v.workspace_id = s.workspace_id AND v.segment = s.id AND v.version = s.version
WHERE s.workspace_id = $1 ORDER BY s.id

-- name: unfinished
SELECT segment, version, machine, definition FROM segment_versions WHERE workspace_id = $1 AND status = 'building' ORDER BY segment, version

-- name: versions
SELECT version, status, definition, by_user, created_at FROM segment_versions WHERE workspace_id = $1 AND segment = $2 ORDER BY version DESC

-- name: insert_segment
INSERT INTO segments (workspace_id, id, key, name, description, kind, version, by_user, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)

-- name: insert_version
INSERT INTO segment_versions (workspace_id, segment, version, machine, status, definition, by_user, created_at, emit) VALUES ($1, $2, $3, $4, 'building', $5, $6, $7, $8)

-- name: last_owner
SELECT COALESCE(MAX(segment), 0) FROM segment_versions WHERE workspace_id = $1

-- name: last_machine
SELECT COALESCE(MAX(machine), 1000000000) FROM segment_versions WHERE workspace_id = $1

-- name: last_version
SELECT COALESCE(MAX(version), 0) FROM segment_versions WHERE workspace_id = $1 AND segment = $2

-- name: rename
UPDATE segments SET name = $1, description = $2, updated_at = $3 WHERE workspace_id = $4 AND id = $5

-- name: emit
SELECT emit FROM segment_versions WHERE workspace_id = $1 AND segment = $2 AND version = $3

-- name: activate
UPDATE segments SET version = $1, updated_at = $2 WHERE workspace_id = $3 AND id = $4

-- name: live
UPDATE segment_versions SET status = 'live' WHERE workspace_id = $1 AND segment = $2 AND version = $3

-- name: retire
UPDATE segment_versions SET status = 'retired' WHERE workspace_id = $1 AND segment = $2 AND version < $3 AND status <> 'retired'

-- name: delete_owner
DELETE FROM segments WHERE workspace_id = $1 AND id = $2

-- name: delete_versions
UPDATE segment_versions SET status = 'deleted', definition = '' WHERE workspace_id = $1 AND segment = $2

-- name: drop_machine
DELETE FROM segment_stays WHERE workspace_id = $1 AND machine = $2

-- name: close_stay
UPDATE segment_stays SET left_at = $1, left_by_timer = $2, left_event_id = $3, left_event_name = $4, left_event_at = $5
WHERE workspace_id = $6 AND machine = $7 AND customer = $8 AND n = $9

-- name: sizes
SELECT machine, COUNT(*) FROM segment_stays WHERE workspace_id = $1 AND left_at = 9223372036854775807 GROUP BY machine

-- name: members
SELECT customer, entered_at FROM segment_stays WHERE workspace_id = $1 AND machine = $2 AND left_at = 9223372036854775807 ORDER BY customer

-- name: spans
SELECT entered_at, left_at FROM segment_stays WHERE workspace_id = $1 AND machine = $2

-- name: stays
SELECT customer, n, entered_at, left_at FROM segment_stays WHERE workspace_id = $1 AND machine = $2 ORDER BY customer, n

-- name: history
SELECT machine, n, entered_at, left_at, by_timer, event_id, event_name, event_kind, event_at, left_by_timer, left_event_id, left_event_name, left_event_at
FROM segment_stays WHERE workspace_id = $1 AND customer = $2 ORDER BY entered_at DESC, n DESC

-- name: insert_fill
INSERT INTO segment_fills (workspace_id, segment, customers, done, by_user) VALUES ($1, $2, $3, $4, $5)

-- name: fill
SELECT COALESCE(s.name, ''), f.by_user, f.done, f.customers FROM segment_fills f
LEFT JOIN segments s ON s.workspace_id = f.workspace_id AND s.id = f.segment WHERE f.workspace_id = $1 AND f.segment = $2

-- name: move_fill
UPDATE segment_fills SET done = $1 WHERE workspace_id = $2 AND segment = $3 AND done = $4

-- name: delete_fill
DELETE FROM segment_fills WHERE workspace_id = $1 AND segment = $2

-- name: last_run
SELECT id, taken_at, by_user, cuts, grid FROM rfm_runs WHERE workspace_id = $1 ORDER BY id DESC LIMIT 1

-- name: insert_run
INSERT INTO rfm_runs (workspace_id, id, taken_at, by_user, cuts, grid) VALUES ($1, $2, $3, $4, $5, $6)

-- name: last_personas
SELECT id, taken_at, by_user, result, members FROM persona_runs WHERE workspace_id = $1 ORDER BY id DESC LIMIT 1

-- name: drop_personas
DELETE FROM persona_runs WHERE workspace_id = $1

-- name: insert_personas
INSERT INTO persona_runs (workspace_id, id, taken_at, by_user, result, members) VALUES ($1, $2, $3, $4, $5, $6)
