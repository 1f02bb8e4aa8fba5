-- Sources, the inbox of accepted batches, dedupe keys, quarantine.
CREATE TABLE sources (
  workspace_id BIGINT NOT NULL,
  id BIGINT NOT NULL,
  name TEXT NOT NULL,
  kind TEXT NOT NULL,
  enabled BOOLEAN NOT NULL,
  key_hash TEXT NOT NULL,
  key_prefix TEXT NOT NULL,
  ip_policy TEXT NOT NULL,
  settings TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  last_event_at BIGINT NOT NULL,
  PRIMARY KEY (workspace_id, id)
);

CREATE UNIQUE INDEX sources_key ON sources (key_hash);

-- Counts per source and UTC day; day is days since 1970-01-01.
CREATE TABLE source_counters (
  workspace_id BIGINT NOT NULL,
  source_id BIGINT NOT NULL,
  name TEXT NOT NULL,
  day BIGINT NOT NULL,
  n BIGINT NOT NULL,
  PRIMARY KEY (workspace_id, source_id, name, day)
) /*sqlite: WITHOUT ROWID*/;

-- One row per accepted batch. encoding: 0 as is, 1 S2. size is that of the
-- stored body in bytes.
CREATE TABLE inbox (
  workspace_id BIGINT NOT NULL,
  id BIGINT NOT NULL,
  source_id BIGINT NOT NULL,
  received_at BIGINT NOT NULL,
  events BIGINT NOT NULL,
  size BIGINT NOT NULL,
  encoding BIGINT NOT NULL,
  meta TEXT NOT NULL,
  body BYTEA NOT NULL,
  PRIMARY KEY (workspace_id, id)
);

-- Sorted keys of processed events. A block's keys lie in dedupe_parts under its
-- block_id; fences holds the first key of each part, filter a Bloom filter.
CREATE TABLE dedupe_blocks (
  workspace_id BIGINT NOT NULL,
  seq BIGINT NOT NULL,
  block_id BIGINT NOT NULL,
  level BIGINT NOT NULL,
  entries BIGINT NOT NULL,
  last_received BIGINT NOT NULL,
  fences BYTEA NOT NULL,
  filter BYTEA NOT NULL,
  PRIMARY KEY (workspace_id, seq)
);

CREATE TABLE dedupe_parts (
  workspace_id BIGINT NOT NULL,
  block_id BIGINT NOT NULL,
  part BIGINT NOT NULL,
  body BYTEA NOT NULL,
  PRIMARY KEY (workspace_id, block_id, part)
);

CREATE TABLE quarantine (
  workspace_id BIGINT NOT NULL,
  id BIGINT NOT NULL,
  source_id BIGINT NOT NULL,
  reason TEXT NOT NULL,
  event TEXT NOT NULL,
  message_id TEXT NOT NULL,
  received_at BIGINT NOT NULL,
  detail TEXT NOT NULL,
  whole BOOLEAN NOT NULL,
  meta TEXT NOT NULL,
  envelope BYTEA NOT NULL,
  raw BYTEA NOT NULL,
  PRIMARY KEY (workspace_id, id)
);

CREATE INDEX quarantine_group ON quarantine (workspace_id, reason, event, source_id, received_at);

CREATE INDEX quarantine_received ON quarantine (workspace_id, received_at);

-- Keys that nothing answers to. workspace_id is 0: nobody knows whose they are.
CREATE TABLE unknown_keys (
  workspace_id BIGINT NOT NULL,
  key_hash TEXT NOT NULL,
  shown TEXT NOT NULL,
  n BIGINT NOT NULL,
  first_seen BIGINT NOT NULL,
  last_seen BIGINT NOT NULL,
  address TEXT NOT NULL,
  PRIMARY KEY (workspace_id, key_hash)
);
