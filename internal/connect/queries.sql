-- name: insert_upload
INSERT INTO import_uploads (workspace_id, id, name, bytes, sha256, inspection, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)

-- name: upload
SELECT id, name, bytes, sha256, inspection, created_at FROM import_uploads WHERE workspace_id = $1 AND id = $2

-- name: old_uploads
SELECT workspace_id, id FROM import_uploads WHERE created_at < $1

-- name: delete_upload
DELETE FROM import_uploads WHERE workspace_id = $1 AND id = $2

-- name: next_import
SELECT COALESCE(MAX(id), 0) + 1 FROM imports WHERE workspace_id = $1

-- name: insert_import
INSERT INTO imports (workspace_id, id, kind, file, upload_id, sha256, plan, source_id, status, total_rows, done_rows, events, sent, rejected, started_at, finished_at, error, created_by)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 0, 0, 0, 0, $11, 0, '', $12)

-- name: import
SELECT workspace_id, id, kind, file, upload_id, sha256, plan, source_id, status, total_rows, done_rows, events, sent, rejected, started_at, finished_at, error, created_by
FROM imports WHERE workspace_id = $1 AND id = $2

-- name: imports
SELECT workspace_id, id, kind, file, upload_id, sha256, plan, source_id, status, total_rows, done_rows, events, sent, rejected, started_at, finished_at, error, created_by
FROM imports WHERE workspace_id = $1 ORDER BY id DESC LIMIT $2

-- name: unfinished
SELECT workspace_id, id, kind, file, upload_id, sha256, plan, source_id, status, total_rows, done_rows, events, sent, rejected, started_at, finished_at, error, created_by
FROM imports WHERE status = 'running' ORDER BY started_at, workspace_id, id

-- name: uses_of_upload
SELECT COUNT(*) FROM imports WHERE workspace_id = $1 AND upload_id = $2 AND status = 'running'

-- name: progress
UPDATE imports SET total_rows = $1, done_rows = $2, events = $3, sent = $4, rejected = $5 WHERE workspace_id = $6 AND id = $7

-- name: finish
UPDATE imports SET status = $1, error = $2, finished_at = $3, total_rows = $4, done_rows = $5, events = $6, sent = $7, rejected = $8
WHERE workspace_id = $9 AND id = $10

-- name: clear_rejects
DELETE FROM import_rejects WHERE workspace_id = $1 AND import_id = $2

-- name: rejects
SELECT n, line, col, reason, message, raw FROM import_rejects WHERE workspace_id = $1 AND import_id = $2 AND n > $3 ORDER BY n LIMIT $4

-- name: old_rejects
DELETE FROM import_rejects WHERE EXISTS (SELECT 1 FROM imports i WHERE i.workspace_id = import_rejects.workspace_id
  AND i.id = import_rejects.import_id AND i.finished_at > 0 AND i.finished_at < $1)

-- name: presets
SELECT id, name, kind, map, options FROM import_presets WHERE workspace_id = $1 ORDER BY name

-- name: save_preset
INSERT INTO import_presets (workspace_id, id, name, kind, map, options)
VALUES ($1, (SELECT COALESCE(MAX(id), 0) + 1 FROM import_presets WHERE workspace_id = $1), $2, $3, $4, $5)
ON CONFLICT (workspace_id, name) DO UPDATE SET kind = excluded.kind, map = excluded.map, options = excluded.options

-- name: import_source
SELECT source_id FROM import_sources WHERE workspace_id = $1

-- name: set_source
INSERT INTO import_sources (workspace_id, source_id) VALUES ($1, $2) ON CONFLICT (workspace_id) DO UPDATE SET source_id = excluded.source_id

-- name: uploads
SELECT id, name, inspection FROM import_uploads WHERE workspace_id = $1 ORDER BY id

-- name: condemn_upload
UPDATE import_uploads SET condemned = TRUE WHERE workspace_id = $1 AND id = $2

-- name: condemned
SELECT condemned FROM import_uploads WHERE workspace_id = $1 AND id = $2

-- name: reader_of_upload
SELECT id FROM imports WHERE workspace_id = $1 AND upload_id = $2 AND status = 'running' ORDER BY id

-- name: rejects_after
SELECT import_id, n, raw, message FROM import_rejects WHERE workspace_id = $1 AND (import_id, n) > ($2, $3) ORDER BY import_id, n LIMIT $4

-- name: delete_reject
DELETE FROM import_rejects WHERE workspace_id = $1 AND import_id = $2 AND n = $3
