-- Stage models, their versions, and the spells customers spend in stages.
CREATE TABLE stage_models (
  workspace_id BIGINT NOT NULL,
  id BIGINT NOT NULL,
  key TEXT NOT NULL,
  name TEXT NOT NULL,
  template TEXT NOT NULL,
  version BIGINT NOT NULL,
  is_default BOOLEAN NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  PRIMARY KEY (workspace_id, id)
);
CREATE UNIQUE INDEX stage_models_key ON stage_models (workspace_id, key);

CREATE TABLE stage_model_versions (
  workspace_id BIGINT NOT NULL,
  model BIGINT NOT NULL,
  version BIGINT NOT NULL,
  machine BIGINT NOT NULL,
  status TEXT NOT NULL,
  definition TEXT NOT NULL,
  by_user TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (workspace_id, model, version)
);

-- left_at of a spell that still runs is the largest BIGINT.
CREATE TABLE stage_spells (
  workspace_id BIGINT NOT NULL,
  machine BIGINT NOT NULL,
  customer BIGINT NOT NULL,
  n BIGINT NOT NULL,
  stage TEXT NOT NULL,
  came_from TEXT NOT NULL,
  went_to TEXT NOT NULL,
  entered_at BIGINT NOT NULL,
  left_at BIGINT NOT NULL,
  by_timer BOOLEAN NOT NULL,
  event_id TEXT NOT NULL,
  event_name TEXT NOT NULL,
  event_kind BIGINT NOT NULL,
  event_at BIGINT NOT NULL,
  left_by_timer BOOLEAN NOT NULL,
  left_event TEXT NOT NULL,
  PRIMARY KEY (workspace_id, machine, customer, n)
) /*sqlite: WITHOUT ROWID*/;
CREATE INDEX stage_spells_now ON stage_spells (workspace_id, machine, stage, customer) WHERE left_at = 9223372036854775807;
CREATE INDEX stage_spells_entered ON stage_spells (workspace_id, machine, entered_at);

-- What other rooms may read: the stage each customer is in now.
CREATE VIEW stage_now AS
SELECT workspace_id, machine, customer, stage, entered_at, n FROM stage_spells WHERE left_at = 9223372036854775807;
