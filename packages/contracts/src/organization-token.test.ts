import assert from "node:assert/strict";
import { test } from "node:test";
import { organizationToken, readOrganizationToken } from "./organization-token.ts";

const about = { url: "https://crashes.example", organizationSlug: "acme", issuedAt: new Date("2026-01-02T03:04:05Z") };

test("a token says where it belongs, in three parts as sentry-cli splits them", () => {
  const token = organizationToken("0123abcXYZ", about);
  const parts = token.split("_");
  assert.equal(parts.length, 3);
  assert.equal(parts[0], "sntrys");
  assert.equal(parts[2], "0123abcXYZ");
  assert.deepEqual(JSON.parse(atob(parts[1] ?? "")), { iat: 1767323045, url: about.url, region_url: about.url, org: "acme" });
  assert.deepEqual(readOrganizationToken(token), { url: about.url, organizationSlug: "acme" });
});

test("what says nothing of itself is no such token", () => {
  for (const token of ["", "0123abcXYZ", "sntrys_", "sntrys_e30=_x", "sntrys_!!_x", `sntrys_${btoa("[1]")}_x`, `sntrys_${btoa("{")}_x`])
    assert.equal(readOrganizationToken(token), null, token);
});
