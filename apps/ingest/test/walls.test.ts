/**
 * Every door of ingest (doors.ts), tried by everybody: nobody, tokens that are none, ended, expired or another organization's, each token scope;
 * client keys that are none, disabled, of another project or of a deleted one; signed links that were used, are too old, or are of another crash.
 * Absent and foreign answer alike; what is refused changes nothing.
 */
import assert from "node:assert/strict";
import { randomBytes, randomUUID } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { loginScopes, role, roleMay, type TokenScope, tokenScope } from "@salvage/contracts";
import { fixture, publishFile } from "./debug-files.ts";
import { type Door, doors, methodOf, routeOf, type Things } from "./doors.ts";
import { dumpOf, type Harness, startIngest } from "./harness.ts";
import { startTenants, type Tenant, type Tenants } from "./tenants.ts";

type KeyDoor = Extract<Door, { by: "key" }>;
type TokenDoor = Extract<Door, { by: "token" }>;
const byToken = doors.filter((door): door is TokenDoor => door.by === "token");
const byKey = doors.filter((door): door is KeyDoor => door.by === "key");

let world: Tenants;
let ingest: Harness;
let alpha: Things;
let beta: Things;
const ends: (() => Promise<void>)[] = [];

before(async () => {
  world = await startTenants();
  const context = { after: (end: () => Promise<void>) => void ends.push(end) };
  ingest = await startIngest(context as never, { db: world.system, gate: world.gate });
  alpha = await furnish(world.a, "alpha", "android-arm64/libapp.so");
  beta = await furnish(world.b, "beta", "linux-x64/app.debug");
});
after(async () => {
  for (const end of ends.reverse()) await end();
  await world?.stop();
});

const tokenOf = async (tenant: Tenant, ...scopes: TokenScope[]) => (await tenant.db.tokens.create({ name: "ci", scopes })).token;

type Reply = { status: number; text: string };

async function ask(door: Door, things: Things, secret: string | null): Promise<Response> {
  const carried = (): Record<string, string> => {
    if (secret === null || door.by === "open") return {};
    if (door.by === "token") return door.inPath ? {} : { Authorization: `Bearer ${secret}` };
    return door.carry?.(secret) ?? { "X-Sentry-Auth": `Sentry sentry_key=${secret}` };
  };
  const method = methodOf(door);
  return await fetch(ingest.url + door.path(things, secret ?? ""), {
    method,
    headers: { ...door.headers, ...carried() },
    redirect: "manual",
    ...(method === "GET" || method === "OPTIONS" || method === "DELETE" || door.body === undefined ? {} : { body: door.body() }),
  });
}

async function send(door: Door, things: Things, secret: string | null): Promise<Reply> {
  const answer = await ask(door, things, secret);
  return { status: answer.status, text: await answer.text() };
}

