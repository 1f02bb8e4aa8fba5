-- name: next_number
INSERT INTO insight_numbers (workspace_id, thing, last) VALUES ($1, $2, 1)
ON CONFLICT (workspace_id, thing) DO UPDATE SET last = insight_numbers.last + 1 RETURNING last

-- name: insights
SELECT i.id, i.name, i.description, i.kind, i.version, i.built_in, i.created_at, i.updated_at, i.by_user, v.spec
FROM insights i JOIN insight_versions v ON v.workspace_id = i.workspace_id AND v.insight = i.id AND v.version = i.version
WHERE i.workspace_id = $1 AND i.deleted_at = 0 ORDER BY i.id

-- name: insight
SELECT i.id, i.name, i.description, i.kind, i.version, i.built_in, i.created_at, i.updated_at, i.by_user, v.spec
FROM insights i JOIN insight_versions v ON v.workspace_id = i.workspace_id AND v.insight = i.id AND v.version = i.version
WHERE i.workspace_id = $1 AND i.id = $2 AND i.deleted_at = 0

-- name: count_insights
SELECT COUNT(*) FROM insights WHERE workspace_id = $1 AND deleted_at = 0

-- name: insert_insight
INSERT INTO insights (workspace_id, id, name, description, kind, version, built_in, created_at, updated_at, by_user) VALUES ($1, $2, $3, $4, $5, 1, $6, $7, $7, $8)

-- name: insert_insight_version
INSERT INTO insight_versions (workspace_id, insight, version, spec, created_at, by_user) VALUES ($1, $2, $3, $4, $5, $6)

-- name: rename_insight
UPDATE insights SET name = $1, description = $2, updated_at = $3 WHERE workspace_id = $4 AND id = $5

-- name: next_insight_version
UPDATE insights SET version = version + 1, kind = $1, updated_at = $2 WHERE workspace_id = $3 AND id = $4 RETURNING version

-- name: insight_versions
SELECT version, spec, created_at, by_user FROM insight_versions WHERE workspace_id = $1 AND insight = $2 ORDER BY version DESC LIMIT $3

-- name: delete_insight
UPDATE insights SET deleted_at = $1 WHERE workspace_id = $2 AND id = $3

-- name: restore_insight
UPDATE insights SET deleted_at = 0 WHERE workspace_id = $1 AND id = $2

-- name: restore_shown
UPDATE insights SET deleted_at = 0 WHERE workspace_id = $1 AND deleted_at <> 0
AND id IN (SELECT insight FROM dashboard_insights WHERE workspace_id = $1 AND dashboard = $2)

-- name: purge_insight_versions
DELETE FROM insight_versions WHERE workspace_id = $1
AND insight IN (SELECT id FROM insights WHERE workspace_id = $1 AND deleted_at BETWEEN 1 AND $2)

-- name: purge_insights
DELETE FROM insights WHERE workspace_id = $1 AND deleted_at BETWEEN 1 AND $2

-- name: built_in_insight
SELECT id FROM insights WHERE workspace_id = $1 AND built_in = $2 AND deleted_at = 0 ORDER BY id LIMIT 1

-- name: shown_on
SELECT d.name FROM dashboard_insights s JOIN dashboards d ON d.workspace_id = s.workspace_id AND d.id = s.dashboard
WHERE s.workspace_id = $1 AND s.insight = $2 AND d.deleted_at = 0 ORDER BY d.id LIMIT 1

-- name: watched_by
SELECT name FROM alerts WHERE workspace_id = $1 AND insight = $2 ORDER BY id LIMIT 1

-- name: dashboards
SELECT id, name, description, shared_with, tiles, span, built_in, created_at, updated_at, by_user FROM dashboards WHERE workspace_id = $1 AND deleted_at = 0 ORDER BY id

-- name: dashboard
SELECT id, name, description, shared_with, tiles, span, built_in, created_at, updated_at, by_user FROM dashboards WHERE workspace_id = $1 AND id = $2 AND deleted_at = 0

-- name: count_dashboards
SELECT COUNT(*) FROM dashboards WHERE workspace_id = $1 AND deleted_at = 0

-- name: insert_dashboard
INSERT INTO dashboards (workspace_id, id, name, description, shared_with, tiles, span, built_in, created_at, updated_at, by_user) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)

-- name: update_dashboard
UPDATE dashboards SET name = $1, description = $2, shared_with = $3, tiles = $4, span = $5, updated_at = $6 WHERE workspace_id = $7 AND id = $8

-- name: delete_dashboard
UPDATE dashboards SET deleted_at = $1 WHERE workspace_id = $2 AND id = $3

-- name: restore_dashboard
UPDATE dashboards SET deleted_at = 0 WHERE workspace_id = $1 AND id = $2

-- name: purge_shown
DELETE FROM dashboard_insights WHERE workspace_id = $1
AND dashboard IN (SELECT id FROM dashboards WHERE workspace_id = $1 AND deleted_at BETWEEN 1 AND $2)

-- name: purge_dashboards
DELETE FROM dashboards WHERE workspace_id = $1 AND deleted_at BETWEEN 1 AND $2

-- name: built_in_dashboard
SELECT name FROM dashboards WHERE workspace_id = $1 AND built_in = $2 AND id <> $3 AND deleted_at = 0

-- name: show_insight
INSERT INTO dashboard_insights (workspace_id, insight, dashboard) VALUES ($1, $2, $3) ON CONFLICT (workspace_id, insight, dashboard) DO NOTHING

-- name: show_nothing
DELETE FROM dashboard_insights WHERE workspace_id = $1 AND dashboard = $2

-- name: annotations
SELECT id, at, until, body, created_at, by_user FROM annotations
WHERE workspace_id = $1 AND at < $2 AND (at >= $3 OR until > $3) ORDER BY at, id LIMIT $4

