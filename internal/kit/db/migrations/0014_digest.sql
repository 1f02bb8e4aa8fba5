-- Dashboards that are drawn on a schedule.
CREATE TABLE digests (
  workspace_id BIGINT NOT NULL,
  id BIGINT NOT NULL,
  definition TEXT NOT NULL,
  next_at BIGINT NOT NULL,
  last_at BIGINT NOT NULL,
  problem TEXT NOT NULL,
  by_user TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  PRIMARY KEY (workspace_id, id)
);
