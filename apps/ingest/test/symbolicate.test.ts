/** `/symbolicate/v5`: names of addresses by the organization's own lookup files. */
import assert from "node:assert/strict";
import { after, before, type TestContext, test } from "node:test";
import type { TokenScope } from "@salvage/contracts";
import { fixture, publishFile } from "./debug-files.ts";
import { type Harness, startIngest } from "./harness.ts";
import { startTenants, type Tenant, type Tenants } from "./tenants.ts";

let world: Tenants;
before(async () => {
  world = await startTenants();
});
after(() => world?.stop());

const tokenOf = async (tenant: Tenant, scope: TokenScope = "debug-file:read") =>
  (await tenant.db.tokens.create({ name: "profiler", scopes: [scope] })).token;
const start = (t: TestContext) => startIngest(t, { db: world.system, gate: world.gate });
const ask = (ingest: Harness, token: string | null, body: unknown) =>
  fetch(`${ingest.url}/symbolicate/v5`, {
    method: "POST",
    headers: token === null ? {} : { Authorization: `Bearer ${token}` },
    body: JSON.stringify(body),
  });

const id = "1E9E78AD42E76F0A1735FC95B8FE3CEA0";
const symbols = `MODULE Linux x86_64 ${id} driftwood
FILE 0 /src/main.cc
FILE 1 /src/list.h
INLINE_ORIGIN 0 List::push(int)
FUNC 1000 40 0 Game::run()
INLINE 0 12 0 0 1010 10
1000 10 10 0
1010 10 44 1
1020 20 13 0
PUBLIC 2000 0 _ZN4Game4stopEv
`;

test("functions, files, lines and inlined calls, once per address, in the original's form", async (t) => {
  const ingest = await start(t);
  await publishFile(
    { blobs: ingest.blobs, db: world.system, organizationId: world.a.organizationId },
    "driftwood.sym",
    Buffer.from(symbols),
  );
  const other: [string, string] = ["libc.so.6", "F".repeat(33)];
  const unused: [string, string] = ["libm.so.6", "E".repeat(33)];
  const job = {
    memoryMap: [["driftwood", id], other, unused],
    stacks: [
      [
        [0, 0x1012],
        [0, 0x1022],
        [1, 16],
        [-1, 99],
      ],
      [
        [0, 0x1022],
        [0, 0x9000],
      ],
    ],
  };
  const token = await tokenOf(world.a);
  const answer = await ask(ingest, token, job);
  assert.equal(answer.status, 200);
  const expected = {
    stacks: [
      [
        {
          frame: 0,
          module: "driftwood",
          module_offset: "0x1012",
          function: "Game::run()",
          file: "/src/main.cc",
          line: 12,
          function_offset: "0x12",
          inlines: [{ function: "List::push(int)", file: "/src/list.h", line: 44 }],
        },
        {
          frame: 1,
          module: "driftwood",
          module_offset: "0x1022",
          function: "Game::run()",
          file: "/src/main.cc",
          line: 13,
          function_offset: "0x22",
        },
        { frame: 2, module: "libc.so.6", module_offset: "0x10" },
        { frame: 3, module: "<unknown>", module_offset: "0x63" },
      ],
      [
        {
          frame: 0,
          module: "driftwood",
          module_offset: "0x1022",
          function: "Game::run()",
          file: "/src/main.cc",
          line: 13,
          function_offset: "0x22",
        },
        { frame: 1, module: "driftwood", module_offset: "0x9000", function: "Game::stop()", function_offset: "0x7000" },
      ],
    ],
    found_modules: { [`driftwood/${id}`]: true, [other.join("/")]: false, [unused.join("/")]: null },
  };
  assert.deepEqual(await answer.json(), { results: [expected] });
  assert.deepEqual(await (await ask(ingest, token, { jobs: [job, job] })).json(), { results: [expected, expected] });
});

test("another organization's files name nothing", async (t) => {
  const ingest = await start(t);
  const answer = await ask(ingest, await tokenOf(world.b), { memoryMap: [["driftwood", id]], stacks: [[[0, 0x1012]]] });
  const { results } = (await answer.json()) as { results: { stacks: unknown; found_modules: unknown }[] };
  assert.deepEqual(results[0], {
    stacks: [[{ frame: 0, module: "driftwood", module_offset: "0x1012" }]],
    found_modules: { [`driftwood/${id}`]: false },
  });
});

test("wrong tokens and questions are told", async (t) => {
  const ingest = await start(t);
  const one = { memoryMap: [["a", id]], stacks: [[[0, 1]]] };
  const token = await tokenOf(world.a);
  const frames = Array.from({ length: 11_000 }, (_, i) => [0, i]);
  const statuses = [
    await ask(ingest, null, one),
    await ask(ingest, "nonsense", one),
    await ask(ingest, await tokenOf(world.a, "crash:read"), one),
    await ask(ingest, token, { memoryMap: [], stacks: [[[3, 1]]] }),
    await ask(ingest, token, { memoryMap: [["a", id]], stacks: [[[0, -1]]] }),
    await ask(ingest, token, { jobs: Array.from({ length: 11 }, () => one) }),
    await ask(ingest, token, { memoryMap: [["a", id]], stacks: [frames, frames] }),
    await ask(ingest, token, "[".repeat(100_000)),
  ];
  assert.deepEqual(
    statuses.map((answer) => answer.status),
    [401, 401, 403, 400, 400, 400, 400, 400],
  );
  for (const answer of statuses) assert.equal(typeof ((await answer.json()) as { error: unknown }).error, "string");
});

test("a damaged lookup file names nothing, and the others still do", async (t) => {
  const ingest = await start(t);
  const store = { blobs: ingest.blobs, db: world.system, organizationId: world.a.organizationId };
  const [bad, good] = ["A".repeat(32).concat("0"), "B".repeat(32).concat("0")];
  const damaged = await publishFile(store, "bad.sym", Buffer.from(symbols.replace(id, bad)));
  await publishFile(store, "good.sym", Buffer.from(symbols.replace(id, good)));
  await ingest.blobs.put(damaged.symcache?.blobKey ?? "", [Buffer.from("no lookup file")]);
  const answer = await ask(ingest, await tokenOf(world.a), {
    memoryMap: [
      ["x", bad],
      ["y", good],
    ],
    stacks: [
      [
        [0, 0x1000],
        [1, 0x1000],
      ],
    ],
  });
  const { results } = (await answer.json()) as { results: { stacks: { function?: string }[][] }[] };
  assert.deepEqual(
    results[0]?.stacks[0]?.map((frame) => frame.function),
    [undefined, "Game::run()"],
  );
});

test("a real PDB's functions", async (t) => {
  const ingest = await start(t);
  const store = { blobs: ingest.blobs, db: world.system, organizationId: world.a.organizationId };
  const pdb = await publishFile(store, "game.pdb", fixture("formats/windows-x64/game.pdb"));
  const stacks = [Array.from({ length: 1024 }, (_, i) => [0, 0x1000 + i * 4])];
  const answer = await ask(ingest, await tokenOf(world.a), { memoryMap: [["game.pdb", pdb.debugId]], stacks });
  const { results } = (await answer.json()) as { results: { stacks: { function?: string; file?: string }[][] }[] };
  const files = new Set(results[0]?.stacks[0]?.map((frame) => frame.file?.split(/[/\\]/).at(-1)));
  assert.ok(files.has("crash.cpp") && files.has("walk.cpp"), [...files].join(", "));
});
