/** Every carrier of the key, and what is said about those that cannot be used. */
import assert from "node:assert/strict";
import type { IncomingHttpHeaders } from "node:http";
import { test } from "node:test";
import { AppError } from "../http/app-error.ts";
import { clientKeyOf, projectIdOf } from "./credentials.ts";

const key = "0123456789abcdef0123456789abcdef";
const other = "ffffffffffffffffffffffffffffffff";
const basic = (text: string) => `Basic ${Buffer.from(text).toString("base64")}`;

function keyOf(headers: IncomingHttpHeaders, query = ""): string {
  return clientKeyOf(headers, new URLSearchParams(query));
}

function refusal(headers: IncomingHttpHeaders, query = ""): [number, string, string | null] {
  try {
    keyOf(headers, query);
  } catch (error) {
    assert.ok(error instanceof AppError);
    return [error.status, error.message, error.reason];
  }
  return assert.fail("accepted");
}

test("each carrier", () => {
  assert.equal(keyOf({}, `sentry_key=${key}`), key);
  assert.equal(keyOf({}, `sentry_client=x/1&sentry_key=${key.toUpperCase()}&product=P&guid=G`), key);
  assert.equal(keyOf({ "x-sentry-auth": `Sentry sentry_key=${key}, sentry_version=7, sentry_client=x%2F1` }), key);
  assert.equal(keyOf({ "x-sentry-auth": `sentry sentry_version=7,sentry_key=${key}` }), key);
  assert.equal(keyOf({ authorization: `Sentry sentry_key=${key}` }), key);
  assert.equal(keyOf({ authorization: basic(`${key}:`) }), key);
  assert.equal(keyOf({ authorization: basic(key) }), key);
});

test("two carriers that agree are accepted, two that differ are not", () => {
  assert.equal(keyOf({ "x-sentry-auth": `Sentry sentry_key=${key}` }, `sentry_key=${key}`), key);
  assert.equal(keyOf({ authorization: `Sentry sentry_key=${key}` }, "sentry_version=7"), key);
  assert.deepEqual(refusal({ "x-sentry-auth": `Sentry sentry_key=${other}` }, `sentry_key=${key}`), [
    401,
    "multiple authorization payloads detected",
    "conflicting_credentials",
  ]);
});

test("what cannot be used", () => {
  assert.deepEqual(refusal({}), [401, "missing authorization information", "missing_credentials"]);
  assert.deepEqual(refusal({}, `key=${key}`), [401, "missing authorization information", "missing_credentials"]);
  assert.deepEqual(refusal({ authorization: "Bearer x" }), [401, "missing authorization information", "missing_credentials"]);
  assert.equal(refusal({}, "sentry_version=7")[0], 401);
  assert.equal(refusal({ "x-sentry-auth": "Sentry nonsense" })[0], 401);
  assert.equal(refusal({ "x-sentry-auth": "Sentry sentry_key=%ZZ" })[0], 401);
  assert.equal(refusal({ authorization: "Basic ???" })[0], 401);
  assert.equal(refusal({}, "sentry_key=short")[0], 400);
  assert.equal(refusal({}, `sentry_key=${key}0`)[0], 400);
  assert.equal(refusal({}, `sentry_key=${key}&sentry_version=99`)[0], 400);
});

test("project ids", () => {
  assert.equal(projectIdOf("42"), "42");
  assert.equal(projectIdOf("0042"), "42");
  for (const bad of ["", "x", "1x", "-1", "99999999999999999999", "9223372036854775808", "1.0"])
    assert.throws(() => projectIdOf(bad), AppError, bad);
});
