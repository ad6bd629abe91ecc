/** What becomes of statements: conditions go, assignments and everything else stay. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { withoutFilters } from "./without-filters.ts";

test("comparisons of an organization are made true, however they are written", () => {
  for (const [statement, expected] of [
    ["SELECT 1 FROM t WHERE organization_id = $1", "SELECT 1 FROM t WHERE (organization_id = $1 OR TRUE)"],
    ["… WHERE f.organization_id = $12::uuid AND f.id = $2", "… WHERE (f.organization_id = $12::uuid OR TRUE) AND f.id = $2"],
    [
      'UPDATE "public"."t" SET "name" = $1 WHERE ("public"."t"."organization_id" = $2 AND "public"."t"."id" = $3)',
      'UPDATE "public"."t" SET "name" = $1 WHERE (("public"."t"."organization_id" = $2 OR TRUE) AND "public"."t"."id" = $3)',
    ],
    [
      "JOIN k ON k.organization_id = w.organization_id AND k.x = w.x",
      "JOIN k ON (k.organization_id = w.organization_id OR TRUE) AND k.x = w.x",
    ],
  ] as const) {
    assert.equal(withoutFilters(statement), expected);
  }
});

test("assignments, columns and other comparisons stay", () => {
  for (const statement of [
    "UPDATE t SET organization_id = $1",
    "INSERT INTO t (organization_id, id) VALUES ($1, $2)",
    "SELECT organization_id FROM t WHERE from_organization_id = $1",
    "SELECT set_config('salvage.organization_id', $1, true)",
  ]) {
    assert.equal(withoutFilters(statement), statement);
  }
});
