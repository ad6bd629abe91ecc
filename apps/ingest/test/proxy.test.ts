/** What ingest does not answer goes to the dashboard, as it is, both ways. */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { curl, dumpOf, raw, startIngest, waitFor } from "./harness.ts";
import { createMemoryDb } from "./memory-db.ts";

async function start(t: TestContext, web?: (request: IncomingMessage, response: ServerResponse) => void) {
  const memory = createMemoryDb();
  if (web === undefined) return startIngest(t, { db: memory.db, gate: memory.gate });
  const server = createServer(web);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return startIngest(t, { db: memory.db, gate: memory.gate, webUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
}

async function textOf(request: IncomingMessage): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(request as AsyncIterable<Buffer>));
}

test("method, path, query, body, status, cookies and redirects pass unchanged", async (t) => {
  const seen: { method?: string | undefined; url?: string | undefined; headers: IncomingMessage["headers"]; body: string }[] = [];
  const ingest = await start(t, async (request, response) => {
    seen.push({ method: request.method, url: request.url, headers: request.headers, body: (await textOf(request)).toString() });
    response.writeHead(307, {
      Location: "/sign-in?x=%20",
      "Set-Cookie": ["a=1; HttpOnly", "b=2"],
      "X-Powered": "web",
      "Keep-Alive": "timeout=1",
    });
    response.end("moved");
  });
  const answer = await fetch(`${ingest.url}/api/trpc/x.y?batch=1&input=%7B%7D`, {
    method: "PUT",
    body: "hello",
    redirect: "manual",
    headers: { "X-Forwarded-For": "6.6.6.6", "X-Forwarded-Proto": "https", Forwarded: "for=6.6.6.6", Cookie: "c=3" },
  });
  assert.equal(answer.status, 307);
  assert.equal(answer.headers.get("location"), "/sign-in?x=%20");
  assert.deepEqual(answer.headers.getSetCookie(), ["a=1; HttpOnly", "b=2"]);
  assert.equal(await answer.text(), "moved");
  const [request] = seen;
  assert.ok(request !== undefined);
  assert.equal(request.method, "PUT");
  assert.equal(request.url, "/api/trpc/x.y?batch=1&input=%7B%7D");
  assert.equal(request.body, "hello");
  assert.equal(request.headers.cookie, "c=3");
  assert.equal(request.headers.host, `127.0.0.1:${ingest.port}`);
  assert.equal(request.headers["x-forwarded-for"], "127.0.0.1", "a sender cannot claim another address");
  assert.equal(request.headers["x-forwarded-proto"], "http");
  assert.equal(request.headers["x-forwarded-host"], `127.0.0.1:${ingest.port}`);
  assert.equal(request.headers.forwarded, undefined);
  assert.equal(request.headers["x-request-id"], answer.headers.get("x-request-id"));
});

test("a large body streams up, a large answer streams down", async (t) => {
  const big = dumpOf(5_000_000);
  const ingest = await start(t, async (request, response) => {
    const body = await textOf(request);
    response.end(body.equals(big) ? big : "wrong");
  });
  const answer = await fetch(`${ingest.url}/acme/files`, { method: "POST", body: new Uint8Array(big) });
  assert.ok(Buffer.from(await answer.arrayBuffer()).equals(big));
  const file = join(ingest.blobDir, "big");
  await writeFile(file, big);
  const asked = await curl(
    "--data-binary",
    `@${file}`,
    "-H",
    "Expect: 100-continue",
    "-o",
    "/dev/null",
    "-w",
    "%{http_code} %{size_download}",
    `${ingest.url}/acme/files`,
  );
  assert.deepEqual([asked.status, asked.type], [200, String(big.length)]);
});

test("an answer that comes in pieces arrives in pieces", async (t) => {
  let next: () => void = () => undefined;
  const ingest = await start(t, (_request, response) => {
    response.writeHead(200, { "Content-Type": "text/event-stream" });
    response.write("data: one\n\n");
    next = () => response.end("data: two\n\n");
  });
  const answer = await fetch(`${ingest.url}/events`);
  const reader = answer.body?.getReader();
  assert.ok(reader !== undefined);
  assert.equal(Buffer.from((await reader.read()).value ?? []).toString(), "data: one\n\n");
  next();
  assert.equal(Buffer.from((await reader.read()).value ?? []).toString(), "data: two\n\n");
});

test("the dashboard down: 502 in words; dying within an answer: the connection ends", async (t) => {
  const down = await start(t);
  const answer = await fetch(`${down.url}/projects`);
  assert.equal(answer.status, 502);
  assert.match(answer.headers.get("content-type") ?? "", /text\/html/);
  assert.match(await answer.text(), /The dashboard is not answering/);
  const posted = await fetch(`${down.url}/projects`, { method: "POST", body: new Uint8Array(100_000) });
  assert.equal(posted.status, 502);
  await posted.text();

  const dying = await start(t, (_request, response) => {
    response.writeHead(200, { "Content-Length": 100 });
    response.write("half");
    setTimeout(() => response.destroy(), 50);
  });
  await assert.rejects(fetch(`${dying.url}/x`).then((each) => each.text()));
});

test("a connection that the dashboard ends as it is used again is not a failure", async (t) => {
  const used = new WeakMap<object, number>();
  const ingest = await start(t, (request, response) => {
    const times = (used.get(request.socket) ?? 0) + 1;
    used.set(request.socket, times);
    if (times > 1) request.socket.destroy();
    else response.end("fine");
  });
  for (let i = 0; i < 5; i++) {
    const answer = await fetch(`${ingest.url}/page`);
    assert.deepEqual([answer.status, await answer.text()], [200, "fine"]);
  }
});

test("a browser that goes away ends the request at the dashboard", async (t) => {
  let closed = false;
  const ingest = await start(t, (_request, response) => {
    response.once("close", () => {
      closed = true;
    });
  });
  const controller = new AbortController();
  const pending = fetch(`${ingest.url}/slow`, { signal: controller.signal }).catch(() => null);
  await new Promise((resolve) => setTimeout(resolve, 100));
  controller.abort();
  await pending;
  await waitFor("closed at the dashboard", () => closed);
});

test("what belongs to ingest never reaches the dashboard", async (t) => {
  const urls: (string | undefined)[] = [];
  const ingest = await start(t, (request, response) => {
    urls.push(request.url);
    response.end("web");
  });
  for (const path of ["/api/v1/nothing", "/api/42/nothing/", "//api//v1/x", "/api/v1"]) {
    const answer = await fetch(ingest.url + path);
    assert.equal(answer.status, 404, path);
    assert.deepEqual(await answer.json(), { detail: "there is no such route" });
  }
  assert.equal((await fetch(`${ingest.url}/health`)).status, 200);
  const metrics = await (await fetch(`${ingest.url}/metrics`)).text();
  assert.match(metrics, /salvage_ingest_http_request_seconds_bucket/);
  assert.deepEqual(urls, []);
  assert.equal(await (await fetch(`${ingest.url}/api/auth/session`)).text(), "web");
  assert.match(await raw(ingest.port, ["GET http://evil.example/path HTTP/1.1\r\nHost: h\r\n\r\n"], /web/), /200 OK/);
  assert.deepEqual(urls, ["/api/auth/session", "/path"]);
});
