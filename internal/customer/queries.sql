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
SELECT hash, since, until, suppressed, props FROM erased_spans WHERE workspace_id = $1

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

-- name: set_consent
INSERT INTO consents (workspace_id, customer, channel, topic, state, at, source) VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (workspace_id, customer, channel, topic) DO UPDATE SET state = excluded.state, at = excluded.at, source = excluded.source

-- name: recent_traits
SELECT traits FROM customers WHERE workspace_id = $1 ORDER BY last_seen DESC, id DESC LIMIT $2

-- name: last_erasure
SELECT COALESCE(MAX(id), 0) FROM erasures WHERE workspace_id = $1

-- name: insert_erasure
INSERT INTO erasures (workspace_id, id, action, status, customer, by_user, reason, requested_at, verified_at, receipt, scope, requested)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, '{}', $9, $10)

-- name: erasures
SELECT workspace_id, id, action, status, customer, by_user, reason, requested_at, verified_at, receipt, scope,
 requested, unknown, customers, filtered_at, rewritten_at, done, total, attempts, error, failed_at
FROM erasures WHERE workspace_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3

-- name: erasure
SELECT workspace_id, id, action, status, customer, by_user, reason, requested_at, verified_at, receipt, scope,
 requested, unknown, customers, filtered_at, rewritten_at, done, total, attempts, error, failed_at
FROM erasures WHERE workspace_id = $1 AND id = $2

-- name: unfinished_erasures
SELECT workspace_id, id, action, status, customer, by_user, reason, requested_at, verified_at, receipt, scope,
 requested, unknown, customers, filtered_at, rewritten_at, done, total, attempts, error, failed_at
FROM erasures WHERE status IN ('accepted', 'filtered', 'rewritten') ORDER BY requested_at, workspace_id, id

-- name: save_erasure
UPDATE erasures SET status = $1, verified_at = $2, receipt = $3, unknown = $4, customers = $5, filtered_at = $6, rewritten_at = $7,
 done = $8, total = $9, attempts = $10, error = $11, failed_at = $12, reason = $13 WHERE workspace_id = $14 AND id = $15

-- name: erasure_progress
UPDATE erasures SET done = $1, total = $2 WHERE workspace_id = $3 AND id = $4

-- name: erasure_subjects
SELECT customer, sealed FROM erasure_subjects WHERE workspace_id = $1 AND erasure = $2 ORDER BY n

-- name: erasure_customers
SELECT customer, main FROM erasure_customers WHERE workspace_id = $1 AND erasure = $2 ORDER BY customer

-- name: erasure_actors
SELECT actor, whole, sealed FROM erasure_actors WHERE workspace_id = $1 AND erasure = $2 ORDER BY actor

-- name: actors_concerned
SELECT DISTINCT a.id, a.type, a.value FROM erasure_customers w
JOIN actor_homes h ON h.workspace_id = w.workspace_id AND h.customer = w.customer
JOIN actors a ON a.workspace_id = h.workspace_id AND a.id = h.actor
WHERE w.workspace_id = $1 AND w.erasure = $2 ORDER BY a.id

-- name: drop_erasure_subjects
DELETE FROM erasure_subjects WHERE workspace_id = $1 AND erasure = $2

-- name: drop_erasure_actors
DELETE FROM erasure_actors WHERE workspace_id = $1 AND erasure = $2

-- name: unsuppress
DELETE FROM erased_spans WHERE workspace_id = $1 AND hash = $2 AND suppressed

-- name: rename_actor
UPDATE actors SET value = $1 WHERE workspace_id = $2 AND id = $3

-- name: survivor
SELECT absorbed_into, flags FROM customers WHERE workspace_id = $1 AND id = $2

-- name: erase_customers
UPDATE customers SET flags = 2, absorbed_into = 0, identified = FALSE, name = '', email = '', user_id = '', search = '', traits = '{}',
 first_seen = 0, last_seen = 0, events = 0, orders = 0, revenue = 0, last_order = 0
WHERE workspace_id = $1 AND id IN (SELECT customer FROM erasure_customers WHERE workspace_id = $1 AND erasure = $2)

-- name: blank_customers
UPDATE customers SET name = '', email = '', user_id = '', search = '', identified = FALSE, traits = '{}'
WHERE workspace_id = $1 AND id IN (SELECT customer FROM erasure_customers WHERE workspace_id = $1 AND erasure = $2)

-- name: reset_summary
UPDATE customers SET name = '', email = '', search = '', traits = '{}', first_seen = 0, last_seen = 0, events = 0, orders = 0, revenue = 0, last_order = 0
WHERE workspace_id = $1 AND id = $2

-- name: erase_notes
DELETE FROM customer_notes WHERE workspace_id = $1 AND customer IN (SELECT customer FROM erasure_customers WHERE workspace_id = $1 AND erasure = $2)

-- name: erase_consents
DELETE FROM consents WHERE workspace_id = $1 AND customer IN (SELECT customer FROM erasure_customers WHERE workspace_id = $1 AND erasure = $2)

-- name: erase_log
DELETE FROM identity_log WHERE workspace_id = $1 AND (into_customer IN (SELECT customer FROM erasure_customers WHERE workspace_id = $1 AND erasure = $2)
 OR from_customer IN (SELECT customer FROM erasure_customers WHERE workspace_id = $1 AND erasure = $2))

-- name: blank_log
UPDATE identity_log SET event_id = '', reason = '' WHERE workspace_id = $1 AND event_at >= $2 AND event_at < $3
 AND (event_id <> '' OR reason <> '') AND (into_customer IN (SELECT customer FROM erasure_customers WHERE workspace_id = $1 AND erasure = $4)
 OR from_customer IN (SELECT customer FROM erasure_customers WHERE workspace_id = $1 AND erasure = $4))

