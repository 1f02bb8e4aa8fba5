-- Who has events, as bits: block b holds customers from 65,536 b on. A block
-- that is not there is not known. Block -1 is the lock of the workspace's.
CREATE TABLE customer_blocks (
  workspace_id BIGINT NOT NULL,
  block BIGINT NOT NULL,
  bits BYTEA NOT NULL,
  PRIMARY KEY (workspace_id, block)
);
