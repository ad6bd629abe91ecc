/** The walk of tenancy.test.ts once more with the repositories' own conditions switched off: row-level security alone keeps tenants apart. */
import assert from "node:assert/strict";
import { after } from "node:test";
import { switchFiltersOff } from "@salvage/testkit/without-filters";

const filters = switchFiltersOff();
after(() => {
  assert.ok(filters.rewritten() > 200, `${filters.rewritten()} statements were rewritten`);
});

await import("./tenancy.test.ts");
