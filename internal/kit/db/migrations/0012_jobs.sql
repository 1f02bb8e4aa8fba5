-- Background jobs, and webhooks that some of them deliver.
CREATE TABLE jobs (
  workspace_id BIGINT NOT NULL,
  id BIGINT NOT NULL,
  kind TEXT NOT NULL,
  ref BIGINT NOT NULL,
  state TEXT NOT NULL,
  payload TEXT NOT NULL,
  attempts BIGINT NOT NULL,
  run_at BIGINT NOT NULL,
  lease_until BIGINT NOT NULL,
  made_at BIGINT NOT NULL,
  ended_at BIGINT NOT NULL,
  note TEXT NOT NULL,
  PRIMARY KEY (workspace_id, id)
) /*sqlite: WITHOUT ROWID*/;
CREATE INDEX jobs_due ON jobs (run_at) WHERE state = 'waiting';
CREATE INDEX jobs_ref ON jobs (workspace_id, kind, ref, id);
CREATE INDEX jobs_ended ON jobs (ended_at) WHERE ended_at <> 0;

CREATE TABLE webhooks (
  workspace_id BIGINT NOT NULL,
  id BIGINT NOT NULL,
  name TEXT NOT NULL,
  url TEXT NOT NULL,
  secret TEXT NOT NULL,
  events TEXT NOT NULL,
  segments TEXT NOT NULL,
  enabled BOOLEAN NOT NULL,
  stopped TEXT NOT NULL,
  by_user TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  PRIMARY KEY (workspace_id, id)
);
