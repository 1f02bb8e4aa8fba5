-- Saved insights, dashboards, annotations, costs and alerts (insight).

-- The highest number given to a thing of a workspace: numbers are never used
-- again, since dashboards and links name them.
CREATE TABLE insight_numbers (
  workspace_id BIGINT NOT NULL,
  thing TEXT NOT NULL,
  last BIGINT NOT NULL,
  PRIMARY KEY (workspace_id, thing)
);

CREATE TABLE insights (
  workspace_id BIGINT NOT NULL,
  id BIGINT NOT NULL,
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  kind TEXT NOT NULL,
  version BIGINT NOT NULL,
  built_in TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  by_user TEXT NOT NULL,
  PRIMARY KEY (workspace_id, id)
);

CREATE TABLE insight_versions (
  workspace_id BIGINT NOT NULL,
  insight BIGINT NOT NULL,
  version BIGINT NOT NULL,
  spec TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  by_user TEXT NOT NULL,
  PRIMARY KEY (workspace_id, insight, version)
);

-- Tiles, roles and range are JSON: they are read and written as a whole.
CREATE TABLE dashboards (
  workspace_id BIGINT NOT NULL,
  id BIGINT NOT NULL,
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  shared_with TEXT NOT NULL,
  tiles TEXT NOT NULL,
  span TEXT NOT NULL,
  built_in TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  by_user TEXT NOT NULL,
  PRIMARY KEY (workspace_id, id)
);

-- Which dashboards show an insight.
CREATE TABLE dashboard_insights (
  workspace_id BIGINT NOT NULL,
  insight BIGINT NOT NULL,
  dashboard BIGINT NOT NULL,
  PRIMARY KEY (workspace_id, insight, dashboard)
);

-- until is 0 for a moment.
CREATE TABLE annotations (
  workspace_id BIGINT NOT NULL,
  id BIGINT NOT NULL,
  at BIGINT NOT NULL,
  until BIGINT NOT NULL,
  body TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  by_user TEXT NOT NULL,
  PRIMARY KEY (workspace_id, id)
);

CREATE INDEX annotations_at ON annotations (workspace_id, at);

-- day counts calendar days since 1970-01-01; amount is minor units of currency.
CREATE TABLE costs (
  workspace_id BIGINT NOT NULL,
  day BIGINT NOT NULL,
  channel TEXT NOT NULL,
  campaign TEXT NOT NULL,
  kind TEXT NOT NULL,
  amount BIGINT NOT NULL,
  currency TEXT NOT NULL,
  PRIMARY KEY (workspace_id, day, channel, campaign)
);

-- due is when the alert is looked at next, the largest BIGINT when it is off.
CREATE TABLE alerts (
  workspace_id BIGINT NOT NULL,
  id BIGINT NOT NULL,
  name TEXT NOT NULL,
  definition TEXT NOT NULL,
  insight BIGINT NOT NULL,
  state TEXT NOT NULL,
  since BIGINT NOT NULL,
  checked_at BIGINT NOT NULL,
  problem TEXT NOT NULL,
  due BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  by_user TEXT NOT NULL,
  PRIMARY KEY (workspace_id, id)
);

CREATE INDEX alerts_due ON alerts (due);

CREATE TABLE alert_history (
  workspace_id BIGINT NOT NULL,
  alert BIGINT NOT NULL,
  n BIGINT NOT NULL,
  at BIGINT NOT NULL,
  state TEXT NOT NULL,
  detail TEXT NOT NULL,
  PRIMARY KEY (workspace_id, alert, n)
);
