/** Real uploaders against a whole installation: what they send is converted, and crashes that waited are upgraded. Light ones; the others are in foreign-clients.long.test.ts. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { finished } from "node:stream/promises";
import { after, before, test } from "node:test";
import { demoFiles, repositoryRoot } from "@salvage/launcher";
import { client, needs } from "@salvage/testkit/clients";
import yazl from "yazl";
import { post } from "../src/crashes.ts";
import { type Installation, startInstallation, until } from "../src/installation.ts";
import { filesOf, runClient, sentryEnvironment } from "../src/run-client.ts";

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

const sha = (kind: "sha1" | "sha256", bytes: Uint8Array) => createHash(kind).update(bytes).digest("hex");

async function fixtures(name: string, ...files: string[]): Promise<string> {
  const place = join(folder, name);
  await mkdir(place, { recursive: true });
  for (const file of files) await copyFile(join(repositoryRoot, file), join(place, file.slice(file.lastIndexOf("/") + 1)));
  return place;
}

const crashState = (id: string) =>
  salvage.query<{ state: string; revision: number }>("SELECT state, revision FROM crashes WHERE id = $1", [id]).then((rows) => rows[0]);

test("sentry-cli-3 --wait brings symbols, and the crash that waited has its names", needs("sentry-cli-3"), async () => {
  const crashId = await post(salvage, 1);
  assert.ok(crashId !== null);
  await until("provisional", 60_000, async () => ((await crashState(crashId))?.state === "provisional" ? true : null));
  const place = await fixtures("three", demoFiles.secondSymbols);
  const env = sentryEnvironment(salvage, folder);
  const first = await runClient(client("sentry-cli-3"), ["debug-files", "upload", "--wait", "--type", "breakpad", place], env);
  assert.equal(first.code, 0, first.output);
  assert.match(first.output, /Uploaded 1 missing debug information file/);
  assert.match(first.output, / OK .*driftwood/);
  const name = demoFiles.secondSymbols.slice(demoFiles.secondSymbols.lastIndexOf("/") + 1);
  const bytes = await readFile(join(repositoryRoot, demoFiles.secondSymbols));
  const [file, ...others] = await filesOf(salvage, name);
  assert.deepEqual(others, []);
  assert.deepEqual([file?.kind, file?.sha256, file?.project_id], ["breakpad", sha("sha256", bytes), salvage.projectId]);
  await until("complete", 60_000, async () => ((await crashState(crashId))?.state === "complete" ? true : null));
  assert.equal((await crashState(crashId))?.revision, 2);
  const again = await runClient(client("sentry-cli-3"), ["debug-files", "upload", place], env);
  assert.match(again.output, /Nothing to upload, all files are on the server/);
});

test("sentry-cli-2 brings program and PDB, which answer for one module", needs("sentry-cli-2"), async () => {
  const place = await fixtures("two", "fixtures/formats/windows-x64/game.exe", "fixtures/formats/windows-x64/game.pdb");
  const env = sentryEnvironment(salvage, folder);
  const first = await runClient(client("sentry-cli-2"), ["debug-files", "upload", "--wait", place], env);
  assert.equal(first.code, 0, first.output);
  const [exe, pdb] = [(await filesOf(salvage, "game.exe"))[0], (await filesOf(salvage, "game.pdb"))[0]];
  assert.deepEqual([exe?.kind, pdb?.kind], ["pe", "pdb"]);
  assert.equal(exe?.debug_id, pdb?.debug_id);
  const again = await runClient(client("sentry-cli-2"), ["debug-files", "upload", place], env);
  assert.match(again.output, /Nothing to upload, all files are on the server/);
});

for (const cli of ["sentry-cli-3", "sentry-cli-2"] as const) {
  test(`${cli} --include-sources: the sources are kept beside the file they belong to`, needs(cli), async () => {
    const place = join(folder, `sources-${cli}`);
    await mkdir(place);
    const source = join(place, "tool.c");
    await writeFile(source, "int main(void) { return 0; }\n");
    const id = (cli === "sentry-cli-3" ? "73" : "72").repeat(16);
    await writeFile(
      join(place, "tool.sym"),
      `MODULE Linux x86_64 ${id}0 ${cli}-tool\nFILE 0 ${source}\nFUNC 1000 10 0 main\n1000 10 1 0\n`,
    );
    const run = await runClient(
      client(cli),
      ["debug-files", "upload", "--wait", "--include-sources", join(place, "tool.sym")],
      sentryEnvironment(salvage, folder),
    );
    assert.equal(run.code, 0, run.output);
    const files = await salvage.query<{ kind: string; features: string[] }>(
      "SELECT kind, features FROM debug_files WHERE debug_id = $1 ORDER BY kind",
      [`${id}0`],
    );
    assert.deepEqual(
      files.map((file) => file.kind),
      ["breakpad", "sourcebundle"],
    );
    assert.deepEqual(files[1]?.features, ["sources"]);
  });
}

test("a PDB that is sent under another age is found under it, and under its own", async () => {
  const bytes = Buffer.concat([await readFile(join(repositoryRoot, "fixtures/formats/windows-x64/game.pdb")), Buffer.alloc(4096)]);
  const [own] = await salvage.query<{ debug_id: string }>("SELECT debug_id FROM debug_files WHERE kind = 'pdb'");
  assert.ok(own !== undefined, "the test above brought one");
  const claimed = `${own.debug_id.slice(0, 32)}7`;
  const api = `${salvage.publicUrl}/api/0`;
  const headers = { authorization: `Bearer ${salvage.token}` };
  const form = new FormData();
  form.append("file", new Blob([bytes]), sha("sha1", bytes));
  assert.equal((await fetch(`${api}/organizations/acme/chunk-upload/`, { method: "POST", headers, body: form })).status, 200);
  const hyphenated = claimed.toLowerCase().replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})(.*)$/, "$1-$2-$3-$4-$5-$6");
  const ask = { [sha("sha1", bytes)]: { name: "game.pdb", debug_id: hyphenated, chunks: [sha("sha1", bytes)] } };
  await until("imported", 60_000, async () => {
    const answer = await fetch(`${api}/projects/acme/${salvage.projectSlug}/files/difs/assemble/`, {
      method: "POST",
      headers,
      body: JSON.stringify(ask),
    });
    const json = (await answer.json()) as Record<string, { state: string; dif: { debugId: string } | null }>;
    const { state, dif } = json[sha("sha1", bytes)] ?? {};
    assert.notEqual(state, "error", JSON.stringify(json));
    if (state === "ok") assert.equal(dif?.debugId, hyphenated);
    return state === "ok" ? true : null;
  });
  const keys = await salvage.query<{ file_key: string }>(
    "SELECT k.file_key FROM debug_file_keys k JOIN debug_files f ON f.id = k.debug_file_id WHERE f.sha256 = $1 ORDER BY 1",
    [sha("sha256", bytes)],
  );
  assert.deepEqual(
    keys.map((key) => key.file_key),
    [own.debug_id, claimed].sort(),
  );
});

test("curl sends a zip as Mozilla's build machines do", needs("curl"), async () => {
  const symbols = `MODULE Linux x86_64 ${"4D".repeat(16)}0 libxul.so\nFUNC 1000 10 0 main\n1000 10 1 0\nFILE 0 a.cpp\n`;
  const zip = new yazl.ZipFile();
  zip.addBuffer(Buffer.from(symbols), `libxul.so/${"4D".repeat(16)}0/libxul.so.sym`);
  const path = join(folder, "target.crashreporter-symbols.zip");
  const out = createWriteStream(path);
  zip.outputStream.pipe(out);
  zip.end();
  await finished(out);
  const send = () =>
    runClient(
      client("curl"),
      ["-sS", "-f", "-H", `Auth-Token: ${salvage.token}-ci`, "-F", `symbols.zip=@${path}`, `${salvage.publicUrl}/upload/`],
      {},
    );
  const run = await send();
  assert.equal(run.code, 0, run.output);
  const { upload } = JSON.parse(run.output) as { upload: { id: string } };
  const state = () => salvage.query<{ state: string }>("SELECT state FROM debug_file_uploads WHERE id = $1", [upload.id]);
  await until("imported", 60_000, async () => ((await state())[0]?.state === "ready" ? true : null));
  const [file] = await filesOf(salvage, "target.crashreporter-symbols.zip");
  assert.deepEqual([file?.name, file?.debug_id, file?.sha256], ["libxul.so", `${"4D".repeat(16)}0`, sha("sha256", Buffer.from(symbols))]);
  const again = JSON.parse((await send()).output) as { upload: { id: string } };
  assert.equal(again.upload.id, upload.id, "the same zip is the same upload");
});
