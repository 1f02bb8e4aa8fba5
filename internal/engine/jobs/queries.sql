-- name: last
SELECT COALESCE(MAX(id), 0) FROM jobs WHERE workspace_id = $1

-- name: next
SELECT COALESCE(MIN(CASE WHEN lease_until > run_at THEN lease_until ELSE run_at END), 0) FROM jobs WHERE state = 'waiting'

-- name: claim
UPDATE jobs SET lease_until = $1, attempts = attempts + 1
WHERE state = 'waiting' AND run_at <= $2 AND lease_until <= $2 AND (workspace_id, id) IN (
  SELECT workspace_id, id FROM jobs WHERE state = 'waiting' AND run_at <= $2 AND lease_until <= $2 ORDER BY run_at, id LIMIT $3)
RETURNING workspace_id, id, kind, ref, payload, attempts, run_at, made_at

-- name: end
UPDATE jobs SET state = $1, run_at = $2, ended_at = $3, note = $4, lease_until = 0 WHERE workspace_id = $5 AND id = $6

-- name: clean
DELETE FROM jobs WHERE ended_at <> 0 AND ended_at < $1

-- name: list
SELECT id, state, payload, attempts, run_at, made_at, ended_at, note FROM jobs
WHERE workspace_id = $1 AND kind = $2 AND ref = $3 AND id < $4 ORDER BY id DESC LIMIT $5

-- name: again
UPDATE jobs SET state = 'waiting', run_at = $1, ended_at = 0, attempts = 0, lease_until = 0, note = ''
WHERE workspace_id = $2 AND kind = $3 AND ref = $4 AND id = $5 AND ended_at <> 0

-- name: drop
DELETE FROM jobs WHERE workspace_id = $1 AND kind = $2 AND ref = $3

-- name: drop_waiting
DELETE FROM jobs WHERE workspace_id = $1 AND kind = $2 AND ref = $3 AND state = 'waiting'
