-- Workspaces and their settings (access), shared counters.
CREATE TABLE workspaces (
  id BIGINT PRIMARY KEY,
  name TEXT NOT NULL,
  time_zone TEXT NOT NULL,
  currency TEXT NOT NULL,
  week_start INTEGER NOT NULL,
  settings TEXT NOT NULL,
  created_at BIGINT NOT NULL
);

CREATE TABLE sequences (
  workspace_id BIGINT NOT NULL,
  name TEXT NOT NULL,
  next BIGINT NOT NULL,
  PRIMARY KEY (workspace_id, name)
) /*sqlite: WITHOUT ROWID*/;
