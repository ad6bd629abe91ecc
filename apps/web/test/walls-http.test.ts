/**
 * The built dashboard's pages and sign-in as an attacker tries them: every page by everybody, the policy that each page carries, where links
 * lead, and sessions that somebody else put into the browser. A new page fails this until it has an address here.
 */
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { role } from "@salvage/contracts";
import { encode } from "next-auth/jwt";
import { Browser, startWeb, type WebServer } from "./server.ts";
import { startWorld, type Tenant, type World } from "./world.ts";

const publicUrl = "http://localhost:4680";
const password = "correct horse battery";

let world: World;
let web: WebServer;
let tenant: Tenant;
let addresses = 0;
const browser = () => new Browser(web.url, `203.0.113.${++addresses}`);

before(async () => {
  world = await startWorld();
  tenant = await world.createTenant();
  web = await startWeb(world, publicUrl);
});
after(async () => {
  await web?.stop();
  await world?.stop();
});

/** A browser that holds a session of this row. */
async function holding(sessionId: string): Promise<Browser> {
  const person = browser();
  person.cookies.set("next-auth.session-token", await encode({ token: { sessionId }, secret: world.services.cookieSecret }));
  return person;
}

/** Page → its address for what is the tenant's; who may see it without being a member. */
const pages: Record<string, { path(of: Tenant): string; for: "everybody" | "whoever signed in" | "members" }> = {
  "": { path: () => "/", for: "whoever signed in" },
  "sign-in": { path: () => "/sign-in", for: "everybody" },
  "invite/[token]": { path: () => `/invite/${"x".repeat(43)}`, for: "everybody" },
  account: { path: () => "/account", for: "whoever signed in" },
  activate: { path: () => "/activate?code=BCDF-GHJK", for: "whoever signed in" },
  ...Object.fromEntries(
    [
      ...["", "/audit", "/debug-files", "/members", "/new-project", "/tokens"],
      ...["", "/first-steps", "/issues", "/crashes", "/processing-issues"].map((path) => `/[project]${path}`),
      ...["", "/client-keys", "/limits", "/refusals", "/webhooks"].map((path) => `/[project]/settings${path}`),
      ...["/[project]/issues/[issueId]", "/[project]/crashes/[crashId]"],
    ].map((page) => [
      `[org]${page}`,
      {
        path: ({ orgSlug, projectSlug, issueId, crashId }: Tenant) =>
          `/${orgSlug}${page.replace("[project]", projectSlug).replace("[issueId]", issueId).replace("[crashId]", crashId)}`,
        for: "members" as const,
      },
    ]),
  ),
};

test("every page is listed", () => {
  const app = join(dirname(dirname(fileURLToPath(import.meta.url))), "src/app");
  const found = readdirSync(app, { recursive: true })
    .map(String)
    .filter((path) => /(^|\/)page\.tsx$/.test(path));
  assert.deepEqual(found.map((path) => path.replace(/\/?page\.tsx$/, "")).toSorted(), Object.keys(pages).toSorted());
});

