/** Envelopes and /store/ over real HTTP and the real database, in the forms of Sentry's SDKs; what is kept, dropped, counted, refused. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { connect } from "node:net";
import { after, type TestContext, test } from "node:test";
import { deflateSync, gzipSync } from "node:zlib";
import type { ReceivedCrash } from "@salvage/db/system";
import type { OperatorLimits } from "../src/limits.ts";
import { dumpOf, type Harness, raw, startIngest, waitFor } from "./harness.ts";
import { packMessage } from "./pack-message.ts";
import { startTenants, type Tenant } from "./tenants.ts";

const tenants = await startTenants();
const { a, b } = tenants;
after(() => tenants.stop());

const start = (t: TestContext, limits: Partial<OperatorLimits> = {}) => startIngest(t, { db: tenants.system, gate: tenants.gate, limits });
const lines = (...parts: (string | Buffer | object)[]) =>
  Buffer.concat(
    parts.flatMap((part) => [
      Buffer.isBuffer(part) ? part : Buffer.from(typeof part === "string" ? part : JSON.stringify(part)),
      Buffer.from("\n"),
    ]),
  );
const address = (ingest: Harness, tenant: Tenant, what = "envelope") => `${ingest.url}/api/${tenant.projectId}/${what}/`;
const auth = (tenant: Tenant) => ({
  "X-Sentry-Auth": `Sentry sentry_key=${tenant.publicKey}, sentry_version=7, sentry_client=sentry.native/0.14.2`,
});

async function post(url: string, body: Buffer, headers: Record<string, string> = {}) {
  const answer = await fetch(url, { method: "POST", body: new Uint8Array(body), headers });
  const text = await answer.text();
  return {
    status: answer.status,
    headers: answer.headers,
    text,
    json: text.startsWith("{") ? (JSON.parse(text) as Record<string, unknown>) : {},
  };
}

/** What the counters of a project gained while `run` ran. */
async function counted(ingest: Harness, tenant: Tenant, run: () => Promise<void>): Promise<Record<string, number>> {
  const before = await tenants.refusals(tenant);
  await run();
  await ingest.ingest.close();
  const now = await tenants.refusals(tenant);
  return Object.fromEntries(
    Object.entries(now)
      .map(([reason, count]): [string, number] => [reason, count - (before[reason] ?? 0)])
      .filter(([, count]) => count > 0),
  );
}

const crashOf = async (tenant: Tenant, eventId: string) => {
  const found = await tenants.system.crashes.findByEvent(tenant.projectId, eventId);
  assert.ok(found !== null, `crash ${eventId}`);
  const detail = await tenant.db.crashes.byId({ crashId: found.crashId });
  assert.ok(detail !== null);
  return { ...found, detail };
};

