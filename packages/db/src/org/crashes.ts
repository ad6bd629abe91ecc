/** Crashes: lists, one in full, what may be done to it. A deleted crash is gone for everybody at once. */
import { randomUUID } from "node:crypto";
import {
  type CrashDetail,
  type CrashSummary,
  crashState,
  dumpDeletedReason,
  dumpState,
  fileNeed,
  missingFileState,
  revisionKind,
} from "@salvage/contracts";
import type { Tx } from "../scope.ts";
import { pageSize, toPage, unpackCursor } from "../shared/page.ts";
import { hashToken, newToken } from "../shared/secrets.ts";
import { asUuid } from "../shared/text.ts";
import { crashIds } from "./crash-search.ts";
import type { OrgCrashes } from "./ports.ts";
import { findProject, type OrgScope } from "./scope.ts";

const dumpTicketSeconds = 60;

type SummaryRow = {
  id: string;
  project_id: string;
  issue_id: string | null;
  state: string;
  signature: string | null;
  crash_reason: string | null;
  os: string | null;
  cpu: string | null;
  release: string | null;
  environment: string | null;
  received_at: Date;
  finished_at: Date | null;
  revision: number;
  missing_count: number;
};

type DetailRow = SummaryRow & {
  project_slug: string;
  rejection_reason: string | null;
  rejection_offset: number | null;
  given_up_at: Date | null;
  last_failure: string | null;
  dump_state: string;
  dump_size_bytes: number;
  sha256: string;
  dump_delete_after: Date | null;
  dump_deleted_at: Date | null;
  dump_deleted_reason: string | null;
  extra: Record<string, unknown>;
  tags: Record<string, string>;
  user_label: string | null;
  event_id: string | null;
  dist: string | null;
  contexts: CrashDetail["contexts"];
  breadcrumbs: CrashDetail["breadcrumbs"];
  intake_notes: string[];
  report_blob_key: string | null;
};

const columns = `c.id, c.project_id::text, c.issue_id, c.state, c.signature, c.crash_reason, c.os, c.cpu, c.release, c.environment, c.received_at, c.finished_at,
  c.revision, c.missing_count`;

/** Crash $1 of organization $2, as long as neither it nor its project was deleted. */
const living =
  "FROM crashes c JOIN projects p ON p.id = c.project_id WHERE c.id = $1::uuid AND c.organization_id = $2::uuid AND c.deleted_at IS NULL AND p.deleted_at IS NULL";

