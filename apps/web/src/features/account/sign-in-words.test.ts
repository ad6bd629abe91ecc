/** A refused sign-in says what to do, never which part was wrong. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { signInWords } from "./sign-in-words.ts";

test("throttling names the wait", () => {
  assert.match(signInWords("Throttled:30"), /30 seconds/);
  assert.match(signInWords("Throttled:600"), /10 minutes/);
});

test("a wrong pair does not tell which half", () => assert.equal(signInWords("CredentialsSignin"), "E-mail address or password is wrong."));