test("sentry-native's envelope: event, session and minidump in one; the dump opens, the event says what it is about", async (t) => {
  const ingest = await start(t);
  const eventId = randomUUID();
  const dump = dumpOf(300_000, 31);
  const event = {
    ...{ event_id: eventId, level: "fatal", platform: "native", release: "game@1.4", environment: "beta", user: { id: "u7" } },
    ...{ tags: { gpu: "rtx" }, contexts: { os: { name: "Linux" } }, extra: { level: 3 } },
  };
  const body = lines(
    { dsn: `http://${a.publicKey}@localhost/${a.projectId}`, event_id: eventId },
    ...[{ type: "event", length: Buffer.byteLength(JSON.stringify(event)) }, event],
    ...[{ type: "session" }, { sid: randomUUID(), init: true, status: "crashed", errors: 1, started: "2026-01-01T00:00:00Z" }],
    { type: "attachment", length: dump.length, attachment_type: "event.minidump", filename: `${eventId}.dmp` },
    dump,
    ...[{ type: "attachment", length: 4, filename: "C:\\game\\log.txt", content_type: "text/plain" }, "a\nb\n".slice(0, 4)],
  );
  const gained = await counted(ingest, a, async () => {
    const answer = await post(address(ingest, a), gzipSync(body), {
      ...auth(a),
      ...{ "Content-Type": "application/x-sentry-envelope", "Content-Encoding": "gzip" },
    });
    assert.equal(answer.status, 200, answer.text);
    assert.deepEqual(answer.json, { id: eventId.replaceAll("-", "") });
    assert.equal(answer.headers.get("access-control-allow-origin"), "*");
    const again = await post(address(ingest, a), body, auth(a));
    assert.deepEqual(again.json, { id: eventId.replaceAll("-", "") });
  });
  assert.deepEqual(gained, { item_not_kept: 2 });
  const { detail, crashId } = await crashOf(a, eventId);
  assert.equal(detail.release, "game@1.4");
  assert.equal(detail.environment, "beta");
  assert.equal(detail.user, "u7");
  assert.deepEqual(detail.tags, { gpu: "rtx" });
  assert.equal(detail.extra.level, 3);
  const stored = await a.db.crashes.dumpForDownload({ crashId });
  assert.ok(typeof stored === "object");
  assert.ok(ingest.unseal(stored, { id: crashId, organizationId: a.organizationId, projectId: a.projectId }).equals(dump));
  const files = await tenants.rows("SELECT file_name, content_type, size_bytes::int FROM crash_attachments WHERE crash_id = $1", crashId);
  assert.deepEqual(files, [{ file_name: "log.txt", content_type: "text/plain", size_bytes: 4 }]);
  assert.equal((await ingest.files()).length, 2, "the repetition left nothing");
  assert.deepEqual(ingest.pokes, [a.projectId]);
});

test("@sentry/node's form on the wire: no Content-Type, chunked, the key in the query, event without length after the attachment", async (t) => {
  const ingest = await start(t);
  const eventId = randomUUID().replaceAll("-", "");
  const dump = gzipSync(dumpOf(5000, 32));
  const body = lines(
    { event_id: eventId, sent_at: "2026-01-01T00:00:00Z", sdk: { name: "sentry.javascript.node", version: "11.12.0" } },
    { type: "attachment", length: dump.length, filename: "crash.dmp", attachment_type: "event.minidump" },
    dump,
    ...[{ type: "event" }, { event_id: eventId, release: "app@2", message: "native crash" }],
  );
  const path = `/api/${a.projectId}/envelope/?sentry_version=7&sentry_key=${a.publicKey}&sentry_client=sentry.javascript.node%2F11.12.0`;
  const answer = await raw(ingest.port, [
    `POST ${path} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n`,
    ...[body.subarray(0, 100), body.subarray(100)].flatMap((piece) => [`${piece.length.toString(16)}\r\n`, piece, "\r\n"]),
    "0\r\n\r\n",
  ]);
  assert.match(answer, /^HTTP\/1\.1 200 /);
  assert.ok(answer.endsWith(`{"id":"${eventId}"}`), answer);
  const { detail, crashId } = await crashOf(a, eventId);
  assert.equal(detail.release, "app@2");
  const stored = await a.db.crashes.dumpForDownload({ crashId });
  assert.ok(typeof stored === "object");
  const { organizationId, projectId } = a;
  assert.ok(ingest.unseal(stored, { id: crashId, organizationId, projectId }).equals(dumpOf(5000, 32)), "unpacked");
});

test("the key may come in the envelope's header alone; a dsn that is not the address's is refused", async (t) => {
  const ingest = await start(t);
  const dump = dumpOf(400, 33);
  const withDsn = (dsn: string) => lines({ dsn }, { type: "attachment", length: dump.length, attachment_type: "event.minidump" }, dump);
  const own = `https://${a.publicKey}@errors.example.org/prefix/${a.projectId}`;
  const answer = await post(address(ingest, a), withDsn(own));
  assert.equal(answer.status, 200, answer.text);
  assert.match(String(answer.json.id), /^[0-9a-f]{32}$/);
  const cases: [string, Record<string, string>, number][] = [
    [own, auth(b), 403],
    [`https://${b.publicKey}@h/${a.projectId}`, auth(a), 400],
    [`https://${a.publicKey}@h/${b.projectId}`, auth(a), 400],
    [`https://${a.publicKey}@h/${b.projectId}`, {}, 400],
    [`https://${b.publicKey}@h/${a.projectId}`, {}, 403],
    ["nonsense", {}, 400],
  ];
  for (const [dsn, headers, status] of cases) {
    const refused = await post(address(ingest, a), withDsn(dsn), headers);
    assert.equal(refused.status, status, `${dsn} ${refused.text}`);
  }
  assert.equal((await post(address(ingest, a), lines({}))).status, 401);
  assert.equal((await ingest.files()).length, 1);
});