-- name: annotation
SELECT id, at, until, body, created_at, by_user FROM annotations WHERE workspace_id = $1 AND id = $2

-- name: count_annotations
SELECT COUNT(*) FROM annotations WHERE workspace_id = $1

-- name: insert_annotation
INSERT INTO annotations (workspace_id, id, at, until, body, created_at, by_user) VALUES ($1, $2, $3, $4, $5, $6, $7)

-- name: update_annotation
UPDATE annotations SET at = $1, until = $2, body = $3 WHERE workspace_id = $4 AND id = $5

-- name: delete_annotation
DELETE FROM annotations WHERE workspace_id = $1 AND id = $2

-- name: costs
SELECT day, channel, campaign, kind, amount, currency FROM costs WHERE workspace_id = $1 AND day >= $2 AND day < $3 ORDER BY day, channel, campaign

-- name: count_costs
SELECT COUNT(*) FROM costs WHERE workspace_id = $1

-- name: delete_costs
DELETE FROM costs WHERE workspace_id = $1 AND day >= $2 AND day < $3 AND ($4 OR channel = $5) AND ($6 OR campaign = $7)

-- name: alerts
SELECT workspace_id, id, name, definition, state, since, checked_at, problem, due, created_at, updated_at, by_user FROM alerts WHERE workspace_id = $1 ORDER BY id

-- name: alert
SELECT workspace_id, id, name, definition, state, since, checked_at, problem, due, created_at, updated_at, by_user FROM alerts WHERE workspace_id = $1 AND id = $2

-- name: due_alerts
SELECT workspace_id, id, name, definition, state, since, checked_at, problem, due, created_at, updated_at, by_user FROM alerts WHERE due <= $1 ORDER BY due, workspace_id, id LIMIT 100

-- name: next_due
SELECT COALESCE(MIN(due), 9223372036854775807) FROM alerts

-- name: count_alerts
SELECT COUNT(*) FROM alerts WHERE workspace_id = $1

-- name: insert_alert
INSERT INTO alerts (workspace_id, id, name, definition, insight, state, since, checked_at, problem, due, created_at, updated_at, by_user) VALUES ($1, $2, $3, $4, $5, $6, $7, 0, '', $8, $9, $9, $10)

-- name: update_alert
UPDATE alerts SET name = $1, definition = $2, insight = $3, due = $4, updated_at = $5 WHERE workspace_id = $6 AND id = $7

-- name: settle_alert
UPDATE alerts SET state = $1, since = $2, checked_at = $3, problem = $4, due = $5 WHERE workspace_id = $6 AND id = $7 AND updated_at = $8

-- name: delete_alert
DELETE FROM alerts WHERE workspace_id = $1 AND id = $2

-- name: delete_alert_history
DELETE FROM alert_history WHERE workspace_id = $1 AND alert = $2

-- name: last_alert_entry
SELECT COALESCE(MAX(n), 0) FROM alert_history WHERE workspace_id = $1 AND alert = $2

-- name: add_alert_entry
INSERT INTO alert_history (workspace_id, alert, n, at, state, detail) VALUES ($1, $2, $3, $4, $5, $6)

-- name: prune_alert_history
DELETE FROM alert_history WHERE workspace_id = $1 AND alert = $2 AND n <= $3

-- name: alert_history
SELECT n, at, state, detail FROM alert_history WHERE workspace_id = $1 AND alert = $2 ORDER BY n DESC LIMIT $3

-- name: digests
SELECT id, definition, next_at, last_at, problem, by_user, created_at, updated_at FROM digests WHERE workspace_id = $1 ORDER BY id

-- name: last_digest
SELECT COALESCE(MAX(id), 0), COUNT(*) FROM digests WHERE workspace_id = $1

-- name: insert_digest
INSERT INTO digests (workspace_id, id, definition, next_at, last_at, problem, by_user, created_at, updated_at) VALUES ($1, $2, $3, $4, 0, '', $5, $6, $6)

-- name: update_digest
UPDATE digests SET definition = $1, next_at = $2, updated_at = $3 WHERE workspace_id = $4 AND id = $5

-- name: digest_done
UPDATE digests SET next_at = $1, last_at = $2, problem = $3 WHERE workspace_id = $4 AND id = $5 AND next_at = $6

-- name: digest_drawn
UPDATE digests SET last_at = $1, problem = '' WHERE workspace_id = $2 AND id = $3 AND last_at < $1

-- name: delete_digest
DELETE FROM digests WHERE workspace_id = $1 AND id = $2

-- name: rate_version
SELECT COALESCE(MAX(last), 0) FROM insight_numbers WHERE workspace_id = $1 AND thing = $2

-- name: all_rates
SELECT currency, day, rate FROM exchange_rates WHERE workspace_id = $1 AND base = $2

-- name: rates_of_days
SELECT currency, day, rate FROM exchange_rates WHERE workspace_id = $1 AND base = $2 AND day >= $3 AND day < $4

-- name: rates
SELECT currency, day, rate FROM exchange_rates WHERE workspace_id = $1 AND base = $2 AND ($3 OR currency = $4) AND day >= $5 AND day < $6
AND (currency > $7 OR (currency = $7 AND day < $8)) ORDER BY currency, day DESC LIMIT $9

-- name: count_rates
SELECT COUNT(*) FROM exchange_rates WHERE workspace_id = $1

-- name: delete_rates
DELETE FROM exchange_rates WHERE workspace_id = $1 AND base = $2 AND ($3 OR currency = $4) AND day >= $5 AND day < $6

-- name: foreign_costs
SELECT currency, day, COUNT(*) FROM costs WHERE workspace_id = $1 AND currency <> $2 GROUP BY currency, day
