/**
 * What others wrote and we run: only under licences that let the whole be Apache-2.0, installed from the lockfile, and none runs a script while it
 * is installed but those that pnpm-workspace.yaml lists. SALVAGE_LICENCES=1 prints the list.
 */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

type Manifest = {
  name: string;
  version: string;
  license?: string | { type?: string };
  licenses?: { type?: string }[];
  scripts?: Record<string, string>;
};

/** Every installed package, once a version. */
function installed(): Map<string, Manifest> {
  const found = new Map<string, Manifest>();
  const store = join(root, "node_modules/.pnpm");
  for (const folder of readdirSync(store)) {
    const modules = join(store, folder, "node_modules");
    for (const name of list(modules)) {
      for (const path of name.startsWith("@") ? list(join(modules, name)).map((inner) => join(name, inner)) : [name]) {
        const manifest = read(join(modules, path, "package.json"));
        if (manifest !== null) found.set(`${manifest.name}@${manifest.version}`, manifest);
      }
    }
  }
  return found;
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => !name.startsWith("."));
  } catch {
    return [];
  }
}

function read(path: string): Manifest | null {
  try {
    const manifest = JSON.parse(readFileSync(path, "utf8")) as Partial<Manifest>;
    return typeof manifest.name === "string" && typeof manifest.version === "string" ? (manifest as Manifest) : null;
  } catch {
    return null;
  }
}

const licenceOf = ({ license, licenses }: Manifest) =>
  (typeof license === "string" ? license : license?.type) ?? licenses?.map(({ type }) => type).join(" OR ") ?? "none stated";

/** Free to use, change and pass on, also within a program under another licence. */
const permissive = new Set([
  "0BSD",
  "Apache-2.0",
  "BSD-2-Clause",
  "BSD-3-Clause",
  "BlueOak-1.0.0",
  "CC0-1.0",
  "ISC",
  "MIT",
  "MIT-0",
  "Python-2.0",
  "Unlicense",
  "Zlib",
  "PostgreSQL",
  "OFL-1.1",
  "BSD",
]);
/** Others, each with why it is no hindrance; "*" stands for the machine. */
const excused: Readonly<Record<string, string>> = {
  "@axe-core/playwright": "MPL-2.0; looks at pages in tests",
  "axe-core": "MPL-2.0; looks at pages in tests",
  "@img/sharp-libvips-*": "LGPL-3.0; a library of its own beside Next's image service, which is not used",
  "@sentry/cli-*": "FSL-1.1; a client that tests run against the server",
  "caniuse-lite": "CC-BY-4.0; data about browsers, read while the dashboard is built",
  elkjs: "EPL-2.0; part of Prisma's viewer of databases, which is not used",
  "humanize-number": "MIT by its readme; of the S3 server that tests run",
  lightningcss: "MPL-2.0; makes style sheets while the dashboard is built",
  "lightningcss-*": "MPL-2.0; the same for one machine",
  only: "MIT by its project; of the S3 server that tests run",
  "seq-queue": "MIT by its licence file; of Prisma's driver for MySQL, which is not used",
  unionfs: "Unlicense by its licence file; of Temporal's bundler",
};
const excuseOf = (name: string) =>
  Object.entries(excused).find(([known]) => known === name || (known.endsWith("*") && name.startsWith(known.slice(0, -1))))?.[1];

/** `MIT`, `(MIT OR GPL-2.0)`, `MIT AND BSD-3-Clause`. */
function allowed(expression: string): boolean {
  const words = expression.replaceAll(/[()]/g, "").split(/\s+OR\s+/i);
  return words.some((choice) => choice.split(/\s+AND\s+/i).every((licence) => permissive.has(licence.trim())));
}

const packages = installed();

test("every package is under a licence that fits, or is excused by name", () => {
  assert.ok(packages.size > 300, `${packages.size} packages were looked at`);
  const others = [...packages].filter(([, manifest]) => !allowed(licenceOf(manifest)));
  const unexcused = others.filter(([, { name }]) => excuseOf(name) === undefined).map(([id, manifest]) => `${id}: ${licenceOf(manifest)}`);
  assert.deepEqual(unexcused, []);
  const names = others.map(([, { name }]) => name);
  for (const known of Object.keys(excused)) {
    assert.ok(known.endsWith("*") || names.includes(known), `${known} needs no excuse any more`);
  }
  if (process.env.SALVAGE_LICENCES !== undefined) {
    for (const [id, manifest] of [...packages].sort(([a], [b]) => a.localeCompare(b)))
      process.stdout.write(`${id}  ${licenceOf(manifest)}\n`);
  }
});

test("install scripts are those that the workspace lists", () => {
  const workspace = readFileSync(join(root, "pnpm-workspace.yaml"), "utf8");
  const listed = (key: string) =>
    [...(new RegExp(`^${key}:\\n((?: {2}- .*\\n?)+)`, "m").exec(workspace)?.[1] ?? "").matchAll(/- "?([^"\n]+)"?/g)].map(
      ([, name]) => name ?? "",
    );
  const known = new Set([...listed("onlyBuiltDependencies"), ...listed("ignoredBuiltDependencies")]);
  assert.ok(known.size > 0);
  const scripted = [...packages.values()].filter(({ scripts = {} }) =>
    ["preinstall", "install", "postinstall"].some((name) => name in scripts),
  );
  assert.deepEqual([...new Set(scripted.map(({ name }) => name).filter((name) => !known.has(name)))], []);
});

test("the lockfile says where each package comes from and what its bytes are", () => {
  const lock = readFileSync(join(root, "pnpm-lock.yaml"), "utf8");
  const resolutions = [...lock.matchAll(/^ {4}resolution: \{(.*)\}$/gm)].map(([, text]) => text ?? "");
  assert.ok(resolutions.length > 300);
  for (const resolution of resolutions) assert.match(resolution, /^integrity: sha512-/);
});