test("event and breadcrumb files of sentry-native in an envelope are merged after the event item, and are no attachments", async (t) => {
  const ingest = await start(t);
  const eventId = randomUUID();
  const dump = dumpOf(600, 38);
  const payload = packMessage({ release: "from the file", environment: "from the file", contexts: { gpu: { name: "g" } } });
  const crumb = (message: string, timestamp: string) => packMessage({ message, timestamp });
  const [late, early] = [crumb("late", "2026-01-02T00:00:00Z"), crumb("early", "2026-01-01T00:00:00Z")];
  const attach = (kind: string, bytes: Buffer) => [{ type: "attachment", length: bytes.length, attachment_type: kind }, bytes];
  const body = lines(
    ...[{ event_id: eventId }, ...attach("event.payload", payload), ...attach("event.breadcrumbs", late)],
    ...[...attach("event.breadcrumbs", Buffer.concat([early, early])), ...attach("event.minidump", dump)],
    ...[{ type: "event" }, { release: "from the event" }],
  );
  const answer = await post(address(ingest, a), body, auth(a));
  assert.equal(answer.status, 200, answer.text);
  const { detail, attachments } = await crashOf(a, eventId);
  assert.equal(attachments, 0);
  assert.equal(detail.release, "from the event");
  assert.equal(detail.environment, "from the file");
  assert.equal(detail.contexts.gpu?.name, "g");
  assert.deepEqual(
    detail.breadcrumbs.map((breadcrumb) => breadcrumb.message),
    ["early", "late"],
  );
});

test("envelopes without a dump: accepted, nothing kept, counted; ids as they came or none", async (t) => {
  const ingest = await start(t);
  const eventId = "9ec79c33ec9942ab8353589fcb2e04dc";
  const gained = await counted(ingest, b, async () => {
    const send = async (...parts: (string | Buffer | object)[]) => {
      const answer = await post(address(ingest, b), lines(...parts), auth(b));
      assert.equal(answer.status, 200, answer.text);
      return answer.json;
    };
    assert.deepEqual(await send({}), {});
    assert.deepEqual(await send({}, { type: "session" }, { sid: "1", status: "ok" }), {});
    assert.deepEqual(await send({ event_id: eventId }, { type: "event" }, { platform: "javascript" }), { id: eventId });
    const hyphens = "9ec79c33-ec99-42ab-8353-589fcb2e04dc";
    assert.deepEqual(await send({ event_id: hyphens }, { type: "transaction" }, "{}", { type: "new thing" }, "x", { type: "span" }, "{}"), {
      id: eventId,
    });
    assert.deepEqual(await send({ event_id: eventId }, { type: "attachment", length: 2, filename: "a.txt" }, "ab"), { id: eventId });
    assert.deepEqual(await send({}, { type: "client_report" }, { discarded_events: [] }), {});
  });
  assert.deepEqual(gained, { item_not_kept: 3, event_without_minidump: 2 });
  assert.deepEqual(await ingest.files(), []);
  assert.deepEqual(ingest.pokes, []);
});

