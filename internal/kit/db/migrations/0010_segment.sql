-- Segments, their versions, and the stays of customers in them.
CREATE TABLE segments (
  workspace_id BIGINT NOT NULL,
  id BIGINT NOT NULL,
  key TEXT NOT NULL,
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  kind TEXT NOT NULL,
  version BIGINT NOT NULL,
  by_user TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  PRIMARY KEY (workspace_id, id)
);
CREATE UNIQUE INDEX segments_key ON segments (workspace_id, key);

CREATE TABLE segment_versions (
  workspace_id BIGINT NOT NULL,
  segment BIGINT NOT NULL,
  version BIGINT NOT NULL,
  machine BIGINT NOT NULL,
  status TEXT NOT NULL,
  emit BOOLEAN NOT NULL,
  definition TEXT NOT NULL,
  by_user TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (workspace_id, segment, version)
);

-- left_at of a stay that still runs is the largest BIGINT.
CREATE TABLE segment_stays (
  workspace_id BIGINT NOT NULL,
  machine BIGINT NOT NULL,
  customer BIGINT NOT NULL,
  n BIGINT NOT NULL,
  entered_at BIGINT NOT NULL,
  left_at BIGINT NOT NULL,
  by_timer BOOLEAN NOT NULL,
  event_id TEXT NOT NULL,
  event_name TEXT NOT NULL,
  event_kind BIGINT NOT NULL,
  event_at BIGINT NOT NULL,
  left_by_timer BOOLEAN NOT NULL,
  left_event_id TEXT NOT NULL,
  left_event_name TEXT NOT NULL,
  left_event_at BIGINT NOT NULL,
  PRIMARY KEY (workspace_id, machine, customer, n)
) /*sqlite: WITHOUT ROWID*/;
CREATE INDEX segment_stays_now ON segment_stays (workspace_id, machine, customer) WHERE left_at = 9223372036854775807;

-- What other rooms may read: who is in a segment now.
CREATE VIEW segment_now AS
SELECT workspace_id, machine, customer, entered_at, n FROM segment_stays WHERE left_at = 9223372036854775807;

-- Cut points of recency, frequency and money as they were taken; the newest
-- serve.
CREATE TABLE rfm_runs (
  workspace_id BIGINT NOT NULL,
  id BIGINT NOT NULL,
  taken_at BIGINT NOT NULL,
  by_user TEXT NOT NULL,
  cuts TEXT NOT NULL,
  grid TEXT NOT NULL,
  PRIMARY KEY (workspace_id, id)
);

-- Counting and listing everybody reads this index alone.
CREATE INDEX customers_alive ON customers (workspace_id, id) WHERE absorbed_into = 0 AND events > 0;