-- name: erase_homes
DELETE FROM actor_homes WHERE workspace_id = $1 AND customer IN (SELECT customer FROM erasure_customers WHERE workspace_id = $1 AND erasure = $2)

-- name: living_components
SELECT DISTINCT b.component FROM actors b JOIN actor_homes o ON o.workspace_id = b.workspace_id AND o.actor = b.id
WHERE b.workspace_id = $1 AND b.component IN (SELECT a.component FROM erasure_actors w JOIN actors a ON a.workspace_id = w.workspace_id AND a.id = w.actor
  WHERE w.workspace_id = $1 AND w.erasure = $2 AND a.component <> 0)
 AND b.component <> 0 AND o.customer NOT IN (SELECT customer FROM erasure_customers WHERE workspace_id = $1 AND erasure = $2)

-- name: concerned_facts
SELECT id, component, at, actors, event_id FROM identity_facts WHERE workspace_id = $1 AND component IN (
 SELECT a.component FROM erasure_actors w JOIN actors a ON a.workspace_id = w.workspace_id AND a.id = w.actor
 WHERE w.workspace_id = $1 AND w.erasure = $2 AND a.component <> 0)

-- name: erase_fact
DELETE FROM identity_facts WHERE workspace_id = $1 AND component = $2 AND id = $3

-- name: blank_fact
UPDATE identity_facts SET event_id = '' WHERE workspace_id = $1 AND component = $2 AND id = $3

-- name: leave_components
UPDATE actors SET component = 0 WHERE workspace_id = $1 AND component <> 0
 AND id IN (SELECT actor FROM erasure_actors WHERE workspace_id = $1 AND erasure = $2 AND whole)

-- name: orphans
SELECT w.actor FROM erasure_actors w JOIN actors a ON a.workspace_id = w.workspace_id AND a.id = w.actor
WHERE w.workspace_id = $1 AND w.erasure = $2 AND a.value NOT LIKE 'erased:%'
 AND NOT EXISTS (SELECT 1 FROM actor_homes h WHERE h.workspace_id = w.workspace_id AND h.actor = w.actor)

-- name: left_identifiers
SELECT COUNT(*) FROM erasure_actors w JOIN actors a ON a.workspace_id = w.workspace_id AND a.id = w.actor
WHERE w.workspace_id = $1 AND w.erasure = $2 AND w.whole AND a.value NOT LIKE 'erased:%'

-- name: left_customers
SELECT COUNT(*) FROM customers WHERE workspace_id = $1 AND id IN (SELECT customer FROM erasure_customers WHERE workspace_id = $1 AND erasure = $2)
 AND (name <> '' OR email <> '' OR user_id <> '' OR search <> '' OR traits <> '{}')

-- name: left_notes
SELECT COUNT(*) FROM customer_notes WHERE workspace_id = $1 AND customer IN (SELECT customer FROM erasure_customers WHERE workspace_id = $1 AND erasure = $2)

-- name: left_consents
SELECT COUNT(*) FROM consents WHERE workspace_id = $1 AND customer IN (SELECT customer FROM erasure_customers WHERE workspace_id = $1 AND erasure = $2)

-- name: left_homes
SELECT COUNT(*) FROM actor_homes WHERE workspace_id = $1 AND customer IN (SELECT customer FROM erasure_customers WHERE workspace_id = $1 AND erasure = $2)

-- name: left_log
SELECT COUNT(*) FROM identity_log WHERE workspace_id = $1 AND (into_customer IN (SELECT customer FROM erasure_customers WHERE workspace_id = $1 AND erasure = $2)
 OR from_customer IN (SELECT customer FROM erasure_customers WHERE workspace_id = $1 AND erasure = $2))

-- name: insert_backup
INSERT INTO backups (workspace_id, id, name, made_at) VALUES ($1, (SELECT COALESCE(MAX(id), 0) + 1 FROM backups WHERE workspace_id = $2), $3, $4)

-- name: backups
SELECT name, made_at FROM backups WHERE workspace_id = 0 AND made_at < $1 ORDER BY made_at DESC, id DESC LIMIT 1000

-- name: customers_of_block
SELECT id FROM customers WHERE workspace_id = $1 AND absorbed_into = 0 AND events > 0 AND id >= $2 AND id < $3 ORDER BY id

-- name: block
SELECT bits FROM customer_blocks WHERE workspace_id = $1 AND block = $2

-- name: blocks
SELECT block, bits FROM customer_blocks WHERE workspace_id = $1 AND block >= 0 ORDER BY block

-- name: write_block
INSERT INTO customer_blocks (workspace_id, block, bits) VALUES ($1, $2, $3)
ON CONFLICT (workspace_id, block) DO UPDATE SET bits = excluded.bits

-- name: forget_block
DELETE FROM customer_blocks WHERE workspace_id = $1 AND block = $2

-- name: forget_blocks
DELETE FROM customer_blocks WHERE workspace_id = $1 AND block >= 0

-- name: traits_of_all
SELECT id, traits FROM customers WHERE workspace_id = $1 AND absorbed_into = 0 AND events > 0 ORDER BY id

-- name: customer_of
SELECT customer FROM actor_homes
WHERE workspace_id = $1 AND actor IN (SELECT id FROM actors WHERE workspace_id = $1 AND value = $2 AND type = $3) ORDER BY valid_from

-- name: emails_after
SELECT id, value FROM actors WHERE workspace_id = $1 AND id > $2 AND type = $3 ORDER BY id