/** A tenant with one of each thing that a request can name. */
async function furnish(tenant: Tenant, organization: string, debugFile: string): Promise<Things> {
  const { projectId, projectSlug: project, publicKey, organizationId } = tenant;
  const url = `${ingest.url}/api/${projectId}`;
  const sent = new FormData();
  sent.set("upload_file_minidump", new Blob([new Uint8Array(dumpOf(300, projectId.length))]), "a.dmp");
  sent.set("log", new Blob(["what happened"]), "app.log");
  const post = await fetch(`${url}/minidump/?sentry_key=${publicKey}`, { method: "POST", body: sent });
  const crashId = await post.text();
  assert.equal(post.status, 200, crashId);
  const [attached] = await world.rows<{ id: string }>("SELECT id FROM crash_attachments WHERE crash_id = $1", crashId);
  const resumable = await fetch(`${url}/upload/?sentry_key=${publicKey}`, {
    method: "POST",
    headers: { "Tus-Resumable": "1.0.0", "Upload-Length": "10" },
  });
  const token = await tokenOf(tenant, "debug-file:write");
  const bearer = { Authorization: `Bearer ${token}`, "Content-Type": "application/json" };
  const announce = async (path: string, body: object) =>
    (await (await fetch(ingest.url + path, { method: "POST", headers: bearer, body: JSON.stringify(body) })).json()) as Record<
      string,
      string
    >;
  const putTo = (address: string) => fetch(address.replace("http://localhost:4680", ingest.url), { method: "PUT", body: randomUUID() });
  const apple = await announce(`/v0.1/apps/${organization}/${project}/symbol_uploads`, { symbol_type: "Breakpad" });
  const breakpad = await announce("/symupload/v1/uploads:create", {});
  await putTo(apple.upload_url ?? "");
  await putTo(breakpad.uploadUrl ?? "");
  const file = await publishFile({ blobs: ingest.blobs, db: world.system, organizationId }, debugFile, fixture(`formats/${debugFile}`));
  const missingFileId = randomUUID();
  await world.rows(
    `INSERT INTO missing_files (id, organization_id, project_id, file_key, name, code_file, debug_id, needs, own, state, waiting_crashes, first_seen_at, last_seen_at)
     VALUES ($1, $2, $3, $4, 'engine.pdb', 'engine.dll', $4, 'names', true, 'open', 1, now(), now())`,
    ...[missingFileId, organizationId, projectId, `${randomBytes(16).toString("hex").toUpperCase()}0`],
  );
  return {
    ...{ organization, project, projectId, crashId, missingFileId, uploadId: file.uploadId, debugFileId: file.id },
    attachmentId: attached?.id ?? "",
    resumableId: /\/upload\/([^/]+)\//.exec(resumable.headers.get("location") ?? "")?.[1] ?? "",
    transferId: breakpad.uploadKey ?? "",
    symbolUploadId: apple.symbol_upload_id ?? "",
    ...{ fileName: file.name, buildId: file.codeId ?? "", debugId: file.debugId ?? "" },
  };
}

/** Things like them that nobody has. */
function nothings(): Things {
  const id = randomUUID();
  return {
    ...{ organization: "no-such-one", project: "no-such-game", projectId: "999999999", fileName: "nothing.so" },
    ...{
      crashId: id,
      attachmentId: id,
      uploadId: id,
      missingFileId: id,
      resumableId: id,
      transferId: id,
      symbolUploadId: id,
      debugFileId: id,
    },
    ...{ debugId: `${randomBytes(16).toString("hex").toUpperCase()}0`, buildId: randomBytes(20).toString("hex") },
  };
}

/** Every row of an organization, but for when its tokens and keys were last used and how often it was knocked at. */
async function rowsOf({ organizationId }: Tenant): Promise<string> {
  const tables = await world.rows<{ name: string }>(
    `SELECT table_name AS name FROM information_schema.columns WHERE table_schema = 'public' AND column_name = 'organization_id'
       AND table_name NOT IN ('api_tokens', 'client_keys', 'refusal_counts') ORDER BY 1`,
  );
  const lines: string[] = [];
  for (const { name } of tables) {
    const rows = await world.rows<{ row: string }>(
      `SELECT t::text AS row FROM ${name} t WHERE organization_id = $1 ORDER BY 1`,
      organizationId,
    );
    lines.push(...rows.map(({ row }) => `${name} ${row}`));
  }
  return lines.join("\n");
}

/** The text with the asker's own words taken out; a project's number would be found in every other number. */
const worded = (text: string, { projectId: _, ...things }: Things) =>
  Object.entries(things).reduce((worded, [name, value]) => worded.replaceAll(value, `<${name}>`), text);
/** What only alpha's rows say. */
const secretsOf = ({ crashId, attachmentId, uploadId, missingFileId, resumableId, transferId, symbolUploadId, debugFileId }: Things) => [
  ...[crashId, attachmentId, uploadId, missingFileId, resumableId, transferId, symbolUploadId, debugFileId],
  world.a.organizationId,
  world.a.publicKey,
];

/** All at once, as far as connections go: what is refused depends on no order. */
async function each<T extends Door>(some: readonly T[], work: (door: T) => Promise<void>): Promise<void> {
  await Promise.all(some.map(work));
}

async function unchanged(what: string, work: () => Promise<void>): Promise<void> {
  const [rows, files] = [await rowsOf(world.a), await filesOf(world.a)];
  await work();
  assert.equal(await rowsOf(world.a), rows, `${what} changed a row`);
  assert.deepEqual(await filesOf(world.a), files, `${what} changed a blob`);
}
const filesOf = async ({ organizationId }: Tenant) => (await ingest.files()).filter((file) => file.startsWith(`org/${organizationId}/`));

