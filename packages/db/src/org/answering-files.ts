/** The debug files that answer to file keys, with what it takes to hand them out: for the symbol server. */
import { debugFileFeature, debugFileKind } from "@salvage/contracts";
import { storableText } from "../shared/text.ts";
import type { AnsweringFile, OrgDebugFiles } from "./ports.ts";
import type { OrgScope } from "./scope.ts";

/** An executable, its debug file, a .sym and a few uploads of each. */
const maxFiles = 32;

type Row = {
  id: string;
  name: string;
  kind: string;
  debug_id: string | null;
  code_id: string | null;
  cpu: string | null;
  os: string | null;
  features: string[];
  size_bytes: number;
  sha256: string;
  source_blob_key: string;
  symcache_blob_key: string | null;
  being_made: boolean;
  has_unwind: boolean;
};

/** @returns newest first */
export function answeringFiles(scope: OrgScope, fileKeys: readonly string[]): ReturnType<OrgDebugFiles["answering"]> {
  return scope.run(async ({ sql }) => {
    const rows = await sql.rows<Row>(
      `SELECT f.id, f.name, f.kind, f.debug_id, f.code_id, f.cpu, f.os, f.features, f.size_bytes::float8 AS size_bytes, f.sha256, f.source_blob_key,
         f.symcache_blob_key, f.symcache_format_version IS NULL AS being_made, f.has_unwind
       FROM debug_files f
       WHERE f.organization_id = $1::uuid AND f.deleted_at IS NULL
         AND f.id IN (SELECT debug_file_id FROM debug_file_keys WHERE organization_id = $1::uuid AND file_key = ANY ($2::text[]))
       ORDER BY f.ready_at DESC, f.id LIMIT ${maxFiles}`,
      [scope.organizationId, fileKeys.map((key) => storableText(key, 600))],
    );
    return rows.map(answeringFile);
  });
}

function answeringFile(row: Row): AnsweringFile {
  return {
    id: row.id,
    name: row.name,
    kind: debugFileKind.parse(row.kind),
    debugId: row.debug_id,
    codeId: row.code_id,
    cpu: row.cpu,
    os: row.os,
    features: debugFileFeature.array().parse(row.features),
    hasUnwind: row.has_unwind,
    sizeBytes: row.size_bytes,
    sha256: row.sha256,
    sourceBlobKey: row.source_blob_key,
    symcacheBlobKey: row.symcache_blob_key,
    symcacheBeingMade: row.being_made,
  };
}
