-- What one unit of currency is worth in base, in billionths, from a calendar day
-- (since 1970-01-01) on, until the next day that has a rate.
CREATE TABLE exchange_rates (
  workspace_id BIGINT NOT NULL,
  base TEXT NOT NULL,
  currency TEXT NOT NULL,
  day BIGINT NOT NULL,
  rate BIGINT NOT NULL,
  PRIMARY KEY (workspace_id, base, currency, day)
);