test("every route is listed in doors.ts, and nothing else is", () => {
  const routes = ingest.ingest.routes.map(({ method, path }) => `${method} ${path}`);
  assert.deepEqual([...new Set(doors.map(routeOf))].sort(), [...new Set(routes)].sort());
});

/** SALVAGE_DOORS=1 node --test --test-name-pattern "as a table" apps/ingest/test/walls.test.ts: docs/SECURITY.md has what it prints. */
test("the doors as a table", { skip: process.env.SALVAGE_DOORS === undefined }, async () => {
  const tokens = world.a.db.tokens;
  const revoked = await tokens.create({ name: "old", scopes: [...tokenScope.options] });
  await tokens.revoke({ tokenId: revoked.view.id });
  const disabled = await world.a.db.clientKeys.create({ projectSlug: alpha.project, name: "disabled" });
  await world.a.db.clientKeys.update({ keyId: disabled?.id ?? "", disabled: true });
  const stranger = await tokenOf(world.b, ...tokenScope.options);
  const rows = new Map<string, string[]>();
  for (const door of doors) {
    const status = async (secret: string | null) => String((await send(door, alpha, secret)).status);
    let cells: string[];
    if (door.by === "token") {
      const wrong = tokenScope.options.find((scope) => !door.scopes.includes(scope));
      const right = door.scopes.length === tokenScope.options.length ? "any scope" : door.scopes.join(" or ");
      const closed = [await status(door.inPath ? "x" : null), await status(revoked.token)];
      const foreign = door.names === "nothing" ? "its own" : await status(stranger);
      const refused = wrong === undefined ? "" : await status(await tokenOf(world.a, wrong));
      cells = ["token", ...closed, foreign, refused, right, await status(await tokenOf(world.a, door.scopes[0] ?? "crash:read"))];
    } else if (door.by === "key") {
      const inPath = door.route.endsWith("/:key");
      const closed = [inPath ? "" : await status(null), await status(disabled?.publicKey ?? "")];
      const foreign = door.project === "named" ? await status(world.b.publicKey) : "its own";
      cells = ["client key", ...closed, foreign, "", "a key", await status(world.a.publicKey)];
    } else cells = ["open", "", "", "", "", door.why, await status(null)];
    const line = cells.join(" | ");
    rows.set(line, [...(rows.get(line) ?? []), `\`${door.route}\``]);
  }
  process.stdout.write(
    "| by | none | revoked, disabled | another organization's | another scope | opened by | answer | doors |\n|---|---|---|---|---|---|---|---|\n",
  );
  for (const [line, routes] of rows) process.stdout.write(`| ${line} | ${routes.join(" ")} |\n`);
});

