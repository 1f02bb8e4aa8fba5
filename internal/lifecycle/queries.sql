-- name: delete_spells
DELETE FROM stage_spells WHERE workspace_id = $1 AND machine = $2 AND customer = $3

-- name: drop_machine
DELETE FROM stage_spells WHERE workspace_id = $1 AND machine = $2

-- name: close_spell
UPDATE stage_spells SET left_at = $1, went_to = $2, left_by_timer = $3, left_event = $4
WHERE workspace_id = $5 AND machine = $6 AND customer = $7 AND n = $8

-- name: models
SELECT m.id, m.key, m.name, m.template, m.version, m.is_default, m.created_at, m.updated_at, v.machine, v.definition
FROM stage_models m JOIN stage_model_versions v ON v.workspace_id = m.workspace_id AND v.model = m.id AND v.version = m.version
WHERE m.workspace_id = $1 ORDER BY m.id

-- name: unfinished
SELECT model, version, machine, definition FROM stage_model_versions WHERE workspace_id = $1 AND status = 'building' ORDER BY model, version

-- name: versions
SELECT version, status, definition, by_user, created_at FROM stage_model_versions WHERE workspace_id = $1 AND model = $2 ORDER BY version DESC

-- name: insert_model
INSERT INTO stage_models (workspace_id, id, key, name, template, version, is_default, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8)

-- name: insert_version
INSERT INTO stage_model_versions (workspace_id, model, version, machine, status, definition, by_user, created_at) VALUES ($1, $2, $3, $4, 'building', $5, $6, $7)

-- name: last_owner
SELECT COALESCE(MAX(model), 0) FROM stage_model_versions WHERE workspace_id = $1

-- name: last_machine
SELECT COALESCE(MAX(machine), 1000) FROM stage_model_versions WHERE workspace_id = $1

-- name: last_version
SELECT COALESCE(MAX(version), 0) FROM stage_model_versions WHERE workspace_id = $1 AND model = $2

-- name: activate_model
UPDATE stage_models SET version = $1, name = $2, updated_at = $3 WHERE workspace_id = $4 AND id = $5

-- name: live
UPDATE stage_model_versions SET status = 'live' WHERE workspace_id = $1 AND model = $2 AND version = $3

-- name: retire
UPDATE stage_model_versions SET status = 'retired' WHERE workspace_id = $1 AND model = $2 AND version <> $3

-- name: delete_owner
DELETE FROM stage_models WHERE workspace_id = $1 AND id = $2

-- name: delete_versions
UPDATE stage_model_versions SET status = 'deleted', definition = '' WHERE workspace_id = $1 AND model = $2

-- name: spells
SELECT customer, n, stage, entered_at, left_at FROM stage_spells WHERE workspace_id = $1 AND machine = $2 ORDER BY customer, n

-- name: current_counts
SELECT stage, COUNT(*) FROM stage_spells WHERE workspace_id = $1 AND machine = $2 AND left_at = 9223372036854775807 GROUP BY stage

-- name: history
SELECT n, stage, came_from, went_to, entered_at, left_at, by_timer, event_id, event_name, event_kind, event_at, left_by_timer
FROM stage_spells WHERE workspace_id = $1 AND machine = $2 AND customer = $3 ORDER BY n DESC
