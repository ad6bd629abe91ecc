/**
 * The built dashboard over HTTP, as a browser and as an attacker see it: signing in and out, cookies, throttling, revocation, requests
 * forged by other sites, headers, and what an error shows.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Browser, startWeb, type WebServer } from "./server.ts";
import { startWorld, type World } from "./world.ts";

const publicUrl = "http://localhost:4680";
const password = "correct horse battery";

let world: World;
let web: WebServer;
let addresses = 0;
const browser = () => new Browser(web.url, `198.51.100.${++addresses}`);

before(async () => {
  world = await startWorld();
  web = await startWeb(world, publicUrl);
});
after(async () => {
  await web?.stop();
  await world.stop();
});

/** A person with a password, made as people are made: by accepting an invitation. */
async function createAccount(): Promise<{ email: string; orgSlug: string; owner: string }> {
  const { orgSlug, people } = await world.createTenant();
  const { token } = await world.as(people.owner.sessionId).invitations.create({ orgSlug, role: "member" });
  const email = `person-${orgSlug}@example.org`;
  await world.as(null).invitations.accept({ token, account: { email, name: "Person", password } });
  return { email, orgSlug, owner: people.owner.sessionId };
}

const signedIn = async (email: string) => {
  const person = browser();
  assert.equal((await person.signIn(email, password)).error, null);
  assert.equal((await person.query("account.me")).status, 200);
  return person;
};