describe("pages", () => {
  test("nobody sees but the way in", async () => {
    for (const [page, { path, for: whom }] of Object.entries(pages)) {
      const answer = await browser().fetch(path(tenant));
      const text = await answer.text();
      if (whom === "everybody") assert.equal(answer.status, 200, page);
      else {
        assert.equal(answer.status, 307, `${page}: ${text.slice(0, 200)}`);
        assert.match(answer.headers.get("location") ?? "", /^(http:\/\/localhost:4680)?\/sign-in/, page);
      }
      assertShowsNothing(text, page);
    }
  });

  test("another organization's member sees nothing of ours, and no more than of an organization that is not there", async () => {
    const stranger = (await world.createTenant()).people.owner;
    const person = await holding(stranger.sessionId);
    for (const [page, { path, for: whom }] of Object.entries(pages)) {
      if (whom !== "members") continue;
      const answers = [];
      for (const orgSlug of [tenant.orgSlug, "there-is-none"]) {
        const answer = await person.fetch(path({ ...tenant, orgSlug }));
        answers.push(answer.status);
        assertShowsNothing(await answer.text(), page);
      }
      assert.equal(answers[0], answers[1], page);
    }
  });

  for (const name of role.options) {
    test(`${name}: each page comes with a policy that runs no script but its own`, async () => {
      const person = await holding(tenant.people[name].sessionId);
      for (const [page, { path }] of Object.entries(pages)) {
        const answer = await person.fetch(path(tenant));
        assert.ok([200, 307, 308].includes(answer.status), `${page}: ${answer.status}`);
        assertPolicy(answer, await answer.text(), page);
      }
    });
  }

  test("so does what is not there", async () => {
    const person = await holding(tenant.people.owner.sessionId);
    for (const path of ["/no-such-organization/issues", `/${tenant.orgSlug}/no-such-project/crashes`, "/a/b/c/d/e/f"]) {
      const answer = await person.fetch(path);
      assertPolicy(answer, await answer.text(), path);
    }
  });
});

/** Names and ids that stand in rows alone; the tenant's slug and what is in the address are the asker's own words. */
function assertShowsNothing(html: string, page: string): void {
  const { marker, organizationId, keyId, tokenId, uploadId, guest } = tenant;
  const secrets = [`Organization ${marker}`, `Game ${marker}`, `Token ${marker}`, organizationId, keyId, tokenId, uploadId, guest.email];
  for (const secret of secrets) assert.ok(!html.includes(secret), `${page} shows ${secret}`);
}

function assertPolicy(answer: Response, html: string, page: string): void {
  const policy = answer.headers.get("content-security-policy") ?? "";
  const directives = new Map(policy.split("; ").map((line) => [line.split(" ")[0] ?? "", line.split(" ").slice(1)]));
  const scripts = directives.get("script-src") ?? directives.get("default-src") ?? [];
  assert.ok(scripts.length > 0, `${page} has no policy`);
  for (const word of ["'unsafe-inline'", "'unsafe-eval'", "*", "https:", "http:", "data:", "blob:"]) {
    assert.ok(!scripts.includes(word), `${page}: scripts may be ${word}`);
  }
  for (const [name, value] of [
    ["object-src", "'none'"],
    ["base-uri", "'none'"],
    ["form-action", "'self'"],
    ["frame-ancestors", "'none'"],
    ["connect-src", "'self'"],
  ] as const) {
    assert.deepEqual(directives.get(name), [value], `${page}: ${name}`);
  }
  const nonce = scripts.find((word) => word.startsWith("'nonce-"))?.slice(7, -1);
  assert.ok(nonce !== undefined, page);
  for (const [tag] of html.matchAll(/<script\b[^>]*>/g)) assert.ok(tag.includes(`nonce="${nonce}"`), `${page}: ${tag}`);
  assert.doesNotMatch(html.replaceAll(/<script\b[\s\S]*?<\/script>/g, ""), /<[a-z][^>]*\son[a-z]+=/i, `${page} has a handler inline`);
  assert.equal(answer.headers.get("x-frame-options"), "DENY", page);
  assert.equal(answer.headers.get("x-content-type-options"), "nosniff", page);
  assert.equal(answer.headers.get("referrer-policy"), "same-origin", page);
}

