/** The walk of walls.test.ts once more with the repositories' own conditions switched off: row-level security alone keeps tenants apart. */
import assert from "node:assert/strict";
import { after } from "node:test";
import { switchFiltersOff } from "@salvage/testkit/without-filters";

const filters = switchFiltersOff();
after(() => {
  assert.ok(filters.rewritten() > 500, `${filters.rewritten()} statements were rewritten`);
});

await import("./walls.test.ts");
