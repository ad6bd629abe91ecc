#!/bin/sh
# The last step of the image's build: what the running parts do not need goes. Run in the root of the tree.
set -e
# Dependencies of the parts and of the command line alone. Next keeps links to them in .next, which stay.
rm -rf node_modules apps/*/node_modules packages/*/node_modules
filters=
for name in ingest web worker cli launcher db core codecs disassembler addresses archives blobs contracts lanes telemetry; do
  filters="$filters --filter @salvage/$name"
done
# shellcheck disable=SC2086
pnpm install --offline --frozen-lockfile --ignore-scripts $filters
rm -rf apps/web/.next/cache packages/testkit packages/system-tests
cd node_modules/.pnpm
# What the workspace's root and the tests bring all the same.
rm -rf @biomejs+* @turbo+* turbo@* typescript@* dependency-cruiser@* playwright-core@* @sparticuz+* axe-core@* @axe-core+* esbuild@* @esbuild+* @types+*
# The database and Temporal run elsewhere.
rm -rf @embedded-postgres+*
# Tools that libraries name for those who develop with them (of Prisma all but its client), and what makes style sheets and images. Next asks for its
# compiler at each start, and stays whole.
rm -rf prisma@* @prisma+studio-core@* @prisma+dev@* @prisma+engines@* @prisma+query-plan-executor@* @prisma+streams-local@* @electric-sql+* effect@* \
  @prisma+schema-engine-wasm@* fast-check@* elkjs@* remeda@* @img+* lightningcss-* caniuse-lite@*
# Icons are in the dashboard's build.
rm -rf lucide-react@*
# Files for debuggers and compilers.
find . -type f \( -name '*.map' -o -name '*.d.ts' -o -name '*.d.mts' -o -name '*.d.cts' \) -delete
# Of the parts that are there once per machine or per kind of database, ours.
for release in @temporalio+core-bridge@*/node_modules/@temporalio/core-bridge/releases/*; do
  case $release in */"$(uname -m)"-unknown-linux-gnu) ;; *) rm -rf "$release" ;; esac
done
find . -path '*/@prisma/client/runtime/query_compiler_*' ! -name '*.postgresql.*' -delete
