/**
 * Accepting crashes: the rows that make "accepted means kept" true, and noticing the same crash sent twice.
 *
 * Crashes that come while a transaction is under way go into the next one together: under load one commit carries dozens, and a
 * crash that comes alone waits for nobody. A crash that the database refuses takes no other with it: then each goes by itself.
 */
import { createHash } from "node:crypto";
import type { Sql, SqlPool } from "../../shared/sql.ts";
import { storableJson, storableText, storableTextOrNull } from "../../shared/text.ts";
import { together } from "../../shared/together.ts";
import type { ReceivedCrash } from "../ports.ts";

export type Received = { crashId: string; duplicate: boolean };

/** Without an id of the sender: same bytes and same fields within this time are the same crash. */
const sameCrashWindow = "10 minutes";
const maxCrashesPerBatch = 64;
/** Of the rows' JSON; a crash with more goes alone. */
const maxBatchChars = 4_000_000;
type Sent = {
  crash: ReceivedCrash;
  eventId: string | null;
  /** The row as one object of a JSON array. */
  json: string;
  /** Equal for crashes that are the same one; null when an event id decides. */
  sameAs: bigint | null;
};

/** @returns inserts one crash; resolves when its row is committed */
export function createReceivedCrashes(pool: SqlPool): (crash: ReceivedCrash) => Promise<Received> {
  const insertSent = together<Sent, Received>({
    most: maxCrashesPerBatch,
    weight: ({ json }) => json.length,
    mostWeight: maxBatchChars,
    pauseMs: 0,
    async work(batch) {
      const inserted = await insert(pool, batch);
      return batch.map((one) => (inserted.has(one.crash.id) ? { crashId: one.crash.id, duplicate: false } : firstOf(pool, one)));
    },
  });
  return (crash) => {
    const eventId = storableTextOrNull(crash.eventId, 200);
    return insertSent({ crash, eventId, json: rowOf(crash, eventId), sameAs: eventId === null ? lockOf(crash) : null });
  };
}

/** @returns ids of the rows that were not there yet */
async function insert(pool: SqlPool, batch: readonly Sent[]): Promise<ReadonlySet<string>> {
  const ofLock = new Map<bigint, Sent>();
  for (const one of batch) if (one.sameAs !== null && !ofLock.has(one.sameAs)) ofLock.set(one.sameAs, one);
  const rows = batch.filter((one) => one.sameAs === null || ofLock.get(one.sameAs) === one);
  // With an event id the unique constraint decides. Without one two senders at once must wait for each other.
  if (ofLock.size === 0) return insertRows(pool, rows);
  // In one order everywhere, so that no two batches wait for one another.
  const locks = [...ofLock.keys()].sort((a, b) => (a < b ? -1 : 1));
  return pool.transaction(async (sql) => {
    await sql.rows("SELECT pg_advisory_xact_lock(key) FROM unnest($1::bigint[]) AS key", [locks]);
    return insertRows(sql, rows);
  });
}