test("files without a dump are added to the crash of their event id, in its limits; another tenant's is none", async (t) => {
  const ingest = await start(t, { maxAttachments: 3 });
  const eventId = randomUUID();
  const dump = dumpOf(650, 39);
  const log = (name: string, text: string) => [
    { type: "attachment", length: text.length, filename: name, content_type: "text/plain" },
    text,
  ];
  const crash = [{ event_id: eventId }, { type: "attachment", length: dump.length, attachment_type: "event.minidump" }, dump];
  await post(address(ingest, a), lines(...crash, ...log("first.log", "1")), auth(a));
  const { crashId } = await crashOf(a, eventId);
  const gained = await counted(ingest, a, async () => {
    const late = lines({ event_id: eventId }, ...log("C:\\logs\\late.log", "late"), ...log("more.log", "more"));
    const foreign = await post(address(ingest, b), late, auth(b));
    assert.deepEqual([foreign.status, foreign.json], [200, { id: eventId.replaceAll("-", "") }]);
    const added = await post(address(ingest, a), late, auth(a));
    assert.deepEqual([added.status, added.json], [200, { id: eventId.replaceAll("-", "") }]);
    const over = await post(address(ingest, a), lines({ event_id: eventId }, ...log("fourth.log", "4")), auth(a));
    assert.equal(over.status, 413);
    // The same with an event, which is none of a crash.
    await post(address(ingest, a), lines({ event_id: eventId }, { type: "event" }, { platform: "other" }), auth(a));
  });
  assert.equal(gained.event_without_minidump, 1);
  const rows = await tenants.rows<{ file_name: string; blob_key: string; wrapped_key: Buffer; size_bytes: number }>(
    "SELECT file_name, blob_key, wrapped_key, size_bytes::int FROM crash_attachments WHERE crash_id = $1 ORDER BY file_name",
    crashId,
  );
  assert.deepEqual(
    rows.map((row) => row.file_name),
    ["first.log", "late.log", "more.log"],
  );
  const [, late] = rows;
  assert.ok(late !== undefined);
  const ref = { blobKey: late.blob_key, wrappedKey: late.wrapped_key, keyId: "", sizeBytes: late.size_bytes };
  const owner = { id: crashId, organizationId: a.organizationId, projectId: a.projectId };
  assert.equal(ingest.unseal(ref, owner, `attachment/${late.blob_key.split("/").at(-1)}`).toString(), "late");
  assert.equal((await ingest.files()).length, 4, "nothing else is left");
  assert.equal(await tenants.system.crashes.findByEvent(b.projectId, eventId), null);
});

test("a user's words are kept with the crash, whichever comes first, scrubbed, and not for another tenant", async (t) => {
  const ingest = await start(t);
  const eventId = randomUUID();
  const report = { event_id: eventId, name: "Ann", email: "ann@example.org", comments: "It closed in /home/ann/x" };
  const first = await post(address(ingest, a), lines({ event_id: eventId }, { type: "user_report" }, report), auth(a));
  assert.deepEqual(first.json, { id: eventId.replaceAll("-", "") });
  const dump = dumpOf(700, 34);
  const item = { type: "attachment", length: dump.length, attachment_type: "event.minidump" };
  const feedback = { contexts: { feedback: { associated_event_id: eventId, contact_email: "b@example.org", message: "Again." } } };
  const second = await post(address(ingest, a), lines({ event_id: eventId }, item, dump, { type: "feedback" }, feedback), auth(a));
  assert.equal(second.status, 200, second.text);
  assert.equal((await post(address(ingest, b), lines({}, { type: "user_report" }, report), auth(b))).status, 200);
  const { detail } = await crashOf(a, eventId);
  assert.deepEqual(
    detail.feedback.map(({ name, email, comments }) => ({ name, email, comments })),
    [
      { name: "Ann", email: "ann@example.org", comments: "It closed in /home/<user>/x" },
      { name: null, email: "b@example.org", comments: "Again." },
    ],
  );
});

