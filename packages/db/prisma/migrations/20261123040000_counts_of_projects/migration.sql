-- The list of projects counts each project's open issues and missing files. Row-level security looks at organization_id, so an index that lacks
-- it sends every count to the table: half of the list's time at a million crashes. Both indexes were there, with the same entries; these
-- are a little wider.

DROP INDEX "issues_project_id_crash_count_id_idx";
CREATE INDEX "issues_by_crashes" ON "issues" ("project_id", "crash_count", "id", "organization_id", "state");
DROP INDEX "missing_files_blocking";
CREATE INDEX "missing_files_blocking" ON "missing_files" (project_id) INCLUDE (organization_id) WHERE state = 'open' AND own AND waiting_crashes > 0;
