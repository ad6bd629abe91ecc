/** Addresses name a project and a page, and make breadcrumbs. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { crumbsOf, placeOf } from "./navigation.ts";

const name = (slug: string) => slug.toUpperCase();

test("pages of the organization are no projects", () => {
  assert.deepEqual(placeOf("/acme"), { projectSlug: null, page: null });
  assert.deepEqual(placeOf("/acme/debug-files"), { projectSlug: null, page: "debug-files" });
  assert.deepEqual(placeOf("/acme/game/crashes/1"), { projectSlug: "game", page: "crashes" });
});

test("breadcrumbs follow the address", () => {
  const labels = (path: string) => crumbsOf(path, name).map((crumb) => crumb.label);
  assert.deepEqual(labels("/acme"), ["Projects"]);
  assert.deepEqual(labels("/acme/tokens"), ["API tokens"]);
  assert.deepEqual(labels("/acme/game/settings/webhooks"), ["GAME", "Settings", "Webhooks"]);
  assert.deepEqual(labels("/acme/game/crashes/0195f0aa-1111"), ["GAME", "Crashes", "0195f0aa"]);
  assert.equal(crumbsOf("/acme/game/issues", name).at(-1)?.href, "/acme/game/issues");
});
