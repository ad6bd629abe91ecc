/** Webhooks against a real HTTP server: what is sent, what is refused, and that the signature can be checked. */
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, test } from "node:test";
import type { StoredWebhookDelivery } from "@salvage/db/system";
import { webhookBody, webhookHeaders } from "./message.ts";
import { sendWebhook } from "./send.ts";

const delivery: StoredWebhookDelivery = {
  id: "d1",
  organizationId: "o1",
  projectId: "1",
  projectSlug: "game",
  organizationSlug: "studio",
  url: "http://unused/",
  secret: "whsec",
  disabled: false,
  event: "issue.new",
  attempts: 0,
  state: "pending",
  issue: { id: "i1", signature: "render | main", cause: null, crashes: 3, firstSeenAt: new Date(0) },
  crash: { id: "c1", release: "1.0", crashReason: "SIGSEGV" },
  createdAt: new Date(0),
};

describe("sending", () => {
  let server: Server;
  let base: string;
  const seen: { request: IncomingMessage; body: string }[] = [];
  before(async () => {
    server = createServer(async (request, response) => {
      let body = "";
      for await (const chunk of request) body += chunk;
      seen.push({ request, body });
      const status = Number(/\d+/.exec(request.url ?? "")?.[0] ?? 200);
      response.writeHead(status, status === 302 ? { location: "/200" } : {}).end("x".repeat(100_000));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  after(() => {
    server.closeAllConnections();
    server.close();
  });

  test("a delivery arrives with a signature that the receiver can check", async () => {
    const body = webhookBody(delivery, "https://crashes.example");
    const answer = await sendWebhook({ url: `${base}/200`, headers: webhookHeaders(delivery, body, 1_700_000_000_500), body }, true);
    assert.deepEqual(answer, { status: 200, error: null, refused: false });
    const got = seen.at(-1);
    assert.ok(got);
    const [, time, signature] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(got.request.headers["salvage-signature"])) ?? [];
    assert.equal(time, "1700000000");
    assert.equal(signature, createHmac("sha256", "whsec").update(`${time}.${got.body}`).digest("hex"));
    const json = JSON.parse(got.body);
    assert.equal(json.event, "issue.new");
    assert.equal(json.issue.url, "https://crashes.example/studio/game/issues/i1");
    assert.ok(!got.body.includes("whsec"));
  });

  test("failures say what happened, and redirects are not followed", async () => {
    const before = seen.length;
    assert.match((await sendWebhook({ url: `${base}/500`, headers: {}, body: "{}" }, true)).error ?? "", /answered 500/);
    assert.match((await sendWebhook({ url: `${base}/302`, headers: {}, body: "{}" }, true)).error ?? "", /redirect/);
    assert.equal(seen.length, before + 2);
    const nobody = await sendWebhook({ url: "http://127.0.0.1:1/", headers: {}, body: "{}" }, true);
    assert.equal(nobody.status, null);
    assert.match(nobody.error ?? "", /ECONNREFUSED/);
    assert.equal(nobody.refused, false);
  });

  test("private addresses are refused before anything is sent, by number and by name", async () => {
    const before = seen.length;
    const port = new URL(base).port;
    const hosts = ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "0x7f000001", "2130706433", "[::1]", "0.0.0.0"];
    for (const host of hosts) {
      const answer = await sendWebhook({ url: `http://${host}:${port}/200`, headers: {}, body: "{}" }, false);
      assert.equal(answer.refused, true, host);
      assert.match(answer.error ?? "", /not an address of the public internet/, host);
    }
    const to = (address: string) => ({ address, family: address.includes(":") ? 6 : 4 });
    for (const addresses of [["10.0.0.1"], ["8.8.8.8", "127.0.0.1"], ["2606:4700::1111", "::ffff:7f00:1"], ["169.254.169.254"]]) {
      const answer = await sendWebhook(
        { url: `http://hooks.example:${port}/200`, headers: {}, body: "{}" },
        false,
        (_name, _options, found) => found(null, addresses.map(to)),
      );
      assert.equal(answer.refused, true, addresses.join(", "));
    }
    assert.equal((await sendWebhook({ url: "file:///etc/passwd", headers: {}, body: "" }, true)).refused, true);
    assert.equal(seen.length, before);
  });

  test("a name is looked up once: what a second look-up would say reaches nobody", async () => {
    let lookups = 0;
    const url = `http://rebinding.example:${new URL(base).port}/200`;
    const answer = await sendWebhook({ url, headers: {}, body: "{}" }, true, (_name, _options, found) =>
      found(null, [{ address: lookups++ === 0 ? "127.0.0.1" : "203.0.113.1", family: 4 }]),
    );
    assert.deepEqual([answer.status, lookups], [200, 1]);
    assert.equal(seen.at(-1)?.request.headers.host, new URL(url).host);
  });
});
