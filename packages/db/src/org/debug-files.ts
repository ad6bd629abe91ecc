/** Debug files, uploads and upload tickets. */
import {
  type DebugFileView,
  debugFileFeature,
  debugFileKind,
  fileKey,
  type LookupFileState,
  type UploadSummary,
  type UploadView,
  uploadState,
  uploadVerdict,
} from "@salvage/contracts";
import type { Tx } from "../scope.ts";
import { pageSize, toPage, unpackCursor } from "../shared/page.ts";
import { hashToken, newToken } from "../shared/secrets.ts";
import { asUuid, baseName, containsPattern, storableText } from "../shared/text.ts";
import { answeringFiles } from "./answering-files.ts";
import type { OrgDebugFiles, OrgUploads } from "./ports.ts";
import { findProject, type OrgScope, validIds } from "./scope.ts";

const uploadTicketMinutes = 15;
const recentUploads = 20;
/** Enough for what people drop by hand; an archive's other verdicts are asked for. */
const summaryVerdicts = 6;

type FileRow = {
  id: string;
  file_key: string;
  name: string;
  kind: string;
  debug_id: string | null;
  code_id: string | null;
  cpu: string | null;
  features: string[];
  size_bytes: number;
  lookup_file: LookupFileState;
  actor: string;
  ready_at: Date;
};

export function createOrgDebugFiles(scope: OrgScope): OrgDebugFiles {
  const { organizationId } = scope;
  return {
    list({ search, cursor, limit }) {
      return scope.run(async ({ sql }) => {
        const after = unpackCursor(cursor, "time");
        const size = pageSize(limit);
        const rows = await sql.rows<FileRow>(
          `SELECT f.id, f.file_key, f.name, f.kind, f.debug_id, f.code_id, f.cpu, f.features, f.size_bytes::float8 AS size_bytes, u.actor, f.ready_at,
             CASE WHEN f.symcache_blob_key IS NOT NULL THEN 'ready' WHEN f.symcache_format_version IS NULL THEN 'being_made' ELSE 'impossible' END AS lookup_file
           FROM debug_files f JOIN debug_file_uploads u ON u.id = f.upload_id
           WHERE f.organization_id = $1::uuid AND f.deleted_at IS NULL AND ($2::text IS NULL OR f.name ILIKE $2 OR f.debug_id ILIKE $2 OR f.code_id ILIKE $2)
             AND ($3::timestamptz IS NULL OR (f.ready_at, f.id) < ($3::timestamptz, $4::uuid))
           ORDER BY f.ready_at DESC, f.id DESC LIMIT $5::int`,
          [organizationId, search ? containsPattern(search) : null, after?.value ?? null, after?.id ?? null, size + 1],
        );
        return toPage(rows, size, (row) => ({ value: row.ready_at, id: row.id }), debugFileView);
      });
    },
    coverage({ images }) {
      const keys = images.map(({ debugId, codeId, name }) => [fileKey(debugId, null, name), fileKey(null, codeId, baseName(name))]);
      return scope.run(async ({ sql }) => {
        const rows = await sql.rows<{ file_key: string; names: boolean; unwind: boolean }>(
          `SELECT k.file_key, bool_or(f.has_names) AS names, bool_or(f.has_unwind) AS unwind
           FROM debug_file_keys k JOIN debug_files f ON f.id = k.debug_file_id
           WHERE k.organization_id = $1::uuid AND k.file_key = ANY ($2::text[]) AND f.deleted_at IS NULL GROUP BY k.file_key`,
          [organizationId, [...new Set(keys.flat().filter((key) => key !== null))].map((key) => storableText(key))],
        );
        const byKey = new Map(rows.map((row) => [row.file_key, row]));
        return keys.map((wanted) => {
          const found = wanted.flatMap((key) => (key === null ? [] : (byKey.get(key) ?? [])));
          return { names: found.some(({ names }) => names), unwind: found.some(({ unwind }) => unwind) };
        });
      });
    },
    answering: ({ fileKeys }) => answeringFiles(scope, fileKeys),
    async source({ debugFileId }) {
      const id = asUuid(debugFileId);
      if (id === null) return null;
      const file = await scope.run(({ models }) => models.debugFile.findFirst({ where: { id, organizationId, deletedAt: null } }));
      return file === null ? null : { name: file.name, sizeBytes: Number(file.sizeBytes), sourceBlobKey: file.sourceBlobKey };
    },
    async delete({ debugFileId }) {
      const id = asUuid(debugFileId);
      if (id === null) return "not found";
      return scope.run(async (tx) => {
        const file = await tx.models.debugFile.findFirst({ where: { id, organizationId, deletedAt: null } });
        if (file === null) return "not found";
        await tx.models.debugFile.updateMany({ where: { id, organizationId }, data: { deletedAt: new Date() } });
        // The same bytes may come again.
        await tx.models.debugFileUpload.updateMany({ where: { organizationId, debugFiles: { some: { id } } }, data: { superseded: true } });
        await scope.audit(tx, "debug_file.delete", file.name, { fileKey: file.fileKey });
        return "done";
      });
    },
  };
}