describe("by token", () => {
  test("no token, and what is none any more or never was one, is 401 everywhere and does nothing", async () => {
    const { gate, a } = world;
    const revoked = await a.db.tokens.create({ name: "old", scopes: [...tokenScope.options] });
    await a.db.tokens.revoke({ tokenId: revoked.view.id });
    const expired = await a.db.tokens.create({ name: "older", scopes: [...tokenScope.options] });
    await world.rows("UPDATE api_tokens SET expires_at = now() - interval '1 second' WHERE id = $1", expired.view.id);
    const ended = await loginOf("owner");
    assert.ok(await gate.endLogin(ended.secret));
    const left = await loginOf("admin");
    await a.db.members.remove({ userId: left.userId });
    const dumpTicket = await a.db.crashes.dumpTicket({ crashId: alpha.crashId });
    const uploadTicket = await a.db.uploads.ticket({});
    assert.ok(typeof dumpTicket === "object" && typeof uploadTicket === "object");
    await world.rows("UPDATE api_tokens SET expires_at = now() - interval '1 second' WHERE kind = 'upload_ticket'");
    const pending = await gate.deviceCodes.create({ clientName: "not approved" });
    const bearers: Record<string, string> = {
      "no token of ours": "0".repeat(43),
      nonsense: "' OR 1=1 --".replaceAll(" ", "_"),
      "a revoked token": revoked.token,
      "an expired token": expired.token,
      "a login that ended": ended.secret,
      "the login of a member who left": left.secret,
      "a dump ticket": dumpTicket.ticket,
      "an upload ticket that is too old": uploadTicket.ticket,
      "a code that nobody approved": pending.secret,
      "a client key": a.publicKey,
      "a session's id": (await gate.sessions.create(left.userId, "test")).sessionId,
    };
    await unchanged("a refused token", async () => {
      await each(byToken, async (door) => {
        const expected = door.unauthorized ?? 401;
        // In the path a short word is an organization, and nothing else is given then.
        assert.equal((await send(door, alpha, door.inPath ? "x" : null)).status, expected, `${door.route} without a token`);
        for (const [what, bearer] of Object.entries(bearers)) {
          const { status, text } = await send(door, alpha, encodeURIComponent(bearer));
          assert.equal(status, expected, `${door.route} with ${what}: ${text}`);
        }
      });
    });
  });

  test("another organization's token, with every scope there is, finds nothing of ours by any id", async () => {
    const stranger = await tokenOf(world.b, ...tokenScope.options);
    const absent = nothings();
    await unchanged("a stranger", async () => {
      await each(byToken, async (door) => {
        const foreign = await send(door, alpha, stranger);
        if (door.names === "rows") assert.equal(foreign.status, 404, `${door.route}: ${foreign.text}`);
        if (door.names === "rows" || methodOf(door) === "GET") {
          const never = await send(door, absent, stranger);
          assert.equal(never.status, foreign.status, door.route);
          assert.equal(worded(foreign.text, alpha), worded(never.text, absent), `${door.route} tells foreign from absent`);
        }
        // The own organization and project, and below them an id of ours.
        const { organization, project, projectId } = beta;
        for (const mixed of [
          { ...alpha, organization },
          { ...alpha, organization, project, projectId },
        ]) {
          const { text } = await send(door, mixed, stranger);
          for (const secret of secretsOf(alpha)) assert.ok(!text.includes(secret), `${door.route} shows ${secret}: ${text.slice(0, 300)}`);
        }
      });
    });
  });

  for (const scope of tokenScope.options) {
    test(`${scope} opens what it is for, and nothing else`, async () => {
      const bearer = await tokenOf(world.a, scope);
      const closed = byToken.filter(({ scopes }) => !scopes.includes(scope));
      await unchanged(scope, async () => {
        await each(closed, async (door) => assert.equal((await send(door, alpha, bearer)).status, 403, `${door.route} with ${scope}`));
      });
      for (const door of byToken.filter(({ scopes }) => scopes.includes(scope))) {
        const { status, text } = await send(door, alpha, bearer);
        assert.ok(status < 500 && ![401, 403, 404].includes(status), `${door.route} with ${scope}: ${status} ${text.slice(0, 300)}`);
      }
    });
  }

  test("a login may what its member's role may, now and after the role changed", async () => {
    for (const name of role.options) {
      const { secret, userId } = await loginOf(name);
      const scopes = async () => {
        const answer = await fetch(`${ingest.url}/api/v1/token`, { headers: { Authorization: `Bearer ${secret}` } });
        return ((await answer.json()) as { scopes: string[] }).scopes;
      };
      assert.deepEqual(
        await scopes(),
        loginScopes.filter((scope) => roleMay(name, scope)),
      );
      await world.rows("UPDATE memberships SET role = 'viewer' WHERE user_id = $1", userId);
      assert.deepEqual(
        await scopes(),
        loginScopes.filter((scope) => roleMay("viewer", scope)),
        `${name}, now a viewer`,
      );
    }
  });
});

