/** Uploads of debug files, and publishing what an import made of them. */
import { createHash } from "node:crypto";
import { fileKey, type UploadState, type UploadVerdict } from "@salvage/contracts";
import { only, type Sql, type SqlPool } from "../shared/sql.ts";
import { baseName, storableJson, storableText, storableTextOrNull } from "../shared/text.ts";
import { countWaiting, writeProgress } from "./arrivals.ts";
import type { PublishedDebugFile, PublishOutcome, SystemDebugFiles, SystemUploads } from "./ports.ts";

type UploadRow = {
  id: string;
  organization_id: string;
  project_id: string | null;
  actor: string;
  file_name: string;
  blob_key: string;
  size_bytes: number;
  sha256: string;
  state: UploadState;
  verdicts: UploadVerdict[];
};

export function createSystemUploads(pool: SqlPool): SystemUploads {
  return {
    insertReceived(upload) {
      return pool.transaction(async (sql) => {
        await sql.rows("SELECT pg_advisory_xact_lock($1)", [lockOf(upload.organizationId, upload.sha256)]);
        const fileName = storableText(upload.fileName, 500);
        const [same] = await sql.rows<{ id: string }>(
          `SELECT id FROM debug_file_uploads WHERE organization_id = $1 AND sha256 = $2 AND file_name = $3 AND state <> 'rejected' AND NOT superseded
           ORDER BY created_at DESC LIMIT 1`,
          [upload.organizationId, upload.sha256, fileName],
        );
        if (same !== undefined) return { uploadId: same.id, duplicate: true };
        await sql.run(
          `INSERT INTO debug_file_uploads (id, organization_id, project_id, actor, file_name, blob_key, size_bytes, sha256) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
          [
            upload.id,
            upload.organizationId,
            upload.projectId,
            storableText(upload.actor, 200),
            fileName,
            upload.blobKey,
            upload.sizeBytes,
            upload.sha256,
          ],
        );
        await countBytes(sql, upload.organizationId, upload.sizeBytes);
        return { uploadId: upload.id, duplicate: false };
      });
    },
    async byId(uploadId) {
      const [row] = await pool.rows<UploadRow>(
        `SELECT id, organization_id, project_id::text, actor, file_name, blob_key, size_bytes, sha256, state, verdicts FROM debug_file_uploads WHERE id = $1`,
        [uploadId],
      );
      if (row === undefined) return null;
      return {
        id: row.id,
        organizationId: row.organization_id,
        projectId: row.project_id,
        actor: row.actor,
        fileName: row.file_name,
        blobKey: row.blob_key,
        sizeBytes: row.size_bytes,
        sha256: row.sha256,
        state: row.state,
        verdicts: row.verdicts,
      };
    },
    async storageRoomBytes(organizationId) {
      const [row] = await pool.rows<{ room: number | null }>(
        `SELECT o.storage_quota_bytes - coalesce(u.used_bytes, 0) AS room FROM organizations o
         LEFT JOIN storage_usage u ON u.organization_id = o.id WHERE o.id = $1`,
        [organizationId],
      );
      return row?.room ?? null;
    },
    async setState(uploadId, { state, reason, verdicts }) {
      await pool.run(
        `UPDATE debug_file_uploads SET state = $2, reason = CASE WHEN $3 THEN $4 ELSE reason END, verdicts = coalesce($5::jsonb, verdicts), updated_at = now(),
           finished_at = CASE WHEN $2 IN ('ready', 'rejected') THEN coalesce(finished_at, now()) ELSE NULL END
         WHERE id = $1`,
        [
          uploadId,
          state,
          reason !== undefined,
          storableTextOrNull(reason ?? null, 1000),
          verdicts === undefined ? null : storableJson(verdicts),
        ],
      );
    },
  };
}

export function createSystemDebugFiles(pool: SqlPool): SystemDebugFiles {
  return {
    async publish(file) {
      const key = fileKey(file.debugId, file.codeId, baseName(file.name));
      if (key === null) return { outcome: "no ids" };
      const outcome = await pool.transaction((sql) => publish(sql, file, key));
      // Counted after the commit, like intake's second look: whoever missed the file is seen here.
      const waitingCrashes = await countWaiting(pool, file.organizationId, key);
      if (outcome.outcome === "published" && waitingCrashes > 0) await writeProgress(pool, file.organizationId, key, 0, waitingCrashes);
      return { ...outcome, fileKey: key, waitingCrashes };
    },
    setSymcache(organizationId, debugFileId, symcache) {
      return pool.transaction(async (sql) => {
        const [old] = await sql.rows<{ blob_key: string | null; size_bytes: number }>(
          `SELECT symcache_blob_key AS blob_key, symcache_size_bytes::float8 AS size_bytes FROM debug_files
           WHERE organization_id = $1 AND id = $2 AND deleted_at IS NULL FOR UPDATE`,
          [organizationId, debugFileId],
        );
        if (old === undefined) return { stored: false, replacedBlobKey: null };
        await sql.run(
          `UPDATE debug_files SET symcache_blob_key = $3, symcache_format_version = $4, symcache_size_bytes = $5 WHERE organization_id = $1 AND id = $2`,
          [organizationId, debugFileId, symcache.blobKey, symcache.formatVersion, symcache.sizeBytes],
        );
        await countBytes(sql, organizationId, symcache.sizeBytes - old.size_bytes);
        return { stored: true, replacedBlobKey: old.blob_key === symcache.blobKey ? null : old.blob_key };
      });
    },
    withOldSymcaches: (formatVersion, limit) =>
      pool.rows(
        `SELECT f.id AS "debugFileId", f.organization_id AS "organizationId", f.source_blob_key AS "sourceBlobKey", f.debug_id AS "debugId"
         FROM debug_files f JOIN debug_file_uploads u ON u.id = f.upload_id
         WHERE f.deleted_at IS NULL AND f.symcache_format_version IS DISTINCT FROM $1 AND u.state = 'ready' ORDER BY f.ready_at, f.id LIMIT $2`,
        [formatVersion, limit],
      ),
  };
}

async function publish(
  sql: Sql,
  file: PublishedDebugFile,
  key: string,
): Promise<{ outcome: Exclude<PublishOutcome["outcome"], "no ids">; debugFileId: string }> {
  const inserted = await sql.run(
    `INSERT INTO debug_files (id, organization_id, upload_id, file_key, name, kind, debug_id, code_id, cpu, os, features, size_bytes, sha256, source_blob_key,
       symcache_blob_key, symcache_format_version, symcache_size_bytes, has_names, has_unwind, ready_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, clock_timestamp())
     ON CONFLICT (organization_id, sha256) WHERE deleted_at IS NULL DO NOTHING`,
    [
      file.id,
      file.organizationId,
      file.uploadId,
      key,
      storableText(file.name, 500),
      file.kind,
      file.debugId,
      file.codeId,
      file.cpu,
      file.os,
      file.features,
      file.sizeBytes,
      file.sha256,
      file.sourceBlobKey,
      file.symcache?.blobKey ?? null,
      file.symcache?.formatVersion ?? null,
      file.symcache?.sizeBytes ?? 0,
      file.hasNames,
      file.hasUnwind,
    ],
  );
  if (inserted === 0) {
    const { id } = only(
      await sql.rows<{ id: string }>("SELECT id FROM debug_files WHERE organization_id = $1 AND sha256 = $2 AND deleted_at IS NULL", [
        file.organizationId,
        file.sha256,
      ]),
    );
    // The activity ran before and its answer was lost: its own row is no duplicate.
    return { outcome: id === file.id ? "published" : "duplicate", debugFileId: id };
  }
  const { own_blob } = only(
    await sql.rows<{ own_blob: boolean }>("SELECT blob_key <> $2 AS own_blob FROM debug_file_uploads WHERE id = $1", [
      file.uploadId,
      file.sourceBlobKey,
    ]),
  );
  await sql.run(
    `UPDATE missing_files SET state = 'found', found_at = now()
     WHERE organization_id = $1 AND file_key = $2 AND state = 'open' AND (needs = 'unwind' OR $3) AND (needs = 'names' OR $4)`,
    [file.organizationId, key, file.hasNames, file.hasUnwind],
  );
  await countBytes(sql, file.organizationId, (own_blob ? file.sizeBytes : 0) + (file.symcache?.sizeBytes ?? 0));
  return { outcome: "published", debugFileId: file.id };
}

/** Adds to (or takes from) the organization's stored bytes; last in a transaction, since every intake wants the row. */
export async function countBytes(sql: Sql, organizationId: string, bytes: number): Promise<void> {
  if (bytes !== 0) {
    await sql.run("UPDATE storage_usage SET used_bytes = greatest(0, used_bytes + $2::bigint) WHERE organization_id = $1", [
      organizationId,
      bytes,
    ]);
  }
}

function lockOf(organizationId: string, sha256: string): bigint {
  return createHash("sha256").update(`${organizationId} upload ${sha256}`).digest().readBigInt64BE(0);
}
