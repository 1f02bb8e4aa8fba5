-- Erasures that run in the background: what was asked for, whom it concerns,
-- and how far it came. Backups made, so that receipts can name them.
ALTER TABLE erasures ADD COLUMN scope TEXT NOT NULL DEFAULT '{}';
ALTER TABLE erasures ADD COLUMN requested BIGINT NOT NULL DEFAULT 1;
ALTER TABLE erasures ADD COLUMN unknown BIGINT NOT NULL DEFAULT 0;
ALTER TABLE erasures ADD COLUMN customers BIGINT NOT NULL DEFAULT 0;
ALTER TABLE erasures ADD COLUMN filtered_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE erasures ADD COLUMN rewritten_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE erasures ADD COLUMN done BIGINT NOT NULL DEFAULT 0;
ALTER TABLE erasures ADD COLUMN total BIGINT NOT NULL DEFAULT 0;
ALTER TABLE erasures ADD COLUMN attempts BIGINT NOT NULL DEFAULT 0;
ALTER TABLE erasures ADD COLUMN error TEXT NOT NULL DEFAULT '';
ALTER TABLE erasures ADD COLUMN failed_at BIGINT NOT NULL DEFAULT 0;

CREATE INDEX erasures_status ON erasures (status);

-- What was asked for: a customer number, or an identifier, encrypted. Rows go
-- when the erasure is verified.
CREATE TABLE erasure_subjects (
  workspace_id BIGINT NOT NULL,
  erasure BIGINT NOT NULL,
  n BIGINT NOT NULL,
  customer BIGINT NOT NULL,
  sealed TEXT NOT NULL,
  PRIMARY KEY (workspace_id, erasure, n)
);

-- The customers found, and the numbers absorbed into them.
CREATE TABLE erasure_customers (
  workspace_id BIGINT NOT NULL,
  erasure BIGINT NOT NULL,
  customer BIGINT NOT NULL,
  main BOOLEAN NOT NULL,
  PRIMARY KEY (workspace_id, erasure, customer)
);

-- The identifiers that tracked them, encrypted. whole is false for a device
-- that others have used too. Rows go when the erasure is verified.
CREATE TABLE erasure_actors (
  workspace_id BIGINT NOT NULL,
  erasure BIGINT NOT NULL,
  actor BIGINT NOT NULL,
  whole BOOLEAN NOT NULL,
  sealed TEXT NOT NULL,
  PRIMARY KEY (workspace_id, erasure, actor)
);

-- Tombstones by time: events of the identifier with a time in [since, until)
-- are refused, or dropped when suppressed, or lose the properties named (JSON).
-- since of -9223372036854775807 is the beginning.
CREATE TABLE erased_spans (
  workspace_id BIGINT NOT NULL,
  hash BYTEA NOT NULL,
  since BIGINT NOT NULL,
  until BIGINT NOT NULL,
  suppressed BOOLEAN NOT NULL,
  props TEXT NOT NULL,
  PRIMARY KEY (workspace_id, hash, since, until, suppressed, props)
);

INSERT INTO erased_spans (workspace_id, hash, since, until, suppressed, props)
SELECT workspace_id, hash, -9223372036854775807, erased_at + 1, FALSE, '' FROM tombstones;

INSERT INTO erased_spans (workspace_id, hash, since, until, suppressed, props)
SELECT workspace_id, hash, -9223372036854775807, 9223372036854775807, TRUE, '' FROM tombstones WHERE suppressed;

DROP TABLE tombstones;

-- Uploads that hold somebody erased go as soon as no import reads them.
ALTER TABLE import_uploads ADD COLUMN condemned BOOLEAN NOT NULL DEFAULT FALSE;

-- Backups made, of the whole installation: workspace_id is 0.
CREATE TABLE backups (
  workspace_id BIGINT NOT NULL,
  id BIGINT NOT NULL,
  name TEXT NOT NULL,
  made_at BIGINT NOT NULL,
  PRIMARY KEY (workspace_id, id)
);
