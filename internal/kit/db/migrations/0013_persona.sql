-- Groups of customers that were found, the newest serve; members is who belongs
-- to which.
CREATE TABLE persona_runs (
  workspace_id BIGINT NOT NULL,
  id BIGINT NOT NULL,
  taken_at BIGINT NOT NULL,
  by_user TEXT NOT NULL,
  result TEXT NOT NULL,
  members BYTEA NOT NULL,
  PRIMARY KEY (workspace_id, id)
);
