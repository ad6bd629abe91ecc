/** Resolving modules to lookup files, and the names that make a module the team's own. */
import { fileKey } from "@salvage/contracts";
import type { Sql } from "../shared/sql.ts";
import { baseName } from "../shared/text.ts";
import type { ImageFileRef, SystemFiles, WantedModule } from "./ports.ts";

type FileRow = {
  file_key: string;
  id: string;
  symcache_blob_key: string | null;
  symcache_format_version: number | null;
  source_blob_key: string;
  debug_id: string | null;
  has_names: boolean;
  has_unwind: boolean;
};

/** Files of one image that a crash looks at; with more, somebody uploads the same build again and again, and the newest suffice. */
const maxFilesPerModule = 8;

export function createSystemFiles(sql: Sql): SystemFiles {
  return {
    async resolveForModules(organizationId, modules) {
      const keys = modules.map(keyOf);
      const wanted = [...new Set(keys.filter((key) => key !== null))];
      const byKey = new Map<string, ImageFileRef[]>();
      if (wanted.length > 0) {
        const rows = await sql.rows<FileRow>(
          `SELECT * FROM (
             SELECT k.file_key, f.id, f.symcache_blob_key, f.symcache_format_version, f.source_blob_key, f.debug_id, f.has_names, f.has_unwind,
               f.ready_at, row_number() OVER (PARTITION BY k.file_key ORDER BY f.ready_at DESC, f.id) AS place
             FROM debug_file_keys k JOIN debug_files f ON f.id = k.debug_file_id
             WHERE k.organization_id = $1 AND k.file_key = ANY ($2::text[]) AND f.deleted_at IS NULL AND f.kind <> 'sourcebundle') newest
           WHERE place <= ${maxFilesPerModule} ORDER BY ready_at, id DESC`,
          [organizationId, wanted],
        );
        for (const row of rows) {
          const files = byKey.get(row.file_key) ?? [];
          files.push(imageFileRef(row));
          byKey.set(row.file_key, files);
        }
      }
      return keys.map((key) => (key === null ? undefined : byKey.get(key)) ?? []);
    },
    async ownNames(organizationId) {
      const rows = await sql.rows<{ name: string }>("SELECT DISTINCT lower(name) AS name FROM debug_files WHERE organization_id = $1", [
        organizationId,
      ]);
      return new Set(rows.map((row) => baseName(row.name)));
    },
  };
}

function imageFileRef(row: FileRow): ImageFileRef {
  const symcache =
    row.symcache_blob_key === null || row.symcache_format_version === null
      ? null
      : { blobKey: row.symcache_blob_key, formatVersion: row.symcache_format_version };
  return {
    debugFileId: row.id,
    symcache,
    sourceBlobKey: row.source_blob_key,
    debugId: row.debug_id,
    hasNames: row.has_names,
    hasUnwind: row.has_unwind,
  };
}

function keyOf(module: WantedModule): string | null {
  return fileKey(module.debugId, module.codeId, baseName(module.codeFile));
}
