-- Debug files that come in pieces: chunks named by their SHA-1 (sentry-cli), and files announced, put and committed (sym-upload-v2, App Center).

-- AlterTable
ALTER TABLE "debug_file_uploads" ADD COLUMN     "claimed_debug_id" TEXT,
ADD COLUMN     "sha1" TEXT;

-- CreateTable
CREATE TABLE "upload_chunks" (
    "id" UUID NOT NULL,
    "organization_id" UUID NOT NULL,
    "sha1" TEXT NOT NULL,
    "size_bytes" BIGINT NOT NULL,
    "blob_key" TEXT NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "upload_chunks_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "file_transfers" (
    "id" UUID NOT NULL,
    "organization_id" UUID NOT NULL,
    "project_id" BIGINT,
    "actor" TEXT NOT NULL,
    "file_name" TEXT NOT NULL,
    "symbol_type" TEXT NOT NULL,
    "secret_hash" TEXT NOT NULL,
    "state" TEXT NOT NULL DEFAULT 'open',
    "blocks" JSONB NOT NULL DEFAULT '{}',
    "chunks" TEXT[] DEFAULT ARRAY[]::TEXT[],
    "upload_id" UUID,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "file_transfers_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "upload_chunks_expires_at_idx" ON "upload_chunks"("expires_at");

-- CreateIndex
CREATE UNIQUE INDEX "upload_chunks_organization_id_sha1_key" ON "upload_chunks"("organization_id", "sha1");

-- CreateIndex
CREATE INDEX "file_transfers_organization_id_project_id_created_at_idx" ON "file_transfers"("organization_id", "project_id", "created_at");

-- CreateIndex
CREATE INDEX "file_transfers_upload_id_idx" ON "file_transfers"("upload_id");

-- CreateIndex
CREATE INDEX "file_transfers_expires_at_idx" ON "file_transfers"("expires_at");

-- CreateIndex
CREATE INDEX "debug_file_uploads_organization_id_sha1_idx" ON "debug_file_uploads"("organization_id", "sha1");

-- AddForeignKey
ALTER TABLE "upload_chunks" ADD CONSTRAINT "upload_chunks_organization_id_fkey" FOREIGN KEY ("organization_id") REFERENCES "organizations"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "file_transfers" ADD CONSTRAINT "file_transfers_organization_id_fkey" FOREIGN KEY ("organization_id") REFERENCES "organizations"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "file_transfers" ADD CONSTRAINT "file_transfers_project_id_organization_id_fkey" FOREIGN KEY ("project_id", "organization_id") REFERENCES "projects"("id", "organization_id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "file_transfers" ADD CONSTRAINT "file_transfers_upload_id_organization_id_fkey" FOREIGN KEY ("upload_id", "organization_id") REFERENCES "debug_file_uploads"("id", "organization_id") ON DELETE NO ACTION ON UPDATE CASCADE;

ALTER TABLE "file_transfers" ADD CONSTRAINT "file_transfers_state_check" CHECK (state IN ('open', 'committed', 'aborted'));
-- Sources of a build, kept beside its debug files; crashes get neither names nor unwind data from them.
ALTER TABLE "debug_files" DROP CONSTRAINT "debug_files_kind_check";
ALTER TABLE "debug_files" ADD CONSTRAINT "debug_files_kind_check" CHECK (kind IN ('breakpad', 'elf', 'pe', 'pdb', 'macho', 'sourcebundle'));

DO $do$
DECLARE
  tenant_table text;
BEGIN
  FOREACH tenant_table IN ARRAY ARRAY['upload_chunks', 'file_transfers'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', tenant_table);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', tenant_table);
    EXECUTE format(
      'CREATE POLICY organization ON %I USING (organization_id = NULLIF(current_setting(''salvage.organization_id'', true), '''')::uuid)
       WITH CHECK (organization_id = NULLIF(current_setting(''salvage.organization_id'', true), '''')::uuid)', tenant_table);
  END LOOP;
END $do$;
GRANT SELECT, INSERT, UPDATE, DELETE ON "upload_chunks", "file_transfers" TO salvage_system;
GRANT SELECT ON "upload_chunks", "file_transfers" TO salvage_app;