export function createOrgCrashes(scope: OrgScope): OrgCrashes {
  const { organizationId } = scope;
  const one = async <Row>(tx: Tx, crashId: string, select: string, suffix = ""): Promise<Row | null> => {
    const id = asUuid(crashId);
    if (id === null) return null;
    const [row] = await tx.sql.rows<Row>(`SELECT ${select} ${living} ${suffix}`, [id, organizationId]);
    return row ?? null;
  };

  return {
    list({ projectSlug, issueId, state, search, cursor, limit }) {
      return scope.run(async (tx) => {
        const project = await findProject(scope, tx, projectSlug);
        if (project === null) return null;
        const asked = issueId === undefined ? null : asUuid(issueId);
        if (issueId !== undefined && asked === null) return { items: [], next: null };
        const issue = asked === null ? null : await redirected(tx, organizationId, asked);
        const after = unpackCursor(cursor, "time");
        const size = pageSize(limit);
        const ids = await crashIds(tx.sql, {
          projectId: project.id,
          organizationId,
          issueId: issue,
          state: state ?? null,
          search: search?.trim() ?? "",
          after,
          limit: size + 1,
        });
        const rows = await tx.sql.rows<SummaryRow>(
          `SELECT ${columns} FROM crashes c WHERE c.id = ANY ($1::uuid[]) AND c.deleted_at IS NULL ORDER BY c.received_at DESC, c.id DESC`,
          [ids],
        );
        return toPage(rows, size, (row) => ({ value: row.received_at, id: row.id }), crashSummary);
      });
    },

    byId({ crashId }) {
      return scope.run(async (tx) => {
        const row = await one<DetailRow>(
          tx,
          crashId,
          `${columns}, p.slug AS project_slug, c.rejection_reason, c.rejection_offset::float8 AS rejection_offset, c.given_up_at, c.last_failure, c.dump_state,
           c.dump_size_bytes::float8 AS dump_size_bytes, c.sha256, c.dump_delete_after, c.dump_deleted_at, c.dump_deleted_reason, c.extra, c.tags, c.user_label, c.event_id, c.dist, c.contexts,
           c.breadcrumbs, c.intake_notes,
           c.report_blob_key`,
        );
        if (row === null) return null;
        const missing = await tx.models.crashMissingFile.findMany({
          where: { crashId: row.id, organizationId },
          include: { missingFile: { select: { id: true, name: true, state: true } } },
          orderBy: [{ own: "desc" }, { fileKey: "asc" }],
        });
        const reports = await tx.models.report.findMany({ where: { crashId: row.id, organizationId }, orderBy: { revision: "asc" } });
        const attachments = await tx.models.crashAttachment.findMany({
          where: { crashId: row.id, organizationId },
          select: { id: true, fileName: true, contentType: true, sizeBytes: true },
          orderBy: [{ fileName: "asc" }, { id: "asc" }],
        });
        const feedback = await tx.sql.rows<FeedbackRow>(
          `SELECT name, email, comments, received_at FROM crash_feedback
           WHERE organization_id = $1::uuid AND project_id = $2::bigint AND event_id = ANY ($3::uuid[]) ORDER BY received_at, id`,
          [organizationId, row.project_id, [row.id, asUuid(row.event_id ?? "")].filter((id) => id !== null)],
        );
        return crashDetail(row, { missing, reports, attachments, feedback });
      });
    },

    reportBlob({ crashId }) {
      return scope.run(async (tx) => {
        const row = await one<{ report_blob_key: string | null; revision: number }>(tx, crashId, "c.report_blob_key, c.revision");
        return row === null || row.report_blob_key === null ? null : { blobKey: row.report_blob_key, revision: row.revision };
      });
    },

    status({ crashId }) {
      return scope.run(async (tx) => {
        const row = await one<{ state: string; revision: number; missing_count: number }>(
          tx,
          crashId,
          "c.state, c.revision, c.missing_count",
        );
        return row === null ? null : { state: crashState.parse(row.state), revision: row.revision, missingFiles: row.missing_count };
      });
    },

    processAgain({ crashId }) {
      return scope.run(async (tx) => {
        const row = await one<{ id: string; project_id: string; dump_state: string; revision: number }>(
          tx,
          crashId,
          "c.id, c.project_id::text, c.dump_state, c.revision",
          "FOR UPDATE OF c",
        );
        if (row === null) return "not found";
        if (row.dump_state === "deleted" && row.revision === 0) return "nothing to process";
        // One that waits for its first report keeps its place. After the claim's time, though this transaction may have begun before it.
        await tx.sql.run(
          `UPDATE crashes SET queued_at = CASE WHEN revision = 0 AND queued_at IS NOT NULL THEN queued_at
               ELSE greatest(now(), claimed_at + interval '1 millisecond') END, deaths = 0, deaths_alone = 0, last_failure = NULL, given_up_at = NULL,
             state = CASE state WHEN 'rejected' THEN 'received' ELSE state END,
             finished_at = CASE WHEN revision = 0 THEN NULL ELSE finished_at END,
             dump_delete_after = CASE WHEN revision = 0 THEN NULL ELSE dump_delete_after END,
             rejection_reason = NULL, rejection_offset = NULL WHERE id = $1::uuid`,
          [row.id],
        );
        await scope.audit(tx, "crash.process_again", row.id);
        return { projectId: row.project_id };
      });
    },

    delete({ crashId }) {
      return scope.run(async (tx) => {
        const row = await one<{ id: string; issue_id: string | null }>(tx, crashId, "c.id, c.issue_id", "FOR UPDATE OF c");
        if (row === null) return "not found";
        await tx.sql.run("UPDATE crashes SET deleted_at = now(), queued_at = NULL, issue_id = NULL WHERE id = $1::uuid", [row.id]);
        if (row.issue_id !== null) {
          await tx.sql.run("UPDATE issues SET crash_count = greatest(0, crash_count - 1) WHERE id = $1::uuid", [row.issue_id]);
        }
        await tx.sql.run(
          `WITH closed AS (UPDATE crash_missing_files SET open = false, closed_at = now() WHERE crash_id = $1::uuid AND open RETURNING missing_file_id),
           locked AS (SELECT id FROM missing_files WHERE id IN (SELECT missing_file_id FROM closed) ORDER BY file_key FOR UPDATE)
           UPDATE missing_files m SET waiting_crashes = greatest(0, waiting_crashes - 1) FROM locked WHERE m.id = locked.id`,
          [row.id],
        );
        await scope.audit(tx, "crash.delete", row.id);
        return "done";
      });
    },

    dumpTicket({ crashId }) {
      return scope.run(async (tx) => {
        const row = await one<{ id: string; dump_state: string }>(tx, crashId, "c.id, c.dump_state");
        if (row === null) return "not found";
        if (row.dump_state !== "held") return "no dump";
        const ticket = newToken();
        const expiresAt = new Date(Date.now() + dumpTicketSeconds * 1000);
        await tx.models.apiToken.create({
          data: {
            id: randomUUID(),
            organizationId,
            kind: "dump_ticket",
            name: "dump",
            tokenHash: hashToken(ticket),
            hint: ticket.slice(-4),
            scopes: ["dump:download"],
            crashId: row.id,
            createdBy: scope.label,
            createdByUserId: scope.actor.kind === "member" ? scope.actor.userId : null,
            expiresAt,
          },
        });
        await scope.audit(tx, "dump.ticket", row.id);
        return { ticket, expiresAt: expiresAt.toISOString() };
      });
    },

    dumpForDownload({ crashId }) {
      return scope.run(async (tx) => {
        const row = await one<{
          id: string;
          project_id: string;
          dump_state: string;
          dump_blob_key: string;
          dump_wrapped_key: Uint8Array | null;
          dump_key_id: string;
          dump_size_bytes: number;
          sha256: string;
        }>(
          tx,
          crashId,
          "c.id, c.project_id::text, c.dump_state, c.dump_blob_key, c.dump_wrapped_key, c.dump_key_id, c.dump_size_bytes::float8 AS dump_size_bytes, c.sha256",
        );
        if (row === null) return "not found";
        if (row.dump_state !== "held" || row.dump_wrapped_key === null) return "no dump";
        await scope.audit(tx, "dump.download", row.id);
        return {
          organizationId,
          projectId: row.project_id,
          crashId: row.id,
          blobKey: row.dump_blob_key,
          wrappedKey: row.dump_wrapped_key,
          keyId: row.dump_key_id,
          sizeBytes: row.dump_size_bytes,
          sha256: row.sha256,
        };
      });
    },

    attachmentForDownload({ crashId, attachmentId }) {
      return scope.run(async (tx) => {
        const id = asUuid(attachmentId);
        const row = await one<{ id: string; project_id: string; dump_state: string }>(
          tx,
          crashId,
          "c.id, c.project_id::text, c.dump_state",
        );
        if (row === null || id === null) return "not found";
        if (row.dump_state !== "held") return "no dump";
        const file = await tx.models.crashAttachment.findFirst({
          where: { id, crashId: row.id, organizationId },
          select: { fileName: true, blobKey: true, wrappedKey: true, keyId: true, sizeBytes: true },
        });
        if (file === null) return "not found";
        await scope.audit(tx, "attachment.download", row.id, { file: file.fileName });
        return { ...file, organizationId, projectId: row.project_id, crashId: row.id, sizeBytes: Number(file.sizeBytes) };
      });
    },
  };
}

