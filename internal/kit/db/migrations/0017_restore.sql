-- Insights and dashboards that were deleted stay for a while, so that they can
-- be restored under their numbers. 0: not deleted.
ALTER TABLE insights ADD COLUMN deleted_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE dashboards ADD COLUMN deleted_at BIGINT NOT NULL DEFAULT 0;
