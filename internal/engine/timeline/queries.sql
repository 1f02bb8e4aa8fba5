-- name: take_seq
INSERT INTO sequences (workspace_id, name, next) VALUES ($1, 'timeline', $2)
ON CONFLICT (workspace_id, name) DO UPDATE SET next = sequences.next + excluded.next - 1
RETURNING next;

-- name: add_tail
INSERT INTO timeline_tail (workspace_id, first_seq, events, version, appended_at, body)
VALUES ($1, $2, $3, $4, $5, $6);

-- name: all_tail
SELECT workspace_id, first_seq, events, version, appended_at, body FROM timeline_tail
ORDER BY workspace_id, first_seq;

-- name: tail_of
SELECT workspace_id, first_seq, events, version, appended_at, body FROM timeline_tail
WHERE workspace_id = $1 ORDER BY first_seq;

-- name: drop_tail
DELETE FROM timeline_tail WHERE workspace_id = $1 AND first_seq = $2;

-- name: all_segments
SELECT workspace_id, file, month, events, customers, bytes, sha256, version, min_customer, max_customer,
  min_time, max_time, min_seq, max_seq, min_received, max_received, created_at, names
FROM timeline_segments ORDER BY workspace_id, month, file;

-- name: add_segment
INSERT INTO timeline_segments (workspace_id, file, month, events, customers, bytes, sha256, version,
  min_customer, max_customer, min_time, max_time, min_seq, max_seq, min_received, max_received, created_at, names)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18);

-- name: drop_segment
DELETE FROM timeline_segments WHERE workspace_id = $1 AND file = $2;

-- name: count_file
SELECT count(*) FROM timeline_segments WHERE workspace_id = $1 AND file = $2;

-- name: lock_seq
UPDATE sequences SET next = next WHERE workspace_id = $1 AND name = 'timeline' RETURNING next;
