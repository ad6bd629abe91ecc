-- The keys of debug files that were there before debug_file_keys: that migration's own statements saw no row, as row-level security held for
-- the owner, too.

INSERT INTO "debug_file_keys" ("debug_file_id", "organization_id", "file_key", "added_at")
SELECT id, organization_id, file_key, ready_at FROM debug_files ON CONFLICT DO NOTHING;
INSERT INTO "debug_file_keys" ("debug_file_id", "organization_id", "file_key", "added_at")
SELECT id, organization_id, 'code:' || lower(code_id) || '/' || lower(regexp_replace(name, '^.*[/\\]', '')), ready_at
FROM debug_files WHERE code_id IS NOT NULL AND code_id <> '' ON CONFLICT DO NOTHING;
INSERT INTO "debug_file_keys" ("debug_file_id", "organization_id", "file_key", "added_at")
SELECT DISTINCT f.id, f.organization_id, k.file_key, f.ready_at
FROM debug_files f
JOIN debug_files other ON other.organization_id = f.organization_id AND other.debug_id = f.debug_id AND other.deleted_at IS NULL
JOIN debug_file_keys k ON k.debug_file_id = other.id
WHERE f.deleted_at IS NULL ON CONFLICT DO NOTHING;
