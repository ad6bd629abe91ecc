/** Uploads of debug files, and publishing what an import made of them. */
import { createHash } from "node:crypto";
import { fileKey, type UploadState, type UploadVerdict } from "@salvage/contracts";
import { only, type Sql, type SqlPool } from "../shared/sql.ts";
import { baseName, storableJson, storableText, storableTextOrNull } from "../shared/text.ts";
import { countWaiting, writeProgress } from "./arrivals.ts";
import { namedFiles } from "./chunks.ts";
import type { AwaitedKey, PublishedDebugFile, PublishOutcome, SystemDebugFiles, SystemUploads } from "./ports.ts";

/** Files of one debug id that take each other's keys: an executable, its debug file, a few uploads of each. */
const maxFilesOfImage = 32;
/** One executable under several names makes several keys; whoever makes more is renaming files on purpose. */
const maxKeysOfImage = 32;

type UploadRow = {
  id: string;
  organization_id: string;
  project_id: string | null;
  actor: string;
  file_name: string;
  blob_key: string;
  size_bytes: number;
  sha256: string;
  claimed_debug_id: string | null;
  state: UploadState;
  verdicts: UploadVerdict[];
};

export function createSystemUploads(pool: SqlPool): SystemUploads {
  return {
    insertReceived(upload) {
      return pool.transaction(async (sql) => {
        await sql.rows("SELECT pg_advisory_xact_lock($1)", [lockOf(upload.organizationId, "upload", upload.sha256)]);
        const fileName = storableText(upload.fileName, 500);
        const [same] = await sql.rows<{ id: string }>(
          `SELECT id FROM debug_file_uploads WHERE organization_id = $1 AND sha256 = $2 AND file_name = $3 AND state <> 'rejected' AND NOT superseded
           ORDER BY created_at DESC LIMIT 1`,
          [upload.organizationId, upload.sha256, fileName],
        );
        if (same !== undefined) {
          if (typeof upload.sha1 === "string")
            await sql.run("UPDATE debug_file_uploads SET sha1 = $2 WHERE id = $1", [same.id, upload.sha1]);
          return { uploadId: same.id, duplicate: true };
        }
        await sql.run(
          `INSERT INTO debug_file_uploads (id, organization_id, project_id, actor, file_name, blob_key, size_bytes, sha256, sha1, claimed_debug_id)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
          [
            upload.id,
            upload.organizationId,
            upload.projectId,
            storableText(upload.actor, 200),
            fileName,
            upload.blobKey,
            upload.sizeBytes,
            upload.sha256,
            upload.sha1 ?? null,
            upload.claimedDebugId ?? null,
          ],
        );
        await countBytes(sql, upload.organizationId, upload.sizeBytes);
        return { uploadId: upload.id, duplicate: false };
      });
    },
    async byId(uploadId) {
      const [row] = await pool.rows<UploadRow>(
        `SELECT id, organization_id, project_id::text, actor, file_name, blob_key, size_bytes, sha256, claimed_debug_id, state, verdicts
         FROM debug_file_uploads WHERE id = $1`,
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
        claimedDebugId: row.claimed_debug_id,
        state: row.state,
        verdicts: row.verdicts,
      };
    },
    bySha1: (organizationId, sha1s) => namedFiles(pool, organizationId, sha1s),
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
      const own = ownKeys(file);
      const [first] = own;
      if (first === undefined) return { outcome: "no ids" };
      const { fileKeys, ...outcome } = await pool.transaction((sql) => publish(sql, file, first, own));
      const keys: AwaitedKey[] = [];
      for (const fileKey of fileKeys) {
        // Counted after the commit, like intake's second look: whoever missed the file is seen here.
        const waitingCrashes = await countWaiting(pool, file.organizationId, fileKey);
        if (outcome.outcome === "published" && waitingCrashes > 0)
          await writeProgress(pool, file.organizationId, fileKey, 0, waitingCrashes);
        keys.push({ fileKey, waitingCrashes });
      }
      return { ...outcome, keys };
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
         WHERE f.deleted_at IS NULL AND f.kind <> 'sourcebundle' AND f.symcache_format_version IS DISTINCT FROM $1 AND u.state = 'ready' ORDER BY f.ready_at, f.id LIMIT $2`,
        [formatVersion, limit],
      ),
  };
}

async function publish(
  sql: Sql,
  file: PublishedDebugFile,
  key: string,
  own: readonly string[],
): Promise<{ outcome: Exclude<PublishOutcome["outcome"], "no ids">; debugFileId: string; fileKeys: string[] }> {
  // An executable and its PDB that come at once must see each other.
  if (file.debugId !== null) await sql.rows("SELECT pg_advisory_xact_lock($1)", [lockOf(file.organizationId, "image", file.debugId)]);
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
    // The same bytes under another name answer to that name, too.
    await addKeys(sql, { ...file, id }, own);
    // The activity ran before and its answer was lost: its own row is no duplicate.
    return { outcome: id === file.id ? "published" : "duplicate", debugFileId: id, fileKeys: await keysOf(sql, id) };
  }
  const { own_blob } = only(
    await sql.rows<{ own_blob: boolean }>("SELECT blob_key <> $2 AS own_blob FROM debug_file_uploads WHERE id = $1", [
      file.uploadId,
      file.sourceBlobKey,
    ]),
  );
  await addKeys(sql, file, own);
  const fileKeys = await keysOf(sql, file.id);
  await sql.run(
    `UPDATE missing_files m SET state = 'found', found_at = now()
     WHERE m.organization_id = $1 AND m.file_key = ANY ($2::text[]) AND m.state = 'open'
       AND (m.needs = 'unwind' OR EXISTS (SELECT 1 FROM ${filesOfKey} AND f.has_names)) AND (m.needs = 'names' OR EXISTS (SELECT 1 FROM ${filesOfKey} AND f.has_unwind))`,
    [file.organizationId, fileKeys],
  );
  await countBytes(sql, file.organizationId, (own_blob ? file.sizeBytes : 0) + (file.symcache?.sizeBytes ?? 0));
  return { outcome: "published", debugFileId: file.id, fileKeys };
}

/** Ready files that answer to missing file m's key. */
const filesOfKey = `debug_file_keys k JOIN debug_files f ON f.id = k.debug_file_id
  WHERE k.organization_id = m.organization_id AND k.file_key = m.file_key AND f.deleted_at IS NULL`;

/** The keys of a file by itself, the one it is listed by first: by debug id, and by code id and the code file's name; and by the debug id that it states itself. */
function ownKeys({ debugId, statedDebugId, codeId, codeFile }: PublishedDebugFile): string[] {
  const name = baseName(codeFile);
  const keys = [fileKey(debugId, codeId, name), fileKey(null, codeId, name), fileKey(statedDebugId ?? null, null, name)];
  return [...new Set(keys.filter((key) => key !== null))].map((key) => storableText(key, 600));
}

/** A file answers to its own keys, and all files of one debug id to each other's. */
async function addKeys(sql: Sql, { id, organizationId, debugId }: PublishedDebugFile, own: readonly string[]): Promise<void> {
  await sql.run(
    `INSERT INTO debug_file_keys (debug_file_id, organization_id, file_key, added_at)
     SELECT $1, $2, key, clock_timestamp() FROM unnest($3::text[]) key ON CONFLICT DO NOTHING`,
    [id, organizationId, own],
  );
  if (debugId === null) return;
  await sql.run(
    `WITH image AS (SELECT id FROM debug_files WHERE organization_id = $1 AND debug_id = $2 AND deleted_at IS NULL ORDER BY ready_at DESC LIMIT ${maxFilesOfImage})
     INSERT INTO debug_file_keys (debug_file_id, organization_id, file_key, added_at)
     SELECT image.id, $1, keys.file_key, clock_timestamp() FROM image,
       (SELECT DISTINCT k.file_key FROM debug_file_keys k JOIN image i ON i.id = k.debug_file_id ORDER BY 1 LIMIT ${maxKeysOfImage}) keys
     ON CONFLICT DO NOTHING`,
    [organizationId, debugId],
  );
}

async function keysOf(sql: Sql, debugFileId: string): Promise<string[]> {
  const rows = await sql.rows<{ file_key: string }>("SELECT file_key FROM debug_file_keys WHERE debug_file_id = $1 ORDER BY 1", [
    debugFileId,
  ]);
  return rows.map((row) => row.file_key);
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

function lockOf(organizationId: string, what: "upload" | "image", id: string): bigint {
  return createHash("sha256").update(`${organizationId} ${what} ${id}`).digest().readBigInt64BE(0);
}
