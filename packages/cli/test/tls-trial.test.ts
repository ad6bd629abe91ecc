/** Every way in which a real handshake with a guarded server ends, told apart. No Temporal is needed behind it. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createServer } from "node:http2";
import { type AddressInfo, createServer as createPlainServer } from "node:net";
import { after, before, test } from "node:test";
import { readTemporalSecurity } from "@salvage/lanes";
import { type GuardedTemporal, guardTemporal } from "@salvage/testkit/temporal-tls";
import { tryTls } from "../src/doctor/tls-trial.ts";

const skip = spawnSync("openssl", ["version"]).status === 0 ? false : "openssl is not here to make certificates";
const plain = createServer();
let guard: GuardedTemporal;
let address: string;
let foreign: GuardedTemporal;
before(async () => {
  if (skip !== false) return;
  await new Promise<void>((resolve) => plain.listen(0, "127.0.0.1", resolve));
  const behind = addressOf(plain);
  [guard, foreign] = await Promise.all([guardTemporal(behind), guardTemporal(behind)]);
  address = guard.env.TEMPORAL_ADDRESS ?? "";
});
after(async () => {
  await Promise.all([guard?.stop(), foreign?.stop()]);
  plain.close();
});

const addressOf = (server: { address(): AddressInfo | string | null }) => `127.0.0.1:${(server.address() as AddressInfo).port}`;
const trial = (change: Record<string, string | undefined>, to = address) =>
  tryTls(to, readTemporalSecurity("test", { ...guard.env, ...change }));

test("with all that it wants, nothing is wrong", { skip }, async () => {
  assert.equal(await trial({}), null);
});

test("an authority that nobody named, and another one", { skip }, async () => {
  for (const path of [undefined, foreign.env.TEMPORAL_TLS_SERVER_CA_CERT_PATH]) {
    const refusal = await trial({ TEMPORAL_TLS_SERVER_CA_CERT_PATH: path });
    assert.match(refusal?.what ?? "", /its certificate is not trusted/);
    assert.match(refusal?.todo ?? "", /TEMPORAL_TLS_SERVER_CA_CERT_PATH/);
  }
});

test("a certificate for another name says which", { skip }, async () => {
  for (const name of [undefined, "another.test"]) {
    const refusal = await trial({ TEMPORAL_TLS_SERVER_NAME: name });
    assert.equal(refusal?.what, "its certificate is for another name (DNS:temporal.test)");
    assert.match(refusal?.todo ?? "", /TEMPORAL_TLS_SERVER_NAME/);
  }
});

test("no certificate of the client, and one that the server does not know", { skip }, async () => {
  const none = await trial({ TEMPORAL_TLS_CLIENT_CERT_PATH: undefined, TEMPORAL_TLS_CLIENT_KEY_PATH: undefined });
  assert.match(none?.what ?? "", /it wants a certificate of the client, and none is set/);
  const { TEMPORAL_TLS_CLIENT_CERT_PATH, TEMPORAL_TLS_CLIENT_KEY_PATH } = foreign.env;
  const other = await trial({ TEMPORAL_TLS_CLIENT_CERT_PATH, TEMPORAL_TLS_CLIENT_KEY_PATH });
  assert.match(other?.what ?? "", /it does not accept the client's certificate/);
});

test("TLS where there is none, none where there is, and nobody there", { skip }, async () => {
  assert.match((await trial({}, addressOf(plain)))?.what ?? "", /it does not speak TLS/);
  assert.match((await trial({ TEMPORAL_TLS: "0" }))?.what ?? "", /it wants TLS, and is spoken to without/);
  assert.equal(await trial({ TEMPORAL_TLS: "0" }, addressOf(plain)), null);
  const closed = createPlainServer();
  await new Promise<void>((resolve) => closed.listen(0, "127.0.0.1", resolve));
  const nobody = addressOf(closed);
  await new Promise((resolve) => closed.close(resolve));
  assert.equal(await trial({}, nobody), null);
});