describe("by client key", () => {
  test("no key, none of ours, a disabled one and a deleted project's are refused everywhere", async () => {
    const disabled = await world.a.db.clientKeys.create({ projectSlug: alpha.project, name: "disabled" });
    assert.ok(disabled !== null);
    await world.a.db.clientKeys.update({ keyId: disabled.id, disabled: true });
    const gone = await world.a.db.projects.create({ name: "Gone" });
    assert.ok(typeof gone === "object");
    await world.a.db.projects.delete({ projectSlug: gone.slug, confirmSlug: gone.slug });
    await unchanged("a refused key", async () => {
      for (const door of byKey) {
        const inPath = door.route.endsWith("/:key");
        if (!inPath) assert.equal((await send(door, alpha, null)).status, 401, `${door.route} without a key`);
        const wrong: Reply[] = [await send(door, alpha, "0".repeat(32)), await send(door, alpha, gone.publicKey)];
        if (door.project === "named") wrong.push(await send(door, alpha, world.b.publicKey), await send(door, beta, disabled.publicKey));
        for (const answer of wrong) assert.deepEqual(answer, { status: 403, text: wrong[0]?.text }, door.route);
        // Who has a key of the project is told what became of it.
        const told = await send(door, alpha, disabled.publicKey);
        assert.deepEqual([told.status, /the client key is disabled/.test(told.text)], [403, true], door.route);
        const open = await send(door, alpha, world.a.publicKey.replace(/^./, "z"));
        assert.equal(open.status, 400, `${door.route} with what cannot be a key`);
      }
    });
  });

  test("another organization's key reaches its own project alone, whatever ids are named", async () => {
    await unchanged("another organization's key", async () => {
      const { projectId } = beta;
      for (const door of byKey) {
        const answer = await send(door, { ...alpha, projectId }, world.b.publicKey);
        if (door.names === "rows") {
          const never = nothings();
          assert.equal(answer.status, 404, door.route);
          assert.deepEqual(answer, await send(door, { ...never, projectId }, world.b.publicKey), door.route);
        } else assert.ok(![401, 403, 404].includes(answer.status), `${door.route}: ${answer.status} ${answer.text}`);
        for (const secret of secretsOf(alpha)) assert.ok(!answer.text.includes(secret), `${door.route} shows ${secret}`);
      }
    });
    assert.ok(ingest.pokes.includes(world.b.projectId));
  });
});

describe("signed links", () => {
  const dump = (crashId: string, ticket: string) =>
    fetch(`${ingest.url}/api/v1/crashes/${crashId}/dump?ticket=${encodeURIComponent(ticket)}`);

  test("an attachment comes as it was sent, by token and by link, only to be saved", async () => {
    const noted = () =>
      world
        .rows("SELECT id FROM audit_entries WHERE action = 'attachment.download' AND subject = $1", alpha.crashId)
        .then(({ length }) => length);
    const before = await noted();
    const path = `${ingest.url}/api/v1/crashes/${alpha.crashId}/attachments/${alpha.attachmentId}`;
    const made = await world.a.db.crashes.dumpTicket({ crashId: alpha.crashId });
    assert.ok(typeof made === "object");
    const token = { headers: { Authorization: `Bearer ${await tokenOf(world.a, "dump:download")}` } };
    for (const answer of [await fetch(path, token), await fetch(`${path}?ticket=${made.ticket}`)]) {
      assert.equal(answer.status, 200);
      assert.equal(await answer.text(), "what happened");
      assert.equal(answer.headers.get("content-type"), "application/octet-stream");
      assert.equal(answer.headers.get("content-disposition"), 'attachment; filename="app.log"');
    }
    assert.equal((await fetch(`${path}?ticket=${made.ticket}`)).status, 403, "the link was used");
    assert.equal((await fetch(`${ingest.url}/api/v1/crashes/${alpha.crashId}/attachments/${beta.attachmentId}`, token)).status, 404);
    assert.equal((await fetch(path, { ...token, method: "HEAD" })).status, 405);
    assert.equal(await noted(), before + 2);
  });

  test("a dump's link is for one crash, once, and not for long; every other answer is the same", async () => {
    const make = async (tenant: Tenant, crashId: string) => {
      const made = await tenant.db.crashes.dumpTicket({ crashId });
      assert.ok(typeof made === "object");
      return made.ticket;
    };
    const used = await make(world.a, alpha.crashId);
    assert.equal((await dump(alpha.crashId, used)).status, 200);
    const late = await make(world.a, alpha.crashId);
    await world.rows("UPDATE api_tokens SET expires_at = now() - interval '1 second' WHERE kind = 'dump_ticket' AND used_at IS NULL");
    const foreign = await make(world.b, beta.crashId);
    const upload = await world.a.db.uploads.ticket({});
    assert.ok(typeof upload === "object");
    const words = new Set<string>();
    for (const ticket of [used, late, foreign, upload.ticket, "0".repeat(43), "", await tokenOf(world.a, "dump:download")]) {
      const answer = await dump(alpha.crashId, ticket);
      assert.equal(answer.status, 403);
      words.add(await answer.text());
    }
    assert.equal(words.size, 1);
    assert.equal((await dump(beta.crashId, foreign)).status, 200, "and it was not used up by the try");
  });

  test("an address that takes a file takes it by its own secret alone", async () => {
    const addressOf = async (tenant: Tenant) => {
      const headers = { Authorization: `Bearer ${await tokenOf(tenant, "debug-file:write")}` };
      const made = await fetch(`${ingest.url}/symupload/v1/uploads:create`, { method: "POST", headers });
      return new URL(((await made.json()) as { uploadUrl: string }).uploadUrl);
    };
    const [ours, theirs] = [await addressOf(world.a), await addressOf(world.b)];
    await unchanged("a wrong secret", async () => {
      for (const search of [theirs.search, "", "?ticket=", "?ticket=0", `${ours.search}0`]) {
        assert.equal((await fetch(ingest.url + ours.pathname + search, { method: "PUT", body: "x" })).status, 403, search);
      }
    });
    assert.equal((await fetch(ingest.url + ours.pathname + ours.search, { method: "PUT", body: "x" })).status, 200);
  });
});

