-- A debug file answers to several file keys: by debug id, by code id and name, and to those of the other files of its image.

-- DropIndex
DROP INDEX "debug_files_organization_id_file_key_ready_at_idx";

-- CreateTable
CREATE TABLE "debug_file_keys" (
    "debug_file_id" UUID NOT NULL,
    "organization_id" UUID NOT NULL,
    "file_key" TEXT NOT NULL,
    "added_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "debug_file_keys_pkey" PRIMARY KEY ("debug_file_id","file_key")
);

-- CreateIndex
CREATE INDEX "debug_file_keys_organization_id_file_key_idx" ON "debug_file_keys"("organization_id", "file_key");

-- CreateIndex
CREATE INDEX "debug_files_organization_id_debug_id_idx" ON "debug_files"("organization_id", "debug_id");

-- CreateIndex
CREATE UNIQUE INDEX "debug_files_id_organization_id_key" ON "debug_files"("id", "organization_id");

-- AddForeignKey
ALTER TABLE "debug_file_keys" ADD CONSTRAINT "debug_file_keys_debug_file_id_organization_id_fkey" FOREIGN KEY ("debug_file_id", "organization_id") REFERENCES "debug_files"("id", "organization_id") ON DELETE CASCADE ON UPDATE CASCADE;

-- Files that are there: the key each is listed by, the code id under the name it came with, then those of its image.
INSERT INTO "debug_file_keys" ("debug_file_id", "organization_id", "file_key", "added_at")
SELECT id, organization_id, file_key, ready_at FROM debug_files;
INSERT INTO "debug_file_keys" ("debug_file_id", "organization_id", "file_key", "added_at")
SELECT id, organization_id, 'code:' || lower(code_id) || '/' || lower(regexp_replace(name, '^.*[/\\]', '')), ready_at
FROM debug_files WHERE code_id IS NOT NULL AND code_id <> '' ON CONFLICT DO NOTHING;
INSERT INTO "debug_file_keys" ("debug_file_id", "organization_id", "file_key", "added_at")
SELECT DISTINCT f.id, f.organization_id, k.file_key, f.ready_at
FROM debug_files f
JOIN debug_files other ON other.organization_id = f.organization_id AND other.debug_id = f.debug_id AND other.deleted_at IS NULL
JOIN debug_file_keys k ON k.debug_file_id = other.id
WHERE f.deleted_at IS NULL ON CONFLICT DO NOTHING;

ALTER TABLE "debug_file_keys" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "debug_file_keys" FORCE ROW LEVEL SECURITY;
CREATE POLICY organization ON "debug_file_keys"
  USING (organization_id = NULLIF(current_setting('salvage.organization_id', true), '')::uuid)
  WITH CHECK (organization_id = NULLIF(current_setting('salvage.organization_id', true), '')::uuid);
GRANT SELECT, INSERT, UPDATE, DELETE ON "debug_file_keys" TO salvage_system;
GRANT SELECT ON "debug_file_keys" TO salvage_app;
