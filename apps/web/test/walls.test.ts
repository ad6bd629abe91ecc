/**
 * The dashboard's doors beside what tenancy.test.ts walks: that each is listed, that no change is taken from a page elsewhere, and that signing in
 * tells nobody who has an account. Requests go through the handlers as Next calls them; http.test.ts and walls-http.test.ts have the built server.
 */
import assert from "node:assert/strict";
import crypto from "node:crypto";
import { readdirSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { email as emailInput } from "@salvage/contracts";
import { TRPCError } from "@trpc/server";
import { encode } from "next-auth/jwt";
import { createContext } from "../src/server/context.ts";
import { handleTrpc } from "../src/server/http.ts";
import { appRouter } from "../src/server/routers/index.ts";
import { createCallerFactory } from "../src/server/trpc.ts";
import { samples } from "./samples.ts";
import { startWorld, type Tenant, type World } from "./world.ts";

const createCaller = createCallerFactory(appRouter);
let world: World;
before(async () => {
  world = await startWorld();
});
after(() => world.stop());

test("route handlers are these three; everything else under app/ is a page, which reads by the router", () => {
  const app = join(dirname(dirname(fileURLToPath(import.meta.url))), "src/app");
  const handlers = readdirSync(app, { recursive: true })
    .map(String)
    .filter((path) => /(^|\/)route\.tsx?$/.test(path));
  assert.deepEqual(handlers.toSorted(), [
    // Signing in and out: http.test.ts. Health: says whether the database answers, to anybody. The router: tenancy.test.ts.
    "api/auth/[...nextauth]/route.ts",
    "api/health/route.ts",
    "api/trpc/[trpc]/route.ts",
  ]);
});

describe("changes from elsewhere", () => {
  let tenant: Tenant;
  let cookie: string;
  before(async () => {
    tenant = await world.createTenant();
    const token = await encode({ token: { sessionId: tenant.people.owner.sessionId }, secret: world.services.cookieSecret });
    cookie = `next-auth.session-token=${token}`;
  });

  const procedures = Object.entries(appRouter._def.procedures as unknown as Record<string, { _def: { type: string } }>);
  const mutations = procedures.filter(([, { _def }]) => _def.type === "mutation").map(([path]) => path);
  const own = "http://localhost:4680";
  const json = "application/json";

  const send = (path: string, headers: Record<string, string>, body: string, method = "POST") =>
    handleTrpc(
      new Request(`${own}/api/trpc/${path}`, {
        method,
        headers: { cookie, host: "localhost:4680", ...headers },
        ...(method === "POST" ? { body } : {}),
      }),
      world.services,
    );
  const inputOf = (path: string) => {
    const sample = samples[path];
    const input = sample === undefined ? { token: "x".repeat(43) } : { orgSlug: tenant.orgSlug, ...sample.input(tenant) };
    return JSON.stringify({ json: input });
  };

  test("no mutation is made for a page of another origin, a form, a sandbox, a sibling host, or by a link", async () => {
    const untouched = await world.dump(tenant);
    const forgeries: Record<string, Record<string, string>> = {
      "another site": { origin: "https://evil.example", "content-type": json },
      "another port": { origin: "http://localhost:4681", "content-type": json },
      "an opaque origin": { origin: "null", "content-type": json },
      "another site, by fetch metadata": { "sec-fetch-site": "cross-site", "content-type": json },
      "a sibling host": { "sec-fetch-site": "same-site", "content-type": json },
      "an address that was typed": { "sec-fetch-site": "none", "content-type": json },
      "a form": { "content-type": "application/x-www-form-urlencoded" },
      "a form of plain text": { "content-type": "text/plain" },
      "a form with a file": { "content-type": "multipart/form-data; boundary=x" },
      "a host that is not ours": { origin: "https://evil.example", "content-type": json, "x-forwarded-host": "localhost:4680" },
    };
    assert.ok(mutations.length > 30);
    for (const path of mutations) {
      for (const [what, headers] of Object.entries(forgeries)) {
        assert.equal((await send(path, headers, inputOf(path))).status, 403, `${path} by ${what}`);
      }
      const link = await send(`${path}?input=${encodeURIComponent(inputOf(path))}`, {}, "", "GET");
      assert.ok([400, 405].includes(link.status), `${path} by a link: ${link.status}`);
    }
    assert.equal(await world.dump(tenant), untouched);
    // And the same request from our own page is made.
    assert.equal((await send("projects.create", { origin: own, "content-type": json }, inputOf("projects.create"))).status, 200);
    assert.notEqual(await world.dump(tenant), untouched);
  });
});

describe("who has an account", () => {
  /** Runs work, counting how often a password is hashed. */
  async function hashes(work: () => Promise<unknown>): Promise<number> {
    const { scrypt } = crypto;
    let count = 0;
    crypto.scrypt = ((...input: Parameters<typeof scrypt>) => {
      count++;
      scrypt(...input);
    }) as typeof scrypt;
    syncBuiltinESMExports();
    try {
      await work();
      return count;
    } finally {
      crypto.scrypt = scrypt;
      syncBuiltinESMExports();
    }
  }
  const password = "correct horse battery";

  async function account(): Promise<{ email: string; tenant: Tenant }> {
    const tenant = await world.createTenant();
    const { token } = await world.as(tenant.people.owner.sessionId).invitations.create({ orgSlug: tenant.orgSlug, role: "member" });
    const email = `known-${tenant.orgSlug}@example.org`;
    await world.as(null).invitations.accept({ token, account: { email, name: "Person", password } });
    return { email, tenant };
  }

  test("a wrong password, an account without one and an unknown address cost one hash each and are answered alike", async () => {
    const { users } = world.services.gate;
    const { email } = await account();
    const without = await world.createPerson();
    for (const who of [email, without.email, "nobody-at-all@example.org"]) {
      let answer: unknown;
      assert.equal(await hashes(async () => (answer = await users.verifyPassword(who, "a wrong password", null))), 1, who);
      assert.equal(answer, null);
    }
  });

  test("an unknown address is slowed down as a known one is, and then no password is hashed", async () => {
    const { users } = world.services.gate;
    const { email } = await account();
    const pauses: number[] = [];
    for (const who of [email, "nobody-else@example.org"]) {
      let tries = 1;
      while ((await users.verifyPassword(who, "a wrong password", null)) === null) tries++;
      pauses.push(tries);
      assert.equal(await hashes(() => users.verifyPassword(who, password, null)), 0);
    }
    assert.equal(pauses[0], pauses[1]);
  });

  test("an invitation does not tell one address after the other whether it has an account", async () => {
    const { email, tenant } = await account();
    const { token } = await world.as(tenant.people.owner.sessionId).invitations.create({ orgSlug: tenant.orgSlug, role: "viewer" });
    const codes: string[] = [];
    for (let i = 0; i < 8; i++) {
      const work = world.as(null).invitations.accept({ token, account: { email, name: "x", password } });
      codes.push(
        await work.then(
          () => "let in",
          (error: unknown) => (error instanceof TRPCError ? error.code : String(error)),
        ),
      );
    }
    assert.deepEqual([...new Set(codes)], ["UNAUTHORIZED", "TOO_MANY_REQUESTS"]);
    assert.ok(codes.indexOf("TOO_MANY_REQUESTS") <= 5);
  });

  test("nobody has passwords hashed without an open invitation", async () => {
    const someone = { email: "someone@example.org", name: "x", password };
    const refused = () =>
      world
        .as(null)
        .invitations.accept({ token: "x".repeat(43), account: someone })
        .catch(() => undefined);
    assert.equal(await hashes(refused), 0);
  });
});

describe("addresses of webhooks", () => {
  const spellings = ["127.0.0.1", "2130706433", "0x7f.1", "[::1]", "[::ffff:10.0.0.1]", "169.254.169.254", "192.168.0.1:8080", "localhost"];
  const make = async (url: string, services: Partial<World["services"]> = {}) => {
    const { orgSlug, projectSlug, people } = await world.createTenant();
    const context = createContext({ ...world.services, ...services }, { sessionId: people.owner.sessionId });
    return await createCaller(context).webhooks.create({ orgSlug, projectSlug, url, events: ["issue.new"] });
  };

  test("what is private by its own words is refused at once, with the setting that allows it", async () => {
    for (const host of spellings)
      await assert.rejects(make(`http://${host}/hook`), (error: Error) => {
        assert.ok(error instanceof TRPCError && error.code === "BAD_REQUEST", host);
        return /ALLOW_PRIVATE_WEBHOOKS=1/.test(error.message);
      });
    for (const url of ["ftp://hooks.example/", "javascript:alert(1)", "file:///etc/passwd", "//hooks.example"])
      await assert.rejects(make(url), /An http or https address/, url);
  });

  test("where the operator allows them they are taken", async () => {
    for (const host of spellings) assert.ok((await make(`http://${host}/hook`, { allowPrivateWebhooks: true })).secret, host);
  });
});

describe("twins of an e-mail address", () => {
  test("only ASCII is an address; its case and the blanks around it do not count", () => {
    assert.equal(emailInput.parse("  Kim.Fisk@Example.ORG "), "kim.fisk@example.org");
    assert.equal(emailInput.parse("kim@xn--exmple-cua.org"), "kim@xn--exmple-cua.org");
    const twins = {
      "a Kelvin sign": "\u212Aim@example.org",
      "a full-width letter": "\uFF4Bim@example.org",
      "a Cyrillic letter": "k\u0456m@example.org",
      "a dotless i": "k\u0131m@example.org",
      "an i with its dot": "k\u0130m@example.org",
      "a long s": "kim@\u017Fite.org",
      "a ligature": "\uFB01sk@example.org",
      "a combining accent": "ki\u0301m@example.org",
      "a letter of no width": "ki\u200Bm@example.org",
      "a soft hyphen": "ki\u00ADm@example.org",
      "a mark that turns the direction": "\u202Ekim@example.org",
      "a full-width at": "kim\uFF20example.org",
      "an international domain": "kim@ex\u00E4mple.org",
    };
    for (const [what, twin] of Object.entries(twins)) assert.equal(emailInput.safeParse(twin).success, false, what);
  });

  test("the gate folds nothing else either: a twin is another address, which has no account", async () => {
    const tenant = await world.createTenant();
    const { users } = world.services.gate;
    await world.sql.query("UPDATE users SET email = $2 WHERE id = $1", [tenant.guest.userId, `kim-${tenant.orgSlug}@example.org`]);
    assert.equal((await users.byEmail(`KIM-${tenant.orgSlug}@Example.org`))?.userId, tenant.guest.userId);
    assert.equal(await users.byEmail(`\u212Aim-${tenant.orgSlug}@example.org`), null);
  });

  test("an invitation for an address is not accepted by its twin", async () => {
    const { orgSlug, people } = await world.createTenant();
    const email = `kim-${orgSlug}@example.org`;
    const { token } = await world.as(people.owner.sessionId).invitations.create({ orgSlug, role: "member", email });
    const { invitations } = world.services.gate;
    const twin = { email: email.replace("k", "\u212A"), name: "Kim", password: "correct horse battery" };
    assert.equal(await invitations.accept(token, twin), "other email");
    assert.ok(typeof (await invitations.accept(token, { ...twin, email: email.toUpperCase() })) === "object");
  });
});
