-- name: actors_of_component
SELECT id FROM actors WHERE workspace_id = $1 AND component = $2 AND component <> 0

-- name: relabel_actors
UPDATE actors SET component = $1 WHERE workspace_id = $2 AND component = $3 AND component <> 0

-- name: relabel_facts
UPDATE identity_facts SET component = $1 WHERE workspace_id = $2 AND component = $3

-- name: component_actors
SELECT id, type, value, birth, first_seen FROM actors WHERE workspace_id = $1 AND component = $2 AND component <> 0

-- name: component_facts
SELECT id, at, kind, actors, event_id, undone_at FROM identity_facts WHERE workspace_id = $1 AND component = $2

-- name: set_component
UPDATE actors SET component = $1 WHERE workspace_id = $2 AND id = $3

-- name: delete_homes
DELETE FROM actor_homes WHERE workspace_id = $1 AND actor = $2

-- name: absorb
UPDATE customers SET absorbed_into = $1 WHERE workspace_id = $2 AND id = $3

-- name: identify
UPDATE customers SET identified = $1, user_id = $2 WHERE workspace_id = $3 AND id = $4

-- name: flag
UPDATE customers SET flags = $1 WHERE workspace_id = $2 AND id = $3

-- name: load_actors
SELECT id, type, value, component FROM actors WHERE workspace_id = $1 ORDER BY id

-- name: load_homes
SELECT actor, valid_from, customer FROM actor_homes WHERE workspace_id = $1 ORDER BY actor, valid_from

-- name: load_facts
SELECT id, component, at, kind, actors, undone_at FROM identity_facts WHERE workspace_id = $1

-- name: load_moves
SELECT version, was, now FROM identity_moves WHERE workspace_id = $1 ORDER BY version, was, now

-- name: load_tombstones
SELECT hash, erased_at, suppressed FROM tombstones WHERE workspace_id = $1

-- name: last_customer
SELECT COALESCE(MAX(id), 0) FROM customers WHERE workspace_id = $1

-- name: last_log
SELECT COALESCE(MAX(id), 0) FROM identity_log WHERE workspace_id = $1

-- name: customer
SELECT id, absorbed_into, identified, flags, name, email, user_id, first_seen, last_seen, events, orders, revenue, last_order, traits
FROM customers WHERE workspace_id = $1 AND id = $2

-- name: identifiers_of
SELECT a.id, a.type, a.value, a.first_seen, h.valid_from
FROM actor_homes h JOIN actors a ON a.workspace_id = h.workspace_id AND a.id = h.actor
WHERE h.workspace_id = $1 AND h.customer = $2 ORDER BY a.id

-- name: log_of
SELECT id, at, event_at, rule, from_customer, into_customer, actors, fact, event_id, by_user, reason, undone_at
FROM identity_log WHERE workspace_id = $1 AND (into_customer = $2 OR from_customer = $2) ORDER BY id DESC LIMIT 500

-- name: log_entry
SELECT id, at, event_at, rule, from_customer, into_customer, actors, fact, event_id, by_user, reason, undone_at
FROM identity_log WHERE workspace_id = $1 AND id = $2

-- name: undo_log
UPDATE identity_log SET undone_at = $1 WHERE workspace_id = $2 AND id = $3

-- name: undo_fact
UPDATE identity_facts SET undone_at = $1 WHERE workspace_id = $2 AND component = $3 AND id = $4

-- name: components
SELECT DISTINCT component FROM actors WHERE workspace_id = $1 AND component <> 0

-- name: absorbed_by
SELECT id FROM customers WHERE workspace_id = $1 AND absorbed_into = $2 AND absorbed_into <> 0

-- name: last_note
SELECT COALESCE(MAX(id), 0) FROM customer_notes WHERE workspace_id = $1

-- name: insert_note
INSERT INTO customer_notes (workspace_id, id, customer, author, body, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $6)

-- name: update_note
UPDATE customer_notes SET body = $1, updated_at = $2 WHERE workspace_id = $3 AND id = $4 AND customer = $5

-- name: delete_note
DELETE FROM customer_notes WHERE workspace_id = $1 AND id = $2 AND customer = $3

-- name: delete_consent
DELETE FROM consents WHERE workspace_id = $1 AND customer = $2 AND channel = $3 AND topic = $4

-- name: set_consent
INSERT INTO consents (workspace_id, customer, channel, topic, state, at, source) VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (workspace_id, customer, channel, topic) DO UPDATE SET state = excluded.state, at = excluded.at, source = excluded.source

-- name: recent_traits
SELECT traits FROM customers WHERE workspace_id = $1 ORDER BY last_seen DESC, id DESC LIMIT $2

-- name: last_erasure
SELECT COALESCE(MAX(id), 0) FROM erasures WHERE workspace_id = $1

-- name: insert_erasure
INSERT INTO erasures (workspace_id, id, action, status, customer, by_user, reason, requested_at, verified_at, receipt) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)

-- name: close_erasure
UPDATE erasures SET status = $1, verified_at = $2, receipt = $3 WHERE workspace_id = $4 AND id = $5

-- name: erasures
SELECT id, action, status, customer, by_user, reason, requested_at, verified_at, receipt FROM erasures WHERE workspace_id = $1 ORDER BY id DESC LIMIT 500

-- name: set_tombstone
INSERT INTO tombstones (workspace_id, hash, erased_at, suppressed) VALUES ($1, $2, $3, $4)
ON CONFLICT (workspace_id, hash) DO UPDATE SET erased_at = excluded.erased_at, suppressed = excluded.suppressed

-- name: delete_tombstone
DELETE FROM tombstones WHERE workspace_id = $1 AND hash = $2

-- name: rename_actor
UPDATE actors SET value = $1 WHERE workspace_id = $2 AND id = $3

-- name: blank_customer
UPDATE customers SET name = '', email = '', user_id = '', search = '', identified = FALSE, traits = '{}' WHERE workspace_id = $1 AND id = $2
