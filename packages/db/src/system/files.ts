/** Resolving modules to lookup files, and the names that make a module the team's own. */
import { fileKey } from "@salvage/contracts";
import type { Sql } from "../shared/sql.ts";
import { baseName } from "../shared/text.ts";
import type { ResolvedParts, SystemFiles, WantedModule } from "./ports.ts";

type FileRow = {
  file_key: string;
  id: string;
  symcache_blob_key: string;
  symcache_format_version: number;
  has_names: boolean;
  has_unwind: boolean;
};

export function createSystemFiles(sql: Sql): SystemFiles {
  return {
    async resolveForModules(organizationId, modules) {
      const keys = modules.map(keyOf);
      const wanted = [...new Set(keys.filter((key) => key !== null))];
      const best = new Map<string, ResolvedParts>();
      if (wanted.length > 0) {
        const rows = await sql.rows<FileRow>(
          `SELECT file_key, id, symcache_blob_key, symcache_format_version, has_names, has_unwind FROM debug_files
           WHERE organization_id = $1 AND file_key = ANY ($2::text[]) AND deleted_at IS NULL AND symcache_blob_key IS NOT NULL
           ORDER BY ready_at DESC, id`,
          [organizationId, wanted],
        );
        // Newest first, so the first with a part wins.
        for (const row of rows) {
          const file = { debugFileId: row.id, blobKey: row.symcache_blob_key, formatVersion: row.symcache_format_version };
          const parts = best.get(row.file_key) ?? { names: null, unwind: null };
          if (row.has_names) parts.names ??= file;
          if (row.has_unwind) parts.unwind ??= file;
          best.set(row.file_key, parts);
        }
      }
      return keys.map((key) => (key === null ? undefined : best.get(key)) ?? { names: null, unwind: null });
    },
    async ownNames(organizationId) {
      const rows = await sql.rows<{ name: string }>("SELECT DISTINCT lower(name) AS name FROM debug_files WHERE organization_id = $1", [
        organizationId,
      ]);
      return new Set(rows.map((row) => baseName(row.name)));
    },
  };
}

function keyOf(module: WantedModule): string | null {
  return fileKey(module.debugId, module.codeId, baseName(module.codeFile));
}