describe("signing in", () => {
  test("the right password gives a session cookie that scripts and other sites cannot use", async () => {
    const { email } = await createAccount();
    const person = await signedIn(email);
    const line = person.setCookies.findLast((cookie) => cookie.startsWith("next-auth.session-token="));
    assert.match(line ?? "", /; HttpOnly/i);
    assert.match(line ?? "", /; SameSite=Lax/i);
    assert.match(line ?? "", /; Path=\//i);
    const me = (await person.query("account.me")).body.result?.data.json as { email: string } | undefined;
    assert.equal(me?.email, email);
  });

  test("e-mail addresses are read without case and blanks", async () => {
    const { email } = await createAccount();
    assert.equal((await browser().signIn(`  ${email.toUpperCase()} `, password)).error, null);
  });

  test("a wrong password and an unknown address are told alike, and give no session", async () => {
    const { email } = await createAccount();
    const [wrong, unknown] = [browser(), browser()];
    const answers = [await wrong.signIn(email, "wrong password"), await unknown.signIn(`no-${email}`, password)];
    for (const answer of answers) assert.deepEqual({ ...answer, url: "" }, { error: "CredentialsSignin", url: "", status: 401 });
    assert.equal((await wrong.query("account.me")).status, 401);
  });

  test("many wrong passwords are slowed down, and then even the right one must wait", async () => {
    const { email } = await createAccount();
    let throttled: string | null = null;
    for (let attempt = 0; attempt < 30 && throttled === null; attempt++) {
      // From another address each time: it is the account that is guarded here.
      const { error } = await browser().signIn(email, `wrong ${attempt}`);
      if (error?.startsWith("Throttled:")) throttled = error;
    }
    assert.match(throttled ?? "", /^Throttled:\d+$/);
    assert.match((await browser().signIn(email, password)).error ?? "", /^Throttled:/);
  });

  test("after signing in one stays on this origin, whatever the link said", async () => {
    const { email } = await createAccount();
    for (const target of [
      "https://evil.example/",
      "//evil.example",
      "/\\evil.example",
      "http://localhost:4680.evil.example/",
      "javascript:alert(1)",
    ]) {
      const { url } = await browser().signIn(email, password, target);
      assert.equal(new URL(url).origin, publicUrl, target);
    }
    assert.equal((await browser().signIn(email, password, "/acme/projects")).url, `${publicUrl}/acme/projects`);
  });

  test("without the form's token there is no signing in (a forged form)", async () => {
    const { email } = await createAccount();
    const victim = browser();
    await victim.fetch("/api/auth/callback/credentials", { method: "POST", body: new URLSearchParams({ email, password, json: "true" }) });
    assert.equal((await victim.query("account.me")).status, 401);
  });

  test("a huge form, and next-auth's log endpoint, lead nowhere", async () => {
    const stranger = browser();
    const form = { method: "POST", body: new URLSearchParams({ email: "x".repeat(100_000) }) };
    assert.equal((await stranger.fetch("/api/auth/callback/credentials", form)).status, 413);
    const line = { code: "marker-of-a-stranger", level: "error", message: "x" };
    assert.equal((await stranger.fetch("/api/auth/_log", { method: "POST", body: new URLSearchParams(line) })).status, 204);
    assert.ok(!web.output().includes("marker-of-a-stranger"));
  });

  test("no one can sign up", async () => {
    const before = await world.sql.query("SELECT count(*)::int AS n FROM users");
    await browser().signIn("stranger@example.org", password);
    assert.equal((await world.sql.query("SELECT count(*)::int AS n FROM users")).rows[0].n, before.rows[0].n);
  });
});

describe("a session ends", () => {
  test("by signing out: a copy of the cookie is worth nothing", async () => {
    const person = await signedIn((await createAccount()).email);
    const thief = person.copy();
    assert.equal((await thief.query("account.me")).status, 200);
    await person.signOut();
    assert.equal((await person.query("account.me")).status, 401);
    assert.equal((await thief.query("account.me")).status, 401);
    // next-auth's own endpoint knows it too, and takes the cookie away.
    assert.deepEqual(await (await thief.fetch("/api/auth/session")).json(), {});
  });

  test("by a change of password: all others end, this one stays, the old password is worth nothing", async () => {
    const { email } = await createAccount();
    const [here, elsewhere] = [await signedIn(email), await signedIn(email)];
    const wrong = await here.mutate("account.changePassword", { currentPassword: "no", newPassword: "a new long password" }, publicUrl);
    assert.equal(wrong.status, 400);
    const change = await here.mutate(
      "account.changePassword",
      { currentPassword: password, newPassword: "a new long password" },
      publicUrl,
    );
    assert.equal(change.status, 200);
    assert.equal((await here.query("account.me")).status, 200);
    assert.equal((await elsewhere.query("account.me")).status, 401);
    assert.equal((await browser().signIn(email, password)).error, "CredentialsSignin");
    assert.equal((await browser().signIn(email, "a new long password")).error, null);
  });

  test("a cookie of another server's secret, a changed one and none are nobody", async () => {
    const person = await signedIn((await createAccount()).email);
    const cookie = person.cookies.get("next-auth.session-token") ?? "";
    for (const forged of ["", "x", `${cookie.slice(0, -3)}AAA`, "eyJhbGciOiJub25lIn0.eyJzZXNzaW9uSWQiOiJ4In0."]) {
      const thief = browser();
      thief.cookies.set("next-auth.session-token", forged);
      assert.equal((await thief.query("account.me")).status, 401, forged.slice(0, 20));
    }
  });
});

describe("requests that other sites forge", () => {
  test("a change from another origin is refused, from ours it is taken", async () => {
    const { email, orgSlug } = await createAccount();
    const person = await signedIn(email);
    const input = { orgSlug, name: "New project" };
    for (const origin of ["https://evil.example", "null", "http://localhost:4681"]) {
      assert.equal((await person.mutate("projects.create", input, origin)).status, 403, origin);
    }
    assert.equal((await person.mutate("projects.create", input, publicUrl)).status, 200);
  });

  test("a form of another site cannot speak to the router", async () => {
    const { email, orgSlug } = await createAccount();
    const person = await signedIn(email);
    const response = await person.fetch("/api/trpc/projects.create", {
      method: "POST",
      headers: { "content-type": "text/plain" },
      body: JSON.stringify({ json: { orgSlug, name: "Forged" } }),
    });
    assert.equal(response.status, 403);
  });

  test("a change is never made by GET", async () => {
    const { email, orgSlug } = await createAccount();
    const person = await signedIn(email);
    assert.equal((await person.query("projects.create", { orgSlug, name: "By link" })).status, 405);
  });
});

describe("what every answer carries", () => {
  test("pages: a policy with a fresh nonce that the page's scripts have, and no frame", async () => {
    const [one, two] = [await browser().fetch("/sign-in"), await browser().fetch("/sign-in")];
    assert.equal(one.status, 200);
    const nonceOf = (response: Response) =>
      /script-src [^;]*'nonce-([^']+)'/.exec(response.headers.get("content-security-policy") ?? "")?.[1];
    const nonce = nonceOf(one);
    assert.ok(nonce !== undefined && nonce.length >= 20);
    assert.notEqual(nonce, nonceOf(two));
    const html = await one.text();
    const scripts = [...html.matchAll(/<script\b[^>]*>/g)].map(([tag]) => tag);
    assert.ok(scripts.length > 0);
    for (const tag of scripts) assert.ok(tag.includes(`nonce="${nonce}"`), tag);
    assert.match(one.headers.get("content-security-policy") ?? "", /frame-ancestors 'none'/);
    assert.equal(one.headers.get("x-frame-options"), "DENY");
    assert.equal(one.headers.get("x-content-type-options"), "nosniff");
    assert.equal(one.headers.get("referrer-policy"), "same-origin");
    assert.equal(one.headers.get("x-powered-by"), null);
  });

  test("answers of the router are kept by no one", async () => {
    const person = await signedIn((await createAccount()).email);
    assert.equal((await person.fetch("/api/trpc/account.me")).headers.get("cache-control"), "no-store");
  });

  test("with an https origin cookies are Secure and bound to the host", async () => {
    const secure = await startWeb(world, "https://crashes.example");
    try {
      const { email } = await createAccount();
      const person = new Browser(secure.url, "198.51.100.250");
      assert.equal((await person.signIn(email, password)).error, null);
      for (const line of person.setCookies) assert.match(line, /; Secure/i);
      assert.ok(person.cookies.has("__Secure-next-auth.session-token"));
      assert.ok(person.cookies.has("__Host-next-auth.csrf-token"));
      assert.equal((await person.query("account.me")).status, 200);
      const page = await person.fetch("/sign-in");
      assert.match(page.headers.get("strict-transport-security") ?? "", /max-age=\d+/);
    } finally {
      await secure.stop();
    }
  });
});