test("over a limit: 429 with both headers when all was dropped, else 200 that says so; counted once", async (t) => {
  const ingest = await start(t, { defaultRateLimitPerMinute: 1 });
  const dump = dumpOf(100, 35);
  const item = { type: "attachment", length: dump.length, attachment_type: "event.minidump" };
  const gained = await counted(ingest, a, async () => {
    assert.equal((await post(address(ingest, a), lines({ event_id: randomUUID() }, item, dump), auth(a))).status, 200);
    const all = await post(address(ingest, a), lines({ event_id: randomUUID() }, { type: "event" }, {}, item, dump), auth(a));
    assert.equal(all.status, 429);
    assert.equal(all.headers.get("retry-after"), "60");
    assert.equal(all.headers.get("x-sentry-rate-limits"), "60:error;attachment;default;feedback:key");
    const part = await post(address(ingest, a), lines({ event_id: randomUUID() }, { type: "session" }, {}, item, dump), auth(a));
    assert.equal(part.status, 200);
    assert.match(part.headers.get("x-sentry-rate-limits") ?? "", /^60:error/);
    assert.equal((await post(address(ingest, a), lines({}, { type: "session" }, {}), auth(a))).status, 200, "sessions go on");
  });
  assert.deepEqual(gained, { rate_limited: 2, item_not_kept: 2 });
  assert.equal((await ingest.files()).length, 1);
});

test("what is no envelope, or breaks off inside, is refused and leaves nothing", async (t) => {
  const ingest = await start(t);
  const dump = dumpOf(10_000, 36);
  const item = { type: "attachment", length: dump.length, attachment_type: "event.minidump" };
  const whole = lines({}, item, dump, { type: "event" }, "{}");
  const cases: [Buffer, number, RegExp][] = [
    [Buffer.from("MDMP"), 400, /envelope header at byte 0: it is not JSON/],
    [Buffer.alloc(0), 400, /the body is empty/],
    [whole.subarray(0, 5000), 400, /the body ends after/],
    [lines({}, { ...item, length: 20 }, dump), 400, /no line end follows/],
    [lines({}, { type: "event" }, "not json"), 400, /no JSON object/],
    [lines({}, { type: "attachment", length: 4, attachment_type: "event.minidump" }, "text"), 400, /invalid minidump/],
    [lines({}, { type: "event" }, { x: "x".repeat(2_000_000) }), 413, /larger than the limit of 1048576/],
    [lines({}, { ...item, length: 9_000_000 }, dumpOf(9_000_000)), 413, /minidump is larger/],
    [lines({ x: "x".repeat(70_000) }), 400, /longer than 65536 bytes/],
  ];
  for (const [body, status, message] of cases) {
    const answer = await post(address(ingest, a), body, auth(a));
    assert.equal(answer.status, status, answer.text);
    assert.match(answer.text, message);
  }
  assert.deepEqual(await ingest.files(), []);
});

test("a sender that goes away inside an envelope leaves nothing and is counted", async (t) => {
  const ingest = await start(t);
  const gained = await counted(ingest, b, async () => {
    const head = [`POST /api/${b.projectId}/envelope/?sentry_key=${b.publicKey} HTTP/1.1`, "Host: h", "Content-Length: 900000", "", ""];
    const socket = connect(ingest.port, "127.0.0.1");
    socket.on("error", () => undefined);
    socket.write(head.join("\r\n"));
    socket.write(lines({}, { type: "attachment", length: 800_000, attachment_type: "event.minidump" }));
    socket.write(dumpOf(300_000, 39));
    await waitFor("bytes on disk", async () => (await ingest.files()).length > 0);
    socket.destroy();
    await waitFor("nothing on disk", async () => (await ingest.files()).length === 0);
    await waitFor("noticed", () => ingest.lines.some((line) => line.includes("the sender went away")));
  });
  assert.deepEqual(gained, { aborted: 1 });
});

test("the database away: 503 with Retry-After, for what is sent again; nothing is lost or left", async (t) => {
  const away = { insert: true };
  const system = {
    ...tenants.system,
    crashes: {
      ...tenants.system.crashes,
      insertReceived: (crash: ReceivedCrash) =>
        away.insert ? Promise.reject(new Error("the connection was lost")) : tenants.system.crashes.insertReceived(crash),
    },
  };
  const ingest = await startIngest(t, { db: system, gate: tenants.gate });
  const dump = dumpOf(400, 40);
  const body = lines({ event_id: randomUUID() }, { type: "attachment", length: dump.length, attachment_type: "event.minidump" }, dump);
  const refused = await post(address(ingest, a), body, auth(a));
  assert.equal(refused.status, 503, refused.text);
  assert.equal(refused.headers.get("retry-after"), "10");
  away.insert = false;
  assert.equal((await post(address(ingest, a), body, auth(a))).status, 200);
  assert.equal(ingest.pokes.length, 1);
});

