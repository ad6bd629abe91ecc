/** Chunks of debug files on their way in, each stored once per organization, and files that are announced, put and committed. */
import type { UploadState } from "@salvage/contracts";
import { only, type Sql, type SqlPool } from "../shared/sql.ts";
import { asUuid, storableText } from "../shared/text.ts";
import type { FileTransfer, NamedFile, StoredChunk, SystemChunks, SystemTransfers, TransferState } from "./chunk-ports.ts";

/** How long the halves of an upload that broke off wait for its next run. */
const keptHours = 24;
/** Chunks of a complete file may be those of the next one, which is being asked about now. */
const releasedHours = 1;
/** How long an ended transfer can be asked about. */
const transferDays = 30;

export function createSystemChunks(pool: SqlPool): SystemChunks {
  return {
    async held(organizationId, sha1s) {
      const rows = await pool.rows<{ sha1: string; size_bytes: number; blob_key: string }>(
        `UPDATE upload_chunks SET expires_at = now() + interval '${keptHours} hours' WHERE organization_id = $1 AND sha1 = ANY ($2::text[])
         RETURNING sha1, size_bytes, blob_key`,
        [organizationId, [...new Set(sha1s)]],
      );
      return new Map(
        rows.map((row): [string, StoredChunk] => [row.sha1, { sha1: row.sha1, sizeBytes: row.size_bytes, blobKey: row.blob_key }]),
      );
    },
    async insert({ id, organizationId, sha1, sizeBytes, blobKey }) {
      const inserted = await pool.run(
        `INSERT INTO upload_chunks (id, organization_id, sha1, size_bytes, blob_key, expires_at) VALUES ($1, $2, $3, $4, $5, now() + interval '${keptHours} hours')
         ON CONFLICT (organization_id, sha1) DO NOTHING`,
        [id, organizationId, sha1, sizeBytes, blobKey],
      );
      return inserted === 1;
    },
    async roomBytes(organizationId) {
      const [row] = await pool.rows<{ room: number | null }>(
        `SELECT (o.storage_quota_bytes - coalesce(u.used_bytes, 0) - (SELECT coalesce(sum(size_bytes), 0) FROM upload_chunks WHERE organization_id = $1))::float8 AS room
         FROM organizations o LEFT JOIN storage_usage u ON u.organization_id = o.id WHERE o.id = $1`,
        [organizationId],
      );
      return row?.room ?? null;
    },
    async release(organizationId, sha1s) {
      await pool.run(
        `UPDATE upload_chunks SET expires_at = least(expires_at, now() + interval '${releasedHours} hours') WHERE organization_id = $1 AND sha1 = ANY ($2::text[])`,
        [organizationId, [...new Set(sha1s)]],
      );
    },
    async removeExpired(limit) {
      await pool.run("DELETE FROM file_transfers WHERE expires_at < now()");
      const rows = await pool.rows<{ blob_key: string }>(
        `DELETE FROM upload_chunks WHERE id IN (SELECT id FROM upload_chunks WHERE expires_at < now() ORDER BY expires_at LIMIT $1 FOR UPDATE SKIP LOCKED)
         RETURNING blob_key`,
        [limit],
      );
      return rows.map((row) => row.blob_key);
    },
  };
}

type NamedRow = {
  id: string;
  state: UploadState;
  reason: string | null;
  size_bytes: number;
  created_at: Date;
  file_id: string | null;
  name: string;
  kind: string;
  debug_id: string | null;
  code_id: string | null;
  cpu: string | null;
  features: string[];
};

/**
 * What each organization's files came to, by the SHA-1 that their senders name them by. A file that was deleted is absent, and so is one
 * refused more than a day ago: the program that refused it may be a newer one by now.
 */
export async function namedFiles(sql: Sql, organizationId: string, sha1s: readonly string[]): Promise<Map<string, NamedFile>> {
  const rows = await sql.rows<NamedRow & { sha1: string }>(
    `SELECT DISTINCT ON (u.sha1) u.sha1, u.id, u.state, u.reason, u.size_bytes, u.created_at,
       f.id AS file_id, f.name, f.kind, f.debug_id, f.code_id, f.cpu, f.features
     FROM debug_file_uploads u LEFT JOIN LATERAL (
       SELECT * FROM debug_files f WHERE f.organization_id = u.organization_id AND f.deleted_at IS NULL AND (f.upload_id = u.id OR f.sha256 = u.sha256)
       ORDER BY f.ready_at, f.id LIMIT 1) f ON u.state = 'ready'
     WHERE u.organization_id = $1 AND u.sha1 = ANY ($2::text[]) AND NOT u.superseded
       AND (u.state <> 'rejected' OR u.finished_at > now() - interval '1 day') AND (u.state <> 'ready' OR f.id IS NOT NULL)
     ORDER BY u.sha1, u.created_at DESC`,
    [organizationId, [...new Set(sha1s)]],
  );
  return new Map(rows.map((row) => [row.sha1, namedFile(row)]));
}