describe("links that lead elsewhere", () => {
  const evil = [
    "https://evil.example/",
    "//evil.example",
    "/\\evil.example",
    "/\t/evil.example",
    "http://localhost:4680@evil.example/",
    "javascript:alert(1)",
  ];

  /** Where an answer sends the browser, as the browser reads it. */
  const target = (answer: Response) => {
    const location = answer.headers.get("location");
    return location === null ? null : new URL(location, publicUrl).origin;
  };

  test("no address of ours redirects to another host", async () => {
    const person = await holding(tenant.people.owner.sessionId);
    const paths = [
      ...["//evil.example", "//evil.example/", "/%2f%2fevil.example/", "/%5cevil.example/", "//evil.example/%2e%2e/", "/.//evil.example"],
      ...evil.flatMap((url) =>
        [
          "/sign-in",
          "/api/auth/signin",
          "/api/auth/signin/credentials",
          "/api/auth/signout",
          "/api/auth/error",
          "/api/auth/callback/credentials",
        ].map((path) => `${path}?callbackUrl=${encodeURIComponent(url)}`),
      ),
    ];
    for (const path of paths) {
      for (const visitor of [browser(), person]) {
        const headers = { "x-forwarded-host": "evil.example", "x-forwarded-proto": "https" };
        for (const answer of [await visitor.fetch(path), await visitor.fetch(path, { headers })]) {
          const origin = target(answer);
          assert.ok(origin === null || origin === publicUrl || origin === web.url, `${path} leads to ${origin}`);
        }
      }
    }
  });

  test("a planted cookie does not decide where signing in leads", async () => {
    const { email } = await account();
    for (const url of evil) {
      const victim = browser();
      victim.cookies.set("next-auth.callback-url", encodeURIComponent(url));
      const { csrfToken } = (await (await victim.fetch("/api/auth/csrf")).json()) as { csrfToken: string };
      const answer = await victim.fetch("/api/auth/callback/credentials", {
        method: "POST",
        body: new URLSearchParams({ email, password, csrfToken, json: "true" }),
      });
      const { url: next } = (await answer.json()) as { url: string };
      assert.equal(new URL(next, publicUrl).origin, publicUrl, url);
    }
  });
});

async function account(): Promise<{ email: string }> {
  const { orgSlug, people } = await world.createTenant();
  const { token } = await world.as(people.owner.sessionId).invitations.create({ orgSlug, role: "member" });
  const email = `person-${orgSlug}@example.org`;
  await world.as(null).invitations.accept({ token, account: { email, name: "Person", password } });
  return { email };
}

describe("sessions that somebody else began", () => {
  test("a session put into the browser never becomes the victim's, and ends when they sign in", async () => {
    const [attacker, victim] = [await account(), await account()];
    const attackers = browser();
    assert.equal((await attackers.signIn(attacker.email, password)).error, null);
    const victims = attackers.copy();
    assert.equal((await victims.signIn(victim.email, password)).error, null);
    assert.notEqual(victims.cookies.get("next-auth.session-token"), attackers.cookies.get("next-auth.session-token"));
    const me = (await victims.query("account.me")).body.result?.data.json as { email: string };
    assert.equal(me.email, victim.email);
    assert.equal((await attackers.query("account.me")).status, 401, "what was planted is worth nothing");
  });

  test("signing in again ends the session that this browser had, and no other", async () => {
    const { email } = await account();
    const [here, elsewhere] = [browser(), browser()];
    for (const each of [here, elsewhere]) assert.equal((await each.signIn(email, password)).error, null);
    const old = here.copy();
    assert.equal((await here.signIn(email, "a wrong password")).error, "CredentialsSignin");
    assert.equal((await old.query("account.me")).status, 200, "a wrong password ends nothing");
    assert.equal((await here.signIn(email, password)).error, null);
    assert.equal((await here.query("account.me")).status, 200);
    assert.equal((await old.query("account.me")).status, 401);
    assert.equal((await elsewhere.query("account.me")).status, 200);
  });

  test("nobody is signed out by a link, or by a form without its token", async () => {
    const { email } = await account();
    const person = browser();
    assert.equal((await person.signIn(email, password)).error, null);
    await person.copy().fetch("/api/auth/signout");
    await person.copy().fetch("/api/auth/signout", { method: "POST", body: new URLSearchParams({ json: "true" }) });
    await person
      .copy()
      .fetch("/api/auth/signout", { method: "POST", body: new URLSearchParams({ csrfToken: "0".repeat(64), json: "true" }) });
    assert.equal((await person.query("account.me")).status, 200);
  });
});
