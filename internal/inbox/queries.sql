-- name: insert_source
INSERT INTO sources (workspace_id, id, name, kind, enabled, key_hash, key_prefix, ip_policy, settings, created_at, updated_at, last_event_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 0);

-- name: next_source_id
SELECT COALESCE(max(id), 0) + 1 FROM sources WHERE workspace_id = $1;

-- name: update_source
UPDATE sources SET name = $1, kind = $2, enabled = $3, key_hash = $4, key_prefix = $5, ip_policy = $6, settings = $7, updated_at = $8
WHERE workspace_id = $9 AND id = $10;

-- name: sources_of_workspace
SELECT workspace_id, id, name, kind, enabled, key_hash, key_prefix, ip_policy, settings, created_at, updated_at, last_event_at
FROM sources WHERE workspace_id = $1 ORDER BY id;

-- name: source_by_id
SELECT workspace_id, id, name, kind, enabled, key_hash, key_prefix, ip_policy, settings, created_at, updated_at, last_event_at
FROM sources WHERE workspace_id = $1 AND id = $2;

-- name: source_by_key
SELECT workspace_id, id, name, kind, enabled, key_hash, key_prefix, ip_policy, settings, created_at, updated_at, last_event_at
FROM sources WHERE key_hash = $1;

-- name: source_for_unknown
SELECT workspace_id, id, name, kind, enabled, key_hash, key_prefix, ip_policy, settings, created_at, updated_at, last_event_at
FROM sources WHERE enabled ORDER BY workspace_id, id;

-- name: touch_source
UPDATE sources SET last_event_at = $1 WHERE workspace_id = $2 AND id = $3 AND last_event_at < $1;

-- name: counters_of_workspace
SELECT source_id, name, CAST(sum(n) AS BIGINT) FROM source_counters WHERE workspace_id = $1 GROUP BY source_id, name;

-- name: insert_inbox
INSERT INTO inbox (workspace_id, id, source_id, received_at, events, size, encoding, meta, body)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9);

-- name: oldest_inbox
SELECT id, events FROM inbox WHERE workspace_id = $1 ORDER BY id LIMIT $2;

-- name: inbox_up_to
SELECT id, source_id, received_at, events, size, encoding, meta, body FROM inbox WHERE workspace_id = $1 AND id <= $2 ORDER BY id;

-- name: inbox_workspaces
SELECT DISTINCT workspace_id FROM inbox;

-- name: inbox_load
SELECT count(*), CAST(COALESCE(sum(events), 0) AS BIGINT), CAST(COALESCE(sum(size), 0) AS BIGINT), COALESCE(min(received_at), 0) FROM inbox;

-- name: inbox_load_of_workspace
SELECT count(*), CAST(COALESCE(sum(events), 0) AS BIGINT), CAST(COALESCE(sum(size), 0) AS BIGINT), COALESCE(min(received_at), 0)
FROM inbox WHERE workspace_id = $1;

-- name: blocks_after
SELECT seq, block_id, level, entries, last_received, fences, filter FROM dedupe_blocks WHERE workspace_id = $1 AND seq > $2 ORDER BY seq;

-- name: block_listing
SELECT seq, block_id, level, entries, last_received FROM dedupe_blocks WHERE workspace_id = $1 ORDER BY seq;

-- name: block_workspaces
SELECT DISTINCT workspace_id FROM dedupe_blocks;

-- name: block_part
SELECT body FROM dedupe_parts WHERE workspace_id = $1 AND block_id = $2 AND part = $3;

-- name: block_max
SELECT COALESCE(max(seq), 0) FROM dedupe_blocks WHERE workspace_id = $1;

-- name: insert_block
INSERT INTO dedupe_blocks (workspace_id, seq, block_id, level, entries, last_received, fences, filter)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8);

-- name: insert_part
INSERT INTO dedupe_parts (workspace_id, block_id, part, body) VALUES ($1, $2, $3, $4);

-- name: delete_block
DELETE FROM dedupe_blocks WHERE workspace_id = $1 AND seq = $2 AND block_id = $3;

-- name: delete_parts
DELETE FROM dedupe_parts WHERE workspace_id = $1 AND block_id = $2;

-- name: stray_parts
SELECT DISTINCT workspace_id, block_id FROM dedupe_parts p
WHERE block_id < $1 AND NOT EXISTS (SELECT 1 FROM dedupe_blocks b WHERE b.workspace_id = p.workspace_id AND b.block_id = p.block_id);

-- name: quarantine_purge
DELETE FROM quarantine WHERE workspace_id = $1 AND received_at < $2;

-- name: quarantine_workspaces
SELECT DISTINCT workspace_id FROM quarantine;

-- name: unknown_keys
SELECT shown, n, first_seen, last_seen, address FROM unknown_keys WHERE workspace_id = 0 ORDER BY last_seen DESC LIMIT $1;

-- name: unknown_keys_trim
DELETE FROM unknown_keys WHERE workspace_id = 0 AND last_seen < $1;

-- name: inbox_received_before
SELECT id, encoding, meta, body FROM inbox WHERE workspace_id = $1 AND id > $2 AND received_at < $3 ORDER BY id LIMIT $4;

-- name: quarantine_received_before
SELECT id, event, message_id, detail, meta, envelope, raw FROM quarantine WHERE workspace_id = $1 AND id > $2 AND received_at < $3 ORDER BY id LIMIT $4;