test("/store/: an event as JSON, in base64, deflated; by project or by key alone; an envelope by its type", async (t) => {
  const ingest = await start(t);
  const event = JSON.stringify({ event_id: "9ec79c33-ec99-42ab-8353-589fcb2e04dc", platform: "native" });
  const gained = await counted(ingest, a, async () => {
    for (const body of [event, Buffer.from(event).toString("base64"), deflateSync(event).toString("base64")]) {
      for (const url of [address(ingest, a, "store"), `${ingest.url}/api/store`]) {
        const answer = await post(url, Buffer.from(body), auth(a));
        assert.deepEqual(answer.json, { id: "9ec79c33ec9942ab8353589fcb2e04dc" }, answer.text);
      }
    }
    assert.equal((await post(address(ingest, a, "store"), Buffer.from("{"), auth(a))).status, 400);
    const bomb = Buffer.from(deflateSync(Buffer.alloc(50_000_000)).toString("base64"));
    assert.equal((await post(address(ingest, a, "store"), bomb, auth(a))).status, 400);
  });
  assert.deepEqual(gained, { event_without_minidump: 6, malformed_body: 2 });
  const other = { "X-Sentry-Auth": `Sentry sentry_key=${"0".repeat(32)}, sentry_version=7` };
  const again = await start(t);
  assert.equal((await post(`${again.url}/api/store/`, Buffer.from(event), other)).status, 403);
  const dump = dumpOf(300, 37);
  const envelope = lines({}, { type: "attachment", length: dump.length, attachment_type: "event.minidump" }, dump);
  const stored = await post(address(again, a, "store"), envelope, { ...auth(a), "Content-Type": "application/x-sentry-envelope" });
  assert.equal(stored.status, 200, stored.text);
  assert.equal((await again.files()).length, 1);
});

test("/store/ by GET: the event in the query, answered with a picture of one pixel", async (t) => {
  const ingest = await start(t);
  const event = JSON.stringify({ event_id: randomUUID(), platform: "javascript", message: ">>>" });
  const base64 = Buffer.from(event).toString("base64");
  assert.match(base64, /\+/, "a plus sign, which is a blank in a query");
  const gained = await counted(ingest, a, async () => {
    for (const data of [event, base64, deflateSync(event).toString("base64")].map(encodeURIComponent).concat(base64)) {
      for (const path of [`/api/${a.projectId}/store/`, "/api/store/"]) {
        const answer = await fetch(`${ingest.url}${path}?sentry_version=7&sentry_key=${a.publicKey}&sentry_data=${data}`);
        assert.deepEqual([answer.status, answer.headers.get("content-type")], [200, "image/gif"]);
        const picture = Buffer.from(await answer.arrayBuffer());
        assert.equal(picture.toString("latin1", 0, 6), "GIF89a");
        assert.deepEqual([picture.readUInt16LE(6), picture.readUInt16LE(8), picture.at(-1)], [1, 1, 0x3b]);
      }
    }
    assert.equal((await fetch(`${address(ingest, a, "store")}?sentry_key=${a.publicKey}`)).status, 400);
    assert.equal((await fetch(`${address(ingest, a, "store")}?sentry_data=${base64}`)).status, 401);
  });
  assert.deepEqual(gained, { event_without_minidump: 8, malformed_body: 1, missing_credentials: 1 });
});

test("a browser may ask first", async (t) => {
  const ingest = await start(t);
  for (const what of ["envelope", "store", `events/${randomUUID()}/attachments`, "upload"]) {
    const answer = await fetch(address(ingest, a, what), { method: "OPTIONS" });
    assert.ok(answer.ok, what);
    assert.equal(answer.headers.get("access-control-allow-origin"), "*");
    assert.match(answer.headers.get("access-control-allow-headers") ?? "", /x-sentry-auth/);
  }
});