export function createOrgUploads(scope: OrgScope): OrgUploads {
  const { organizationId, actor } = scope;
  return {
    ticket({ projectSlug }) {
      return scope.run(async (tx) => {
        const project = projectSlug === undefined ? null : await findProject(scope, tx, projectSlug);
        if (projectSlug !== undefined && project === null) return "not found";
        const ticket = newToken();
        const expiresAt = new Date(Date.now() + uploadTicketMinutes * 60_000);
        await tx.models.apiToken.create({
          data: {
            organizationId,
            kind: "upload_ticket",
            name: "upload",
            tokenHash: hashToken(ticket),
            hint: ticket.slice(-4),
            scopes: ["debug-file:write"],
            projectId: project?.id ?? null,
            createdBy: scope.label,
            createdByUserId: actor.kind === "member" ? actor.userId : null,
            expiresAt,
          },
        });
        return { ticket, expiresAt: expiresAt.toISOString() };
      });
    },
    held({ files }) {
      return scope.run(async ({ sql }) => {
        const rows = await sql.rows<{ index: number; id: string; state: string }>(
          `SELECT DISTINCT ON (asked.place) (asked.place - 1)::int AS index, u.id, u.state
           FROM unnest($2::text[], $3::text[]) WITH ORDINALITY AS asked(sha256, name, place)
           JOIN debug_file_uploads u ON u.organization_id = $1::uuid AND u.sha256 = asked.sha256 AND u.file_name = asked.name
           WHERE u.state <> 'rejected' AND NOT u.superseded ORDER BY asked.place, u.created_at DESC`,
          [organizationId, files.map(({ sha256 }) => storableText(sha256, 64)), files.map(({ name }) => storableText(name, 500))],
        );
        return rows.map(({ index, id, state }) => ({ index, uploadId: id, state: uploadState.parse(state) }));
      });
    },
    async byId({ uploadId }) {
      const id = asUuid(uploadId);
      if (id === null) return null;
      const rows = await scope.run((tx) =>
        tx.sql.rows<UploadRow & { verdicts: unknown }>(
          `SELECT ${uploadColumns}, u.verdicts FROM ${uploadTables} WHERE u.organization_id = $1::uuid AND u.id = $2::uuid`,
          [organizationId, id],
        ),
      );
      return rows[0] === undefined ? null : uploadView(rows[0]);
    },
    byIds({ uploadIds }) {
      return scope.run((tx) =>
        summaries(tx, "u.organization_id = $1::uuid AND u.id = ANY ($2::uuid[])", [organizationId, validIds(uploadIds)]),
      );
    },
    recent() {
      return scope.run((tx) =>
        summaries(tx, `u.organization_id = $1::uuid ORDER BY u.created_at DESC, u.id DESC LIMIT ${recentUploads}`, [organizationId]),
      );
    },
  };
}

type UploadRow = {
  id: string;
  file_name: string;
  size_bytes: number;
  state: string;
  reason: string | null;
  created_at: Date;
  finished_at: Date | null;
  done: number;
  total: number;
};

const uploadColumns =
  "u.id, u.file_name, u.size_bytes::float8 AS size_bytes, u.state, u.reason, u.created_at, u.finished_at, n.done, n.total";
const uploadTables = `debug_file_uploads u CROSS JOIN LATERAL (
  SELECT coalesce(sum(a.done), 0)::int AS done, coalesce(sum(a.total), 0)::int AS total FROM arrival_progress a
  WHERE a.organization_id = u.organization_id AND a.file_key IN (SELECT k.file_key FROM debug_files f JOIN debug_file_keys k ON k.debug_file_id = f.id WHERE f.upload_id = u.id)) n`;

async function summaries(tx: Tx, condition: string, values: readonly unknown[]): Promise<UploadSummary[]> {
  const rows = await tx.sql.rows<UploadRow & { verdicts: unknown; actor: string; ready: number; duplicate: number; rejected: number }>(
    `SELECT ${uploadColumns}, u.actor, jsonb_path_query_array(u.verdicts, '$[0 to ${summaryVerdicts - 1}]') AS verdicts,
       ${["ready", "duplicate", "rejected"].map((state) => `jsonb_array_length(jsonb_path_query_array(u.verdicts, '$[*] ? (@.state == "${state}")')) AS ${state}`).join(", ")}
     FROM ${uploadTables} WHERE ${condition}`,
    values,
  );
  return rows.map((row) => ({
    ...uploadView(row),
    uploadedBy: row.actor,
    counts: { ready: row.ready, duplicate: row.duplicate, rejected: row.rejected },
  }));
}

function uploadView(row: UploadRow & { verdicts: unknown }): UploadView {
  return {
    id: row.id,
    fileName: row.file_name,
    sizeBytes: row.size_bytes,
    state: uploadState.parse(row.state),
    reason: row.reason,
    verdicts: uploadVerdict.array().parse(row.verdicts),
    createdAt: row.created_at.toISOString(),
    finishedAt: row.finished_at?.toISOString() ?? null,
    upgraded: { done: row.done, total: row.total },
  };
}

function debugFileView(row: FileRow): DebugFileView {
  return {
    id: row.id,
    fileKey: row.file_key,
    name: row.name,
    kind: debugFileKind.parse(row.kind),
    debugId: row.debug_id,
    codeId: row.code_id,
    cpu: row.cpu,
    features: debugFileFeature.array().parse(row.features),
    sizeBytes: row.size_bytes,
    lookupFile: row.lookup_file,
    uploadedBy: row.actor,
    uploadedAt: row.ready_at.toISOString(),
  };
}
