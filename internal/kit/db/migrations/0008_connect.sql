-- Imports of files (connect).
CREATE TABLE import_uploads (
  workspace_id BIGINT NOT NULL,
  id TEXT NOT NULL,
  name TEXT NOT NULL,
  bytes BIGINT NOT NULL,
  sha256 TEXT NOT NULL,
  inspection TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (workspace_id, id)
);

-- One row per run. sent is the checkpoint: so many events were accepted.
CREATE TABLE imports (
  workspace_id BIGINT NOT NULL,
  id BIGINT NOT NULL,
  kind TEXT NOT NULL,
  file TEXT NOT NULL,
  upload_id TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  plan TEXT NOT NULL,
  source_id BIGINT NOT NULL,
  status TEXT NOT NULL,
  total_rows BIGINT NOT NULL,
  done_rows BIGINT NOT NULL,
  events BIGINT NOT NULL,
  sent BIGINT NOT NULL,
  rejected BIGINT NOT NULL,
  started_at BIGINT NOT NULL,
  finished_at BIGINT NOT NULL,
  error TEXT NOT NULL,
  created_by TEXT NOT NULL,
  PRIMARY KEY (workspace_id, id)
);

CREATE INDEX imports_status ON imports (status);

CREATE TABLE import_rejects (
  workspace_id BIGINT NOT NULL,
  import_id BIGINT NOT NULL,
  n BIGINT NOT NULL,
  line BIGINT NOT NULL,
  col TEXT NOT NULL,
  reason TEXT NOT NULL,
  message TEXT NOT NULL,
  raw TEXT NOT NULL,
  PRIMARY KEY (workspace_id, import_id, n)
) /*sqlite: WITHOUT ROWID*/;

CREATE TABLE import_presets (
  workspace_id BIGINT NOT NULL,
  id BIGINT NOT NULL,
  name TEXT NOT NULL,
  kind TEXT NOT NULL,
  map TEXT NOT NULL,
  options TEXT NOT NULL,
  PRIMARY KEY (workspace_id, id)
);

CREATE UNIQUE INDEX import_presets_name ON import_presets (workspace_id, name);

-- The source that a workspace's imports come in by.
CREATE TABLE import_sources (
  workspace_id BIGINT PRIMARY KEY,
  source_id BIGINT NOT NULL
);
