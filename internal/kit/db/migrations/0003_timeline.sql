-- The timeline (engine/timeline): the tail of events not yet sealed, a batch a
-- row, and the manifest of the sealed Parquet files.
CREATE TABLE timeline_tail (
  workspace_id BIGINT NOT NULL,
  first_seq BIGINT NOT NULL,
  events BIGINT NOT NULL,
  version BIGINT NOT NULL,
  appended_at BIGINT NOT NULL,
  body BYTEA NOT NULL,
  PRIMARY KEY (workspace_id, first_seq)
);

CREATE TABLE timeline_segments (
  workspace_id BIGINT NOT NULL,
  file TEXT NOT NULL,
  month BIGINT NOT NULL,
  events BIGINT NOT NULL,
  customers BIGINT NOT NULL,
  bytes BIGINT NOT NULL,
  sha256 TEXT NOT NULL,
  version BIGINT NOT NULL,
  min_customer BIGINT NOT NULL,
  max_customer BIGINT NOT NULL,
  min_time BIGINT NOT NULL,
  max_time BIGINT NOT NULL,
  min_seq BIGINT NOT NULL,
  max_seq BIGINT NOT NULL,
  min_received BIGINT NOT NULL,
  max_received BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  names TEXT NOT NULL,
  PRIMARY KEY (workspace_id, file)
) /*sqlite: WITHOUT ROWID*/;
