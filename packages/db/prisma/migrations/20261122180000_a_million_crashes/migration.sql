-- Lists, searches and counts over millions of crashes. Row-level security looks at organization_id in each of them: where it is in the
-- index, a count never visits the table. Every index here costs each crash two or three entries (docs/performance.md has the figures).

DROP INDEX "crashes_project_id_received_at_id_idx";
DROP INDEX "crashes_project_id_state_received_at_id_idx";
DROP INDEX "crashes_issue_id_received_at_id_idx";
CREATE INDEX "crashes_of_project" ON "crashes" (project_id, received_at, id) INCLUDE (organization_id) WHERE deleted_at IS NULL;
CREATE INDEX "crashes_of_state" ON "crashes" (project_id, state, received_at, id) INCLUDE (organization_id) WHERE deleted_at IS NULL;
-- A deleted crash has left its issue.
CREATE INDEX "crashes_of_issue" ON "crashes" (issue_id, received_at, id) INCLUDE (organization_id, project_id, state) WHERE issue_id IS NOT NULL;
CREATE INDEX "crashes_of_release" ON "crashes" (project_id, release, received_at, id) INCLUDE (organization_id, state) WHERE release IS NOT NULL AND deleted_at IS NULL;
CREATE INDEX "crashes_of_user" ON "crashes" (project_id, user_label, received_at, id) WHERE user_label IS NOT NULL AND deleted_at IS NULL;

-- In how many issues a file is missing is asked for fifty files at once.
ALTER TABLE "crash_missing_files" ADD COLUMN "issue_id" UUID;
UPDATE "crash_missing_files" w SET issue_id = c.issue_id FROM "crashes" c WHERE c.id = w.crash_id AND w.open;
CREATE INDEX "crash_missing_files_issues" ON "crash_missing_files" (missing_file_id, issue_id) INCLUDE (organization_id) WHERE open;

-- The same wall, asked for once per statement: as an expression of its own it was computed for each row, ten times the cost of counting it.
DO $do$
DECLARE growing text;
BEGIN
  FOREACH growing IN ARRAY ARRAY['crashes', 'reports', 'issues', 'missing_files', 'crash_missing_files', 'debug_files', 'audit_entries'] LOOP
    EXECUTE format(
      'ALTER POLICY organization ON %I USING (organization_id = (SELECT NULLIF(current_setting(''salvage.organization_id'', true), '''')::uuid))
       WITH CHECK (organization_id = (SELECT NULLIF(current_setting(''salvage.organization_id'', true), '''')::uuid))', growing);
  END LOOP;
END $do$;

-- An index is only enough by itself where the table was vacuumed: more often than after a fifth of it.
ALTER TABLE "crashes" SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02);
ALTER TABLE "crash_missing_files" SET (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_insert_scale_factor = 0.05);
