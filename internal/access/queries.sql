-- name: workspaces
SELECT id, name, time_zone, currency, week_start, settings, created_at FROM workspaces ORDER BY id

-- name: count_workspaces
SELECT COUNT(*) FROM workspaces

-- name: insert_workspace
INSERT INTO workspaces (id, name, time_zone, currency, week_start, settings, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)

-- name: update_workspace
UPDATE workspaces SET name = $1, time_zone = $2, currency = $3, week_start = $4, settings = $5 WHERE id = $6

-- name: insert_user
INSERT INTO users (id, email, name, locale, password, created_at) VALUES ($1, $2, $3, $4, $5, $6)

-- name: next_user
INSERT INTO sequences (workspace_id, name, next) VALUES (0, 'users', (SELECT COALESCE(MAX(id), 0) + 2 FROM users))
ON CONFLICT (workspace_id, name) DO UPDATE SET next = sequences.next + 1 RETURNING next - 1

-- name: insert_member
INSERT INTO members (workspace_id, user_id, role, disabled, last_seen) VALUES ($1, $2, $3, FALSE, 0)

-- name: users
SELECT u.id, u.email, u.name, u.locale, m.role, m.disabled, m.last_seen, u.created_at
FROM members m JOIN users u ON u.id = m.user_id WHERE m.workspace_id = $1 ORDER BY u.id

-- name: user_by_email
SELECT u.id, u.email, u.name, u.locale, u.password, m.workspace_id, m.role
FROM users u JOIN members m ON m.user_id = u.id WHERE u.email = $1 AND NOT m.disabled ORDER BY m.workspace_id LIMIT 1

-- name: password_of
SELECT password FROM users WHERE id = $1

-- name: set_password
UPDATE users SET password = $1 WHERE id = $2

-- name: update_me
UPDATE users SET name = $1, locale = $2 WHERE id = $3

-- name: lock_workspace
UPDATE workspaces SET name = name WHERE id = $1

-- name: first_workspace
SELECT COALESCE(MIN(id), 0) FROM workspaces

-- name: workspace
SELECT name, time_zone, currency, week_start, settings, created_at FROM workspaces WHERE id = $1

-- name: member
SELECT role, disabled FROM members WHERE workspace_id = $1 AND user_id = $2

-- name: update_member
UPDATE members SET role = $1, disabled = $2 WHERE workspace_id = $3 AND user_id = $4

-- name: enabled_owners
SELECT COUNT(*) FROM members WHERE workspace_id = $1 AND role = 'owner' AND NOT disabled

-- name: insert_session
INSERT INTO sessions (hash, workspace_id, user_id, csrf, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6)

-- name: session
SELECT s.workspace_id, s.user_id, s.csrf, s.expires_at, u.email, u.name, u.locale, m.role
FROM sessions s JOIN users u ON u.id = s.user_id JOIN members m ON m.workspace_id = s.workspace_id AND m.user_id = s.user_id
WHERE s.hash = $1 AND NOT m.disabled

-- name: touch_member
UPDATE members SET last_seen = $1 WHERE workspace_id = $2 AND user_id = $3

-- name: delete_session
DELETE FROM sessions WHERE hash = $1

-- name: delete_sessions_of
DELETE FROM sessions WHERE user_id = $1 AND hash <> $2

-- name: delete_sessions_in
DELETE FROM sessions WHERE user_id = $1 AND workspace_id = $2

-- name: delete_expired
DELETE FROM sessions WHERE expires_at <= $1

-- name: next_key
INSERT INTO sequences (workspace_id, name, next) VALUES ($1, 'api_keys', (SELECT COALESCE(MAX(id), 0) + 2 FROM api_keys WHERE workspace_id = $1))
ON CONFLICT (workspace_id, name) DO UPDATE SET next = sequences.next + 1 RETURNING next - 1

-- name: insert_key
INSERT INTO api_keys (workspace_id, id, name, role, prefix, hash, created_at, created_by, last_used) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0)

-- name: keys
SELECT id, name, role, prefix, created_at, created_by, last_used FROM api_keys WHERE workspace_id = $1 ORDER BY id

-- name: key
SELECT workspace_id, id, name, role FROM api_keys WHERE hash = $1

-- name: touch_key
UPDATE api_keys SET last_used = $1 WHERE workspace_id = $2 AND id = $3

-- name: delete_key
DELETE FROM api_keys WHERE workspace_id = $1 AND id = $2

-- name: next_audit
INSERT INTO sequences (workspace_id, name, next) VALUES ($1, 'audit_log', (SELECT COALESCE(MAX(id), 0) + 2 FROM audit_log WHERE workspace_id = $1))
ON CONFLICT (workspace_id, name) DO UPDATE SET next = sequences.next + 1 RETURNING next - 1

-- name: insert_audit
INSERT INTO audit_log (workspace_id, id, at, actor, action, object, detail, address) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)

-- name: audit
SELECT id, at, actor, action, object, detail, address FROM audit_log
WHERE workspace_id = $1 AND id < $2 AND ($3 = '' OR actor = $3) AND ($4 = '' OR action = $4) ORDER BY id DESC LIMIT $5