test("doors that are open show and change nothing of anybody's", async () => {
  await unchanged("an open door", async () => {
    for (const door of doors.filter(({ by }) => by === "open")) {
      const { text } = await send(door, alpha, null);
      for (const secret of secretsOf(alpha)) assert.ok(!text.includes(secret), `${door.route} shows ${secret}`);
    }
  });
});

test("no answer is a page, or may be taken for one", async () => {
  const bearer = await tokenOf(world.a, ...tokenScope.options);
  await each(doors, async (door) => {
    for (const secret of [null, door.by === "key" ? world.a.publicKey : bearer]) {
      const answer = await ask(door, alpha, secret);
      if ((await answer.arrayBuffer()).byteLength === 0) continue;
      const what = `${door.route}: ${answer.status}`;
      assert.equal(answer.headers.get("x-content-type-options"), "nosniff", what);
      assert.match(answer.headers.get("content-type") ?? "", /^(application\/(json|octet-stream)|text\/plain)\b/, what);
    }
  });
});

test("no secret that was sent stands in the log", async () => {
  const [door] = byToken.filter(({ inPath }) => inPath);
  assert.ok(door !== undefined);
  const secret = await tokenOf(world.a, "crash:read");
  await send(door, alpha, secret);
  await fetch(`${ingest.url}/api/v1/crashes/${alpha.crashId}?ticket=${secret}&token=${secret}&key=${secret}`);
  const log = ingest.lines.join("");
  assert.ok(log.includes("/symbols/"), "the requests are in the log");
  assert.ok(!log.includes(secret));
});

/** A machine that a new member of alpha with this role signed in. */
async function loginOf(name: (typeof role.options)[number]): Promise<{ secret: string; userId: string }> {
  const userId = randomUUID();
  await world.rows("INSERT INTO users (id, email, name) VALUES ($1::uuid, $1::text || '@example.org', 'Person')", userId);
  await world.rows("INSERT INTO memberships (organization_id, user_id, role) VALUES ($1, $2, $3)", world.a.organizationId, userId, name);
  const { secret, userCode } = await world.gate.deviceCodes.create({ clientName: `of ${name}` });
  assert.ok(typeof (await world.gate.deviceCodes.approve(userId, userCode, "alpha")) === "object");
  return { secret, userId };
}

test("behind TLS every answer tells browsers to come by TLS alone, those for uploaders and the dashboard's as well", async (t) => {
  const { system: db, gate } = world;
  const tls = await startIngest(t, { db, gate, publicUrl: "https://crashes.example" });
  for (const path of ["/api/v1/token", "/health", "/no-such-page", "/api/1/minidump/"]) {
    assert.match((await fetch(tls.url + path)).headers.get("strict-transport-security") ?? "", /^max-age=\d{8}$/, path);
    assert.equal((await fetch(ingest.url + path)).headers.get("strict-transport-security"), null, `${path} without TLS`);
  }
});
