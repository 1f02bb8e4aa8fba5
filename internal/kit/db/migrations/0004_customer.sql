-- Customers, the identity graph and what is kept about a customer.
CREATE TABLE customers (
  workspace_id BIGINT NOT NULL,
  id BIGINT NOT NULL,
  absorbed_into BIGINT NOT NULL DEFAULT 0,
  identified BOOLEAN NOT NULL DEFAULT FALSE,
  flags BIGINT NOT NULL DEFAULT 0,
  name TEXT NOT NULL DEFAULT '',
  email TEXT NOT NULL DEFAULT '',
  user_id TEXT NOT NULL DEFAULT '',
  search TEXT NOT NULL DEFAULT '',
  first_seen BIGINT NOT NULL DEFAULT 0,
  last_seen BIGINT NOT NULL DEFAULT 0,
  events BIGINT NOT NULL DEFAULT 0,
  orders BIGINT NOT NULL DEFAULT 0,
  revenue BIGINT NOT NULL DEFAULT 0,
  last_order BIGINT NOT NULL DEFAULT 0,
  traits TEXT NOT NULL DEFAULT '{}',
  PRIMARY KEY (workspace_id, id)
) /*sqlite: WITHOUT ROWID*/;
CREATE INDEX customers_last_seen ON customers (workspace_id, last_seen, id);
CREATE INDEX customers_absorbed ON customers (workspace_id, absorbed_into) WHERE absorbed_into <> 0;

CREATE TABLE actors (
  workspace_id BIGINT NOT NULL,
  id BIGINT NOT NULL,
  type TEXT NOT NULL,
  value TEXT NOT NULL,
  component BIGINT NOT NULL,
  birth BIGINT NOT NULL,
  first_seen BIGINT NOT NULL,
  PRIMARY KEY (workspace_id, id)
) /*sqlite: WITHOUT ROWID*/;
CREATE INDEX actors_value ON actors (workspace_id, value);
CREATE INDEX actors_component ON actors (workspace_id, component) WHERE component <> 0;

CREATE TABLE actor_homes (
  workspace_id BIGINT NOT NULL,
  actor BIGINT NOT NULL,
  valid_from BIGINT NOT NULL,
  customer BIGINT NOT NULL,
  PRIMARY KEY (workspace_id, actor, valid_from)
) /*sqlite: WITHOUT ROWID*/;
CREATE INDEX actor_homes_customer ON actor_homes (workspace_id, customer);

CREATE TABLE identity_facts (
  workspace_id BIGINT NOT NULL,
  id BIGINT NOT NULL,
  component BIGINT NOT NULL,
  at BIGINT NOT NULL,
  kind BIGINT NOT NULL,
  actors TEXT NOT NULL,
  event_id TEXT NOT NULL,
  undone_at BIGINT NOT NULL,
  PRIMARY KEY (workspace_id, component, id)
) /*sqlite: WITHOUT ROWID*/;

CREATE TABLE identity_log (
  workspace_id BIGINT NOT NULL,
  id BIGINT NOT NULL,
  at BIGINT NOT NULL,
  event_at BIGINT NOT NULL,
  rule TEXT NOT NULL,
  from_customer BIGINT NOT NULL,
  into_customer BIGINT NOT NULL,
  actors TEXT NOT NULL,
  fact BIGINT NOT NULL,
  event_id TEXT NOT NULL,
  by_user TEXT NOT NULL,
  reason TEXT NOT NULL,
  undone_at BIGINT NOT NULL,
  PRIMARY KEY (workspace_id, id)
) /*sqlite: WITHOUT ROWID*/;
CREATE INDEX identity_log_into ON identity_log (workspace_id, into_customer);
CREATE INDEX identity_log_from ON identity_log (workspace_id, from_customer);

CREATE TABLE identity_moves (
  workspace_id BIGINT NOT NULL,
  version BIGINT NOT NULL,
  was BIGINT NOT NULL,
  now BIGINT NOT NULL,
  PRIMARY KEY (workspace_id, version, was, now)
) /*sqlite: WITHOUT ROWID*/;

CREATE TABLE tombstones (
  workspace_id BIGINT NOT NULL,
  hash BYTEA NOT NULL,
  erased_at BIGINT NOT NULL,
  suppressed BOOLEAN NOT NULL,
  PRIMARY KEY (workspace_id, hash)
);

CREATE TABLE erasures (
  workspace_id BIGINT NOT NULL,
  id BIGINT NOT NULL,
  action TEXT NOT NULL,
  status TEXT NOT NULL,
  customer BIGINT NOT NULL,
  by_user TEXT NOT NULL,
  reason TEXT NOT NULL,
  requested_at BIGINT NOT NULL,
  verified_at BIGINT NOT NULL,
  receipt TEXT NOT NULL,
  PRIMARY KEY (workspace_id, id)
);

CREATE TABLE customer_notes (
  workspace_id BIGINT NOT NULL,
  id BIGINT NOT NULL,
  customer BIGINT NOT NULL,
  author TEXT NOT NULL,
  body TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  PRIMARY KEY (workspace_id, id)
);
CREATE INDEX customer_notes_customer ON customer_notes (workspace_id, customer);

CREATE TABLE consents (
  workspace_id BIGINT NOT NULL,
  customer BIGINT NOT NULL,
  channel TEXT NOT NULL,
  topic TEXT NOT NULL,
  state TEXT NOT NULL,
  at BIGINT NOT NULL,
  source TEXT NOT NULL,
  PRIMARY KEY (workspace_id, customer, channel, topic)
);