async function insertRows(sql: Sql, batch: readonly Sent[]): Promise<ReadonlySet<string>> {
  const rows = await sql.rows<{ id: string }>(
    `WITH sent AS MATERIALIZED (
       SELECT * FROM jsonb_to_recordset($1::jsonb) AS s(id uuid, organization_id uuid, project_id bigint, client_key_id uuid, received_at timestamptz,
         event_id text, sha256 text, fields_sha256 text, release text, environment text, user_label text, tags jsonb, extra jsonb, dump_blob_key text,
         dump_wrapped_key text, dump_key_id text, dump_size_bytes bigint, dist text, contexts jsonb, breadcrumbs jsonb, intake_notes text[],
         attachments jsonb, stored_bytes bigint)
     ), inserted AS (
       INSERT INTO crashes (id, organization_id, project_id, client_key_id, received_at, event_id, sha256, fields_sha256, release, environment,
         user_label, tags, extra, dump_blob_key, dump_wrapped_key, dump_key_id, dump_size_bytes, dist, contexts, breadcrumbs,
         intake_notes, queued_at)
       SELECT id, organization_id, project_id, client_key_id, received_at, event_id, sha256, fields_sha256, release, environment, user_label, tags, extra,
         dump_blob_key, decode(dump_wrapped_key, 'hex'), dump_key_id, dump_size_bytes, dist, contexts, breadcrumbs, intake_notes, now()
       FROM sent s
       -- By index, each; NOT EXISTS may be answered by reading all crashes of these minutes. No index serves IS NOT DISTINCT FROM: without statistics
       -- yet, one that begins with the project would look as good as the one that begins with the bytes.
       WHERE event_id IS NOT NULL OR (
         SELECT 1 FROM crashes c WHERE c.sha256 = s.sha256 AND c.project_id IS NOT DISTINCT FROM s.project_id AND c.fields_sha256 = s.fields_sha256
           AND c.received_at > now() - interval '${sameCrashWindow}' LIMIT 1) IS NULL
       ON CONFLICT (project_id, event_id) DO NOTHING
       RETURNING id, organization_id
     ), kept AS (
       INSERT INTO crash_attachments (id, organization_id, crash_id, file_name, content_type, size_bytes, blob_key, wrapped_key, key_id)
       SELECT a.id, i.organization_id, i.id, a.file_name, a.content_type, a.size_bytes, a.blob_key, decode(a.wrapped_key, 'hex'), a.key_id
       FROM inserted i JOIN sent s USING (id), jsonb_to_recordset(s.attachments)
         AS a(id uuid, file_name text, content_type text, size_bytes bigint, blob_key text, wrapped_key text, key_id text)
     ), counted AS (
       UPDATE storage_usage u SET used_bytes = used_bytes + n.bytes
       FROM (SELECT i.organization_id, sum(s.stored_bytes)::bigint AS bytes FROM inserted i JOIN sent s USING (id) GROUP BY 1) n
       WHERE u.organization_id = n.organization_id
     )
     SELECT id FROM inserted`,
    [`[${batch.map((one) => one.json).join(",")}]`],
  );
  return new Set(rows.map((row) => row.id));
}

async function firstOf(sql: Sql, { crash, eventId }: Sent): Promise<Received> {
  const [first] = await sql.rows<{ id: string }>(
    eventId !== null
      ? "SELECT id FROM crashes WHERE project_id = $1 AND event_id = $2"
      : `SELECT id FROM crashes WHERE project_id = $1 AND sha256 = $2 AND fields_sha256 = $3 AND received_at > now() - interval '${sameCrashWindow}'
         ORDER BY received_at LIMIT 1`,
    eventId !== null ? [crash.projectId, eventId] : [crash.projectId, crash.sha256, crash.fieldsSha256],
  );
  if (first === undefined) throw new Error(`crash ${crash.id}: the same crash was there and is gone`);
  return { crashId: first.id, duplicate: true };
}

function rowOf(crash: ReceivedCrash, eventId: string | null): string {
  const attachments = crash.attachments.map((attachment) => ({
    id: attachment.id,
    file_name: storableText(attachment.fileName, 500),
    content_type: storableTextOrNull(attachment.contentType, 200),
    size_bytes: attachment.sizeBytes,
    blob_key: attachment.blobKey,
    wrapped_key: Buffer.from(attachment.wrappedKey).toString("hex"),
    key_id: attachment.keyId,
  }));
  return storableJson({
    id: crash.id,
    organization_id: crash.organizationId,
    project_id: crash.projectId,
    client_key_id: crash.clientKeyId,
    received_at: crash.receivedAt.toISOString(),
    event_id: eventId,
    sha256: crash.sha256,
    fields_sha256: crash.fieldsSha256,
    release: storableTextOrNull(crash.release, 250),
    environment: storableTextOrNull(crash.environment, 250),
    user_label: storableTextOrNull(crash.user, 250),
    tags: crash.tags,
    extra: crash.extra,
    dump_blob_key: crash.dump.blobKey,
    dump_wrapped_key: Buffer.from(crash.dump.wrappedKey).toString("hex"),
    dump_key_id: crash.dump.keyId,
    dump_size_bytes: crash.dump.sizeBytes,
    dist: storableTextOrNull(crash.dist, 250),
    contexts: crash.contexts,
    breadcrumbs: crash.breadcrumbs,
    intake_notes: crash.intakeNotes.map((note) => storableText(note, 500)),
    attachments,
    stored_bytes: crash.attachments.reduce((sum, attachment) => sum + attachment.sizeBytes, crash.dump.sizeBytes),
  });
}

function lockOf(crash: ReceivedCrash): bigint {
  return createHash("sha256").update(`${crash.projectId} ${crash.sha256} ${crash.fieldsSha256}`).digest().readBigInt64BE(0);
}
