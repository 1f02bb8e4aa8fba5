-- Lists that are being filled: who is to be put on them, and how many were.
CREATE TABLE segment_fills (
  workspace_id BIGINT NOT NULL,
  segment BIGINT NOT NULL,
  customers BYTEA NOT NULL,
  done BIGINT NOT NULL,
  by_user TEXT NOT NULL,
  PRIMARY KEY (workspace_id, segment)
);