/** The issue itself, or the one that it became part of. */
async function redirected(tx: Tx, organizationId: string, issueId: string): Promise<string> {
  const [row] = await tx.sql.rows<{ to_issue_id: string }>(
    "SELECT to_issue_id FROM issue_redirects WHERE from_issue_id = $1::uuid AND organization_id = $2::uuid",
    [issueId, organizationId],
  );
  return row?.to_issue_id ?? issueId;
}

function crashSummary(row: SummaryRow): CrashSummary {
  return {
    id: row.id,
    projectId: row.project_id,
    issueId: row.issue_id,
    state: crashState.parse(row.state),
    signature: row.signature,
    crashReason: row.crash_reason,
    os: row.os,
    cpu: row.cpu,
    release: row.release,
    environment: row.environment,
    receivedAt: row.received_at.toISOString(),
    finishedAt: row.finished_at?.toISOString() ?? null,
    revision: row.revision,
    missingFiles: row.missing_count,
  };
}

type MissingRow = { fileKey: string; needs: string; own: boolean; open: boolean; missingFile: { id: string; name: string; state: string } };
type ReportRow = { revision: number; kind: string; createdAt: Date };

type FeedbackRow = { name: string | null; email: string | null; comments: string | null; received_at: Date };

type AttachmentRow = { id: string; fileName: string; contentType: string | null; sizeBytes: bigint };
type Beside = {
  missing: readonly MissingRow[];
  reports: readonly ReportRow[];
  attachments: readonly AttachmentRow[];
  feedback: readonly FeedbackRow[];
};

function crashDetail(row: DetailRow, { missing, reports, attachments, feedback }: Beside): CrashDetail {
  return {
    ...crashSummary(row),
    projectSlug: row.project_slug,
    rejection: row.rejection_reason === null ? null : { reason: row.rejection_reason, offset: row.rejection_offset },
    givenUp: row.given_up_at === null ? null : { reason: row.last_failure },
    dump: {
      state: dumpState.parse(row.dump_state),
      sizeBytes: row.dump_size_bytes,
      sha256: row.sha256,
      deleteAfter: row.dump_delete_after?.toISOString() ?? null,
      deletedAt: row.dump_deleted_at?.toISOString() ?? null,
      deletedReason: dumpDeletedReason.nullable().parse(row.dump_deleted_reason),
    },
    attachments: attachments.map((file) => ({ ...file, sizeBytes: Number(file.sizeBytes) })),
    extra: row.extra,
    tags: row.tags,
    user: row.user_label,
    dist: row.dist,
    contexts: row.contexts,
    breadcrumbs: row.breadcrumbs,
    feedback: feedback.map(({ received_at, ...words }) => ({ ...words, receivedAt: received_at.toISOString() })),
    intakeNotes: row.intake_notes,
    missing: missing.map((file) => ({
      id: file.missingFile.id,
      fileKey: file.fileKey,
      name: file.missingFile.name,
      needs: fileNeed.parse(file.needs),
      own: file.own,
      // The crash's own view: what its newest report has is found, whatever others still wait for.
      state: file.open ? missingFileState.parse(file.missingFile.state) : "found",
    })),
    revisions: reports.map((report) => ({
      revision: report.revision,
      kind: revisionKind.parse(report.kind),
      at: report.createdAt.toISOString(),
    })),
    hasReport: row.report_blob_key !== null,
  };
}