describe("errors", () => {
  test("a wrong input names its fields", async () => {
    const { email, orgSlug } = await createAccount();
    const person = await signedIn(email);
    const { status, body } = await person.mutate("projects.create", { orgSlug, name: "" }, publicUrl);
    assert.equal(status, 400);
    assert.equal(body.error?.json?.message, "Give a name");
    assert.deepEqual(body.error?.json?.data.fieldErrors, { name: ["Give a name"] });
  });

  test("too many calls in one batch, and a body that is too large, are refused", async () => {
    const person = browser();
    const paths = Array.from({ length: 31 }, () => "account.me").join(",");
    assert.ok((await person.fetch(`/api/trpc/${paths}?batch=1&input=%7B%7D`)).status >= 400);
    const large = await person.mutate("projects.create", { name: "x".repeat(2_000_000) }, publicUrl);
    assert.equal(large.status, 413);
  });

  test("a fault of the server says nothing of its inside, and its request id finds the log line", async () => {
    const { email, orgSlug } = await createAccount();
    const person = await signedIn(email);
    await world.sql.query("ALTER TABLE projects RENAME TO projects_away");
    try {
      const { status, body } = await person.query("projects.list", { orgSlug });
      assert.equal(status, 500);
      const text = JSON.stringify(body);
      assert.doesNotMatch(text, /projects_away|prisma|relation|stack|select/i);
      const requestId = body.error?.json?.data.requestId ?? "";
      assert.match(requestId, /^[\w-]{36}$/);
      assert.ok(web.output().includes(requestId), "the log has the request id");
    } finally {
      await world.sql.query("ALTER TABLE projects_away RENAME TO projects");
    }
  });

  test("the health endpoint answers the launcher", async () => {
    const response = await browser().fetch("/api/health");
    assert.equal(response.status, 200);
    assert.deepEqual(await response.json(), { ready: true });
  });
});

describe("signing a machine in", () => {
  test("the page asks to sign in first and keeps the code; it approves nothing by itself, and nothing from another site", async () => {
    const { email, orgSlug } = await createAccount();
    const { gate } = world.services;
    const { secret, userCode } = await gate.deviceCodes.create({ clientName: "build-7" });
    const stranger = await browser().fetch(`/activate?code=${userCode}`);
    assert.equal(stranger.status, 307);
    assert.equal(new URL(stranger.headers.get("location") ?? "", publicUrl).searchParams.get("callbackUrl"), `/activate?code=${userCode}`);

    const person = await signedIn(email);
    const page = await person.fetch(`/activate?code=${userCode}`);
    assert.equal(page.status, 200);
    assert.match(await page.text(), new RegExp(`value="${userCode}"`));
    assert.equal(await gate.deviceCodes.state(secret), "pending");

    const approval = { userCode, organizationSlug: orgSlug };
    assert.equal((await person.mutate("deviceCodes.approve", approval, "https://elsewhere.example")).status, 403);
    assert.equal(await gate.deviceCodes.state(secret), "pending");
    assert.equal((await person.mutate("deviceCodes.approve", approval, publicUrl)).status, 200);
    assert.ok(typeof (await gate.authorizeToken(secret, "crash:read")) === "object");
  });
});
