/** The real clients that `npm run clients:install` gets: Breakpad's tools, App Center's command line, Crashpad's handler. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { finished } from "node:stream/promises";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { demoFiles, repositoryRoot } from "@salvage/launcher";
import { client, needs } from "@salvage/testkit/clients";
import yazl from "yazl";
import { type Installation, startInstallation, until } from "../src/installation.ts";
import { filesOf, runClient } from "../src/run-client.ts";

let salvage: Installation;
let folder: string;
before(async () => {
  salvage = await startInstallation();
  folder = await mkdtemp(join(tmpdir(), "salvage-clients-"));
});
after(async () => {
  await salvage.stop();
  await rm(folder, { recursive: true, force: true });
});

const dump = join(repositoryRoot, demoFiles.secondDump);

async function symbols(name: string, id: string): Promise<string> {
  const path = join(folder, `${name}.sym`);
  await writeFile(path, `MODULE Linux x86_64 ${id.repeat(16)}0 ${name}\nFUNC 1000 10 0 main\n1000 10 1 0\nFILE 0 a.cpp\n`);
  return path;
}

/** Waits for the import of an upload, and compares the file that came of it with what was sent. */
async function isStored(fileName: string, path: string): Promise<void> {
  const files = await until(`${fileName} imported`, 60_000, async () => {
    const found = await filesOf(salvage, fileName);
    return found.length > 0 ? found : null;
  });
  assert.deepEqual(
    files.map((file) => file.sha256),
    [
      createHash("sha256")
        .update(await readFile(path))
        .digest("hex"),
    ],
  );
}

test("sym_upload, version 1: token in the address", needs("sym_upload"), async () => {
  const path = await symbols("one", "A1");
  const run = await runClient(client("sym_upload"), [path, `${salvage.publicUrl}/symupload?key=${salvage.token}`], {});
  assert.equal(run.code, 0, run.output);
  assert.match(run.output, /Successfully sent the symbol file/);
  await isStored("one.sym", path);
  const refused = await runClient(client("sym_upload"), [path, `${salvage.publicUrl}/symupload?key=wrong`], {});
  assert.equal(refused.code, 1);
  assert.match(refused.output, /Response code: 401/);
});

test("sym_upload, version 2: asks, sends, and asks again in vain", needs("sym_upload"), async () => {
  const path = await symbols("two", "A2");
  const send = (key: string) =>
    runClient(client("sym_upload"), ["-p", "sym-upload-v2", "-k", key, path, `${salvage.publicUrl}/symupload/${salvage.projectSlug}`], {});
  const run = await send(salvage.token);
  assert.equal(run.code, 0, run.output);
  assert.match(run.output, /Successfully sent the symbol file/);
  await isStored("two.sym", path);
  const [file] = await filesOf(salvage, "two.sym");
  assert.equal(file?.project_id, salvage.projectId);
  const again = await send(salvage.token);
  assert.match(again.output, /Symbol file already exists, upload aborted/);
  const refused = await send("wrong");
  assert.equal(refused.code, 1, refused.output);
});

test("minidump_upload: the crash is there with its fields", needs("minidump_upload"), async () => {
  const url = `${salvage.publicUrl}/api/${salvage.projectId}/minidump/?sentry_key=${salvage.publicKey}`;
  const run = await runClient(client("minidump_upload"), ["-p", "game", "-v", "1.0", dump, url], {});
  assert.equal(run.code, 0, run.output);
  const id = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/.exec(run.output)?.[0];
  assert.ok(id !== undefined, run.output);
  const [crash] = await salvage.query<{ extra: Record<string, unknown>; sha256: string }>(
    "SELECT extra, sha256 FROM crashes WHERE id = $1",
    [id],
  );
  assert.equal(
    crash?.sha256,
    createHash("sha256")
      .update(await readFile(dump))
      .digest("hex"),
  );
  assert.deepEqual([crash?.extra.prod, crash?.extra.ver], ["game", "1.0"]);
});

test("Crashpad's handler sends a pending report and keeps the crash's id", needs("crashpad-handler"), async () => {
  const script = fileURLToPath(new URL("../src/crashpad-report.py", import.meta.url));
  const url = `${salvage.publicUrl}/api/${salvage.projectId}/minidump/?sentry_key=${salvage.publicKey}`;
  const firstDump = join(repositoryRoot, "fixtures/demo-crash/driftwood-1.0.dmp");
  const id = execFileSync("python3", [script, client("crashpad-handler"), join(folder, "crashpad"), url, firstDump], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  }).trim();
  const [crash] = await salvage.query<{ sha256: string; attachments: string[] }>(
    "SELECT sha256, ARRAY(SELECT file_name FROM crash_attachments a WHERE a.crash_id = c.id) AS attachments FROM crashes c WHERE id = $1",
    [id],
  );
  assert.equal(
    crash?.sha256,
    createHash("sha256")
      .update(await readFile(firstDump))
      .digest("hex"),
  );
  assert.deepEqual(crash?.attachments, ["log.txt"]);
});

test("App Center's command line: announces, puts, commits; a wrong token is told", needs("appcenter"), async (t) => {
  const tls = join(folder, "tls");
  await mkdir(tls);
  const files = ["-keyout", join(tls, "key.pem"), "-out", join(tls, "certificate.pem")];
  const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"];
  execFileSync("openssl", ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", ...files, ...subject], { stdio: "ignore" });
  // The client refuses http: a TLS end in front, as every real installation has one.
  const certificate = { key: await readFile(join(tls, "key.pem")), cert: await readFile(join(tls, "certificate.pem")) };
  const proxy = createServer(certificate, (incoming, outgoing) => {
    const forward = request(`${salvage.publicUrl}${incoming.url}`, { method: incoming.method, headers: incoming.headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(outgoing);
    });
    incoming.pipe(forward);
  }).listen(0);
  await once(proxy, "listening");
  t.after(() => void proxy.close().closeAllConnections());
  const env = {
    APPCENTER_ENDPOINT: `https://localhost:${(proxy.address() as AddressInfo).port}`,
    NODE_EXTRA_CA_CERTS: join(tls, "certificate.pem"),
    HOME: folder,
  };
  const path = await symbols("libgame.so", "A3");
  const zip = new yazl.ZipFile();
  zip.addFile(path, `symbols/libgame.so/${"A3".repeat(16)}0/libgame.so.sym`);
  const zipPath = join(folder, "breakpad.zip");
  const out = createWriteStream(zipPath);
  zip.outputStream.pipe(out);
  zip.end();
  await finished(out);
  const send = (token: string) => {
    const app = `${salvage.orgSlug}/${salvage.projectSlug}`;
    const args = [
      "crashes",
      "upload-symbols",
      "--breakpad",
      zipPath,
      "--app",
      app,
      "--token",
      token,
      "--env",
      "local",
      "--disable-telemetry",
    ];
    return runClient(client("appcenter"), args, env);
  };
  const run = await send(salvage.token);
  assert.equal(run.code, 0, run.output);
  const [transfer] = await salvage.query<{ file_name: string }>(
    "SELECT u.file_name FROM file_transfers t JOIN debug_file_uploads u ON u.id = t.upload_id WHERE t.symbol_type = 'Breakpad'",
  );
  await isStored(transfer?.file_name ?? "", path);
  assert.notEqual((await send("wrong")).code, 0);
});
