-- Saved fold states, one row a customer, with the next instant at which time
-- alone changes something; and how far the backfill of a new definition came.
CREATE TABLE fold_states (
  workspace_id BIGINT NOT NULL,
  customer BIGINT NOT NULL,
  due BIGINT,
  states BYTEA NOT NULL,
  PRIMARY KEY (workspace_id, customer)
) /*sqlite: WITHOUT ROWID*/;
CREATE INDEX fold_states_due ON fold_states (workspace_id, due) WHERE due IS NOT NULL;

CREATE TABLE fold_backfills (
  workspace_id BIGINT NOT NULL,
  machine BIGINT NOT NULL,
  upto BIGINT NOT NULL,
  last BIGINT NOT NULL,
  PRIMARY KEY (workspace_id, machine)
);
