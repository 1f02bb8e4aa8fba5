-- name: all
SELECT id, name, url, secret, events, segments, enabled, stopped, by_user, created_at, updated_at FROM webhooks WHERE workspace_id = $1 ORDER BY id

-- name: last
SELECT COALESCE(MAX(id), 0), COUNT(*) FROM webhooks WHERE workspace_id = $1

-- name: insert
INSERT INTO webhooks (workspace_id, id, name, url, secret, events, segments, enabled, stopped, by_user, created_at, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, '', $9, $10, $10)

-- name: update
UPDATE webhooks SET name = $1, url = $2, events = $3, segments = $4, enabled = $5, stopped = '', updated_at = $6 WHERE workspace_id = $7 AND id = $8

-- name: secret
UPDATE webhooks SET secret = $1, updated_at = $2 WHERE workspace_id = $3 AND id = $4

-- name: stop
UPDATE webhooks SET enabled = FALSE, stopped = $1, updated_at = $2 WHERE workspace_id = $3 AND id = $4

-- name: delete
DELETE FROM webhooks WHERE workspace_id = $1 AND id = $2
