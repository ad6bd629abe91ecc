-- What comes beside or before a crash: a user's words, what was said of a crash whose dump comes later, files in pieces.

-- CreateTable
CREATE TABLE "crash_feedback" (
    "id" UUID NOT NULL,
    "organization_id" UUID NOT NULL,
    "project_id" BIGINT NOT NULL,
    "event_id" UUID NOT NULL,
    "name" TEXT,
    "email" TEXT,
    "comments" TEXT,
    "received_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "crash_feedback_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "announced_crashes" (
    "project_id" BIGINT NOT NULL,
    "event_id" UUID NOT NULL,
    "organization_id" UUID NOT NULL,
    "event" JSONB NOT NULL,
    "announced_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "announced_crashes_pkey" PRIMARY KEY ("project_id","event_id")
);

-- CreateTable
CREATE TABLE "resumable_uploads" (
    "id" UUID NOT NULL,
    "organization_id" UUID NOT NULL,
    "project_id" BIGINT NOT NULL,
    "client_key_id" UUID NOT NULL,
    "size_bytes" BIGINT NOT NULL,
    "received_bytes" BIGINT NOT NULL DEFAULT 0,
    "part_blob_keys" TEXT[] DEFAULT ARRAY[]::TEXT[],
    "wrapped_key" BYTEA NOT NULL,
    "key_id" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "resumable_uploads_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "crash_feedback_project_id_event_id_idx" ON "crash_feedback"("project_id", "event_id");

-- CreateIndex
CREATE INDEX "crash_feedback_received_at_idx" ON "crash_feedback"("received_at");

-- CreateIndex
CREATE INDEX "announced_crashes_announced_at_idx" ON "announced_crashes"("announced_at");

-- CreateIndex
CREATE INDEX "resumable_uploads_project_id_idx" ON "resumable_uploads"("project_id");

-- CreateIndex
CREATE INDEX "resumable_uploads_updated_at_idx" ON "resumable_uploads"("updated_at");

-- AddForeignKey
ALTER TABLE "crash_feedback" ADD CONSTRAINT "crash_feedback_project_id_organization_id_fkey" FOREIGN KEY ("project_id", "organization_id") REFERENCES "projects"("id", "organization_id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "announced_crashes" ADD CONSTRAINT "announced_crashes_project_id_organization_id_fkey" FOREIGN KEY ("project_id", "organization_id") REFERENCES "projects"("id", "organization_id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "resumable_uploads" ADD CONSTRAINT "resumable_uploads_project_id_organization_id_fkey" FOREIGN KEY ("project_id", "organization_id") REFERENCES "projects"("id", "organization_id") ON DELETE CASCADE ON UPDATE CASCADE;

DO $do$
DECLARE
  tenant_table text;
BEGIN
  FOREACH tenant_table IN ARRAY ARRAY['crash_feedback', 'announced_crashes', 'resumable_uploads'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', tenant_table);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', tenant_table);
    EXECUTE format(
      'CREATE POLICY organization ON %I USING (organization_id = NULLIF(current_setting(''salvage.organization_id'', true), '''')::uuid)
       WITH CHECK (organization_id = NULLIF(current_setting(''salvage.organization_id'', true), '''')::uuid)', tenant_table);
  END LOOP;
END $do$;
GRANT SELECT, INSERT, UPDATE, DELETE ON "crash_feedback", "announced_crashes", "resumable_uploads" TO salvage_system;
GRANT SELECT ON "crash_feedback", "announced_crashes", "resumable_uploads" TO salvage_app;
