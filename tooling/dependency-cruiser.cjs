/**
 * Who may import whom, each rule with its reason. Run by `npm test` (step "dependency rules"); errors from the first commit.
 * The picture behind the rules is in docs/ARCHITECTURE.md.
 */

const tests = "(\\.test\\.tsx?$|/test/|/e2e/|/bench/|/fuzz/)";
const anyApp = "^apps/([^/]+)/";

/** Layers of core, lowest first; a folder sees those before it. `symbolicate` and `unwind` see formats by interface only. */
const coreLayers = [
  ["bytes"],
  ["ids", "cpu", "code", "demangle"],
  ["names"],
  ["minidump", "breakpad", "elf", "pe", "macho", "pdb", "dwarf"],
  ["object"],
  ["symcache"],
  ["unwind", "symbolicate", "cause"],
  ["report"],
];
const above = (layer) =>
  coreLayers
    .slice(layer + 1)
    .flat()
    .join("|");

/** @type {import("dependency-cruiser").IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: "no-cycles",
      comment: "Two modules that need each other are one module, or a third is missing; a cycle also makes load order matter.",
      severity: "error",
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
    },
    {
      name: "not-resolvable",
      comment: "An import that resolves to nothing fails at run time, on somebody else's machine.",
      severity: "error",
      // The fuzzer's packages are installed at its first run, beside it.
      from: { pathNot: "^packages/core/fuzz/" },
      to: { couldNotResolve: true, pathNot: "^(bun|server-only|next/|@next/)" },
    },
    {
      name: "no-app-imports-an-app",
      comment: "Apps are separate processes and meet in contracts: workflows start by name, rows are the truth.",
      severity: "error",
      from: { path: anyApp },
      to: { path: "^apps/", pathNot: "^apps/$1/" },
    },
    {
      name: "packages-do-not-import-apps",
      comment: "A package is used by several apps; what it needs from one of them belongs in a package.",
      severity: "error",
      from: { path: "^packages/" },
      to: { path: "^apps/" },
    },
    {
      name: "core-imports-nothing",
      comment: "Core is pure: no I/O, no dependency, the same on a server, in the CLI and on a laptop (promise 7).",
      severity: "error",
      from: { path: "^packages/core/src/", pathNot: tests },
      to: { pathNot: "^packages/core/src/" },
    },
    ...coreLayers.slice(0, -1).map((folders, layer) => ({
      name: `core-layer-${folders.join("-")}`,
      comment:
        "Core's folders form layers: formats know nothing of symcaches, the walker gets rules through an interface, only report sees all.",
      severity: "error",
      from: { path: `^packages/core/src/(${folders.join("|")})/`, pathNot: tests },
      // The types that symbolicate/lookup.ts and unwind/rules.ts declare are the interfaces themselves: everyone may name them.
      to: {
        path: `^packages/core/src/(${above(layer)})/`,
        dependencyTypesNot: ["type-only"],
        pathNot: "^packages/core/src/(unwind/rules|symbolicate/lookup)\\.ts$",
      },
    })),
    {
      name: "contracts-know-only-zod",
      comment: "Contracts are what everyone agrees on; whatever they import, everyone imports.",
      severity: "error",
      from: { path: "^packages/contracts/src/", pathNot: tests },
      to: { pathNot: "^packages/contracts/src/|node_modules/zod/|node_modules/\\.pnpm/zod@" },
    },
    {
      name: "telemetry-and-blobs-know-no-business",
      comment: "Logging and bytes at rest are below every meaning.",
      severity: "error",
      from: { path: "^packages/(telemetry|blobs)/src/", pathNot: tests },
      to: { path: "^packages/(db|core|lanes|cli|launcher)/" },
    },
    {
      name: "prisma-client-only-in-db",
      comment:
        "Nobody can hold an unscoped database handle: the client never leaves packages/db, and repositories close over an organization.",
      severity: "error",
      from: { path: "^(apps|packages|scripts)/", pathNot: "^packages/db/" },
      to: { path: "@prisma/|^packages/db/src/generated/" },
    },
    {
      name: "db-by-its-doors",
      comment: "packages/db has three doors (., ./system, ./setup); its insides may change.",
      severity: "error",
      from: { pathNot: "^packages/db/" },
      to: {
        path: "^packages/db/src/",
        pathNot: "^packages/db/src/(index|system/index|setup/index|gate/ports|org/ports|system/ports)\\.ts$",
      },
    },
    {
      name: "system-repositories-only-where-named",
      comment:
        "@salvage/db/system crosses tenants and bypasses row-level security: ingest, worker, and tools that set up or repair an installation.",
      severity: "error",
      from: { path: "^(apps|packages)/", pathNot: `^apps/(ingest|worker)/|^packages/(db|launcher|cli|testkit|system-tests)/|${tests}` },
      to: { path: "^packages/db/src/system/" },
    },
    {
      name: "setup-only-for-launcher-cli-and-tests",
      comment: "Making roles and migrating needs the owner's password, which no app has at run time.",
      severity: "error",
      from: { path: "^(apps|packages)/", pathNot: `^packages/(db|launcher|cli|testkit|system-tests)/|${tests}` },
      to: { path: "^packages/db/src/setup/" },
    },
    {
      name: "testkit-only-in-tests",
      comment: "Test helpers pull in browsers and database servers and take short cuts.",
      severity: "error",
      from: { path: "^(apps|packages)/", pathNot: `^packages/(testkit|system-tests)/|${tests}` },
      to: { path: "^packages/testkit/" },
    },
    {
      name: "web-and-ingest-know-no-workflows",
      comment: "They start durable work by the names in contracts; workflow code is bundled by the worker alone.",
      severity: "error",
      from: { path: "^apps/(web|ingest)/|^packages/lanes/src/", pathNot: tests },
      to: { path: "@temporalio/(workflow|worker|activity)" },
    },
    {
      name: "workflows-import-contracts-and-types",
      comment:
        "Workflow code is replayed: it may use contracts, the workflow SDK and the types of activities, nothing that does I/O or changes.",
      severity: "error",
      from: { path: "^apps/worker/src/workflows/", pathNot: tests },
      to: {
        dependencyTypesNot: ["type-only"],
        pathNot: "^apps/worker/src/workflows/|^packages/contracts/|@temporalio/(workflow|common)|node_modules/zod",
      },
    },
    {
      name: "dashboard-parses-no-dumps",
      comment:
        "Core runs on tenants' data in child processes only: the worker's under a watchdog, ingest's for what is read of lookup files.",
      severity: "error",
      from: { path: "^apps/(web|ingest)/", pathNot: `${tests}|^apps/ingest/src/(symbol-server/sym-child|symbolicate/child)\\.ts$` },
      to: { path: "^packages/core/" },
    },
    {
      name: "features-by-their-index",
      comment: "A feature's insides are private: others use what its index.ts gives.",
      severity: "error",
      from: { path: "^apps/web/src/features/([^/]+)/" },
      to: {
        path: "^apps/web/src/features/([^/]+)/",
        pathNot: ["^apps/web/src/features/$1/", "^apps/web/src/features/[^/]+/index\\.tsx?$"],
      },
    },
    {
      name: "pages-use-features-by-their-index",
      comment: "A page puts features together; it does not reach into them.",
      severity: "error",
      from: { path: "^apps/web/src/(app|ui|server)/" },
      to: { path: "^apps/web/src/features/[^/]+/", pathNot: "^apps/web/src/features/[^/]+/index\\.tsx?$" },
    },
    {
      name: "ui-parts-know-no-business",
      comment: "Buttons and tables are used by every feature and know none of them, nor the server.",
      severity: "error",
      from: { path: "^apps/web/src/ui/", pathNot: tests },
      to: { path: "^apps/web/src/(features|server|app)/|^packages/(db|lanes|blobs)/", dependencyTypesNot: ["type-only"] },
    },
    {
      name: "features-do-not-import-the-database",
      comment: "Data reaches a feature through a tRPC procedure, which names its permission.",
      severity: "error",
      from: { path: "^apps/web/src/features/", pathNot: tests },
      to: { path: "^packages/(db|lanes|blobs)/", dependencyTypesNot: ["type-only"] },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules|^packages/db/src/generated/" },
    exclude: { path: "(^|/)(\\.next|dist|\\.toolchain|next-env\\.d\\.ts)" },
    tsPreCompilationDeps: true,
    combinedDependencies: true,
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "node", "default", "types"],
      extensions: [".ts", ".tsx", ".js", ".mjs", ".json"],
    },
  },
};