function namedFile(row: NamedRow): NamedFile {
  const { file_id, name, kind, debug_id, code_id, cpu, features } = row;
  return {
    uploadId: row.id,
    state: row.state,
    reason: row.reason,
    sizeBytes: row.size_bytes,
    createdAt: row.created_at,
    debugFile: file_id === null ? null : { id: file_id, name, kind, debugId: debug_id, codeId: code_id, cpu, features },
  };
}

type TransferRow = {
  id: string;
  organization_id: string;
  project_id: string | null;
  actor: string;
  file_name: string;
  symbol_type: string;
  state: TransferState;
  blocks: Record<string, string>;
  chunks: string[];
  upload_id: string | null;
  upload_state: UploadState | null;
  size_bytes: number | null;
  created_at: Date;
  expires_at: Date;
};

const transfers = `SELECT t.id, t.organization_id, t.project_id::text, t.actor, t.file_name, t.symbol_type, t.state, t.blocks, t.chunks, t.upload_id,
    u.state AS upload_state, u.size_bytes, t.created_at, t.expires_at
  FROM file_transfers t LEFT JOIN debug_file_uploads u ON u.id = t.upload_id`;

export function createSystemTransfers(pool: SqlPool): SystemTransfers {
  const one = async (condition: string, values: readonly unknown[]) => {
    const [row] = await pool.rows<TransferRow>(`${transfers} WHERE ${condition}`, values);
    return row === undefined ? null : fileTransfer(row);
  };
  return {
    async insert({ id, organizationId, projectId, actor, fileName, symbolType, secretHash }) {
      await pool.run(
        `INSERT INTO file_transfers (id, organization_id, project_id, actor, file_name, symbol_type, secret_hash, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, now() + interval '${keptHours} hours')`,
        [id, organizationId, projectId, storableText(actor, 200), storableText(fileName, 500), storableText(symbolType, 40), secretHash],
      );
      return fileTransfer(only(await pool.rows<TransferRow>(`${transfers} WHERE t.id = $1`, [id])));
    },
    bySecret: (id, secretHash) => {
      const uuid = asUuid(id);
      if (uuid === null) return Promise.resolve(null);
      return one("t.id = $1 AND t.secret_hash = $2 AND t.state = 'open' AND t.expires_at > now()", [uuid, secretHash]);
    },
    byId: (organizationId, id) => {
      const uuid = asUuid(id);
      return uuid === null ? Promise.resolve(null) : one("t.organization_id = $1 AND t.id = $2", [organizationId, uuid]);
    },
    async list(organizationId, projectId, limit) {
      const rows = await pool.rows<TransferRow>(
        `${transfers} WHERE t.organization_id = $1 AND ($2::bigint IS NULL OR t.project_id = $2::bigint) ORDER BY t.created_at DESC, t.id LIMIT $3`,
        [organizationId, projectId, limit],
      );
      return rows.map(fileTransfer);
    },
    async addBlock(id, blockId, sha1) {
      await pool.run(
        "UPDATE file_transfers SET blocks = blocks || jsonb_build_object($2::text, $3::text) WHERE id = $1 AND state = 'open'",
        [id, storableText(blockId, 200), sha1],
      );
    },
    async setChunks(id, sha1s) {
      await pool.run("UPDATE file_transfers SET chunks = $2::text[] WHERE id = $1 AND state = 'open'", [id, sha1s]);
    },
    async end(id, state, uploadId) {
      const ended = await pool.run(
        `UPDATE file_transfers SET state = $2, upload_id = $3, blocks = '{}', expires_at = now() + interval '${transferDays} days' WHERE id = $1 AND state = 'open'`,
        [id, state, uploadId],
      );
      return ended === 1;
    },
  };
}

function fileTransfer(row: TransferRow): FileTransfer {
  return {
    id: row.id,
    organizationId: row.organization_id,
    projectId: row.project_id,
    actor: row.actor,
    fileName: row.file_name,
    symbolType: row.symbol_type,
    state: row.state,
    blocks: row.blocks,
    chunks: row.chunks,
    uploadId: row.upload_id,
    uploadState: row.upload_state,
    sizeBytes: row.size_bytes,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
  };
}
