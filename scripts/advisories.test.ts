/** `npm run advisories` with a server of the test's own as the registry: what is asked, what is said, and what a machine without network is told. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const script = fileURLToPath(new URL("advisories.mjs", import.meta.url));

test("the registry is asked about every locked package; its last answer serves without it", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "salvage-advisories-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  let asked: Record<string, string[]> = {};
  let answer: object = {};
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const piece of request) body += piece;
    if (request.method !== "POST" || request.url !== "/-/npm/v1/security/advisories/bulk") response.writeHead(405).end();
    else {
      asked = JSON.parse(body);
      response.end(JSON.stringify(answer));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const registry = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const run = async () => {
    const env = { ...process.env, npm_config_registry: registry, SALVAGE_ADVISORIES: join(folder, "kept/advisories.json") };
    const child = spawn(process.execPath, [script], { env, stdio: ["ignore", "pipe", "pipe"] });
    let text = "";
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (piece: string) => (text += piece));
    const [code] = await once(child, "close");
    return { code, text };
  };

  const clean = await run();
  assert.equal(clean.code, 0, clean.text);
  assert.match(clean.text, /^\d{3,} packages, 0 with known vulnerabilities\.$/m);
  assert.ok(Object.keys(asked).length > 300);
  for (const name of ["zod", "@temporalio/client", "next"]) assert.match(asked[name]?.[0] ?? "", /^\d+\.\d+\.\d+$/, name);
  assert.ok(!Object.keys(asked).some((name) => name.startsWith("@salvage/")), "our own are no packages of the registry");

  answer = { zod: [{ title: "Too slow", url: "https://advisories.test/1", severity: "high", vulnerable_versions: "<99" }] };
  const line = /^high {2}zod \d+\.\d+\.\d+ \(vulnerable: <99\): Too slow {2}https:\/\/advisories\.test\/1$/m;
  const found = await run();
  assert.equal(found.code, 1);
  assert.match(found.text, line);

  server.closeAllConnections();
  server.close();
  await once(server, "close");
  const offline = await run();
  assert.equal(offline.code, 1);
  assert.match(offline.text, /^The registry could not be asked \(.*ECONNREFUSED.*\); what follows is its answer of \d{4}-/);
  assert.match(offline.text, line);
  await rm(join(folder, "kept"), { recursive: true });
  const blind = await run();
  assert.equal(blind.code, 2);
  assert.match(blind.text, /^Nobody could be asked: .*ECONNREFUSED/);
});
