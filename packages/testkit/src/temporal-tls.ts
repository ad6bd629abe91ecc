/**
 * Temporal as a hosted one is reached, in front of a real one: TLS with a certificate of an authority of its own, which wants a certificate of the
 * client, and an API key with each call.
 */
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { connect, constants, createSecureServer, type IncomingHttpHeaders } from "node:http2";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

export type GuardedTemporal = {
  /** What a part needs in its environment to be let in. */
  env: Record<string, string>;
  /** Calls that came with the key, and calls that came without. */
  counts: { admitted: number; refused: number };
  stop(): Promise<void>;
};

/** Name in the server's certificate; the address is another. */
const serverName = "temporal.test";

/** @param address of the Temporal that does the work. Wants `openssl`. */
export async function guardTemporal(address: string): Promise<GuardedTemporal> {
  const folder = await mkdtemp(join(tmpdir(), "salvage-temporal-tls-"));
  const file = (name: string) => join(folder, name);
  const make = (name: string, subject: string, ...more: string[]) =>
    promisify(execFile)("openssl", [
      ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", `/CN=${subject}`],
      ...["-keyout", file(`${name}.key`), "-out", file(`${name}.pem`), ...more],
    ]);
  const leaf = ["-CA", file("ca.pem"), "-CAkey", file("ca.key"), "-addext", "basicConstraints=critical,CA:FALSE"];
  await make("ca", "an authority for tests");
  await make("server", serverName, ...leaf, "-addext", `subjectAltName=DNS:${serverName}`);
  await make("client", "salvage", ...leaf, "-addext", "subjectAltName=DNS:salvage.test");
  const [ca, cert, key] = await Promise.all(["ca.pem", "server.pem", "server.key"].map((name) => readFile(file(name))));
  const apiKey = randomBytes(24).toString("base64url");
  const counts = { admitted: 0, refused: 0 };
  const upstream = connect(`http://${address}`).on("error", () => undefined);
  const server = createSecureServer({ ca, cert, key, requestCert: true, rejectUnauthorized: true });
  server.on("sessionError", () => undefined).on("tlsClientError", () => undefined);
  server.on("stream", (stream, headers) => {
    stream.on("error", () => undefined);
    if (headers.authorization !== `Bearer ${apiKey}`) {
      counts.refused++;
      stream.respond(
        { ":status": 200, "content-type": "application/grpc", "grpc-status": "16", "grpc-message": "no key" },
        { endStream: true },
      );
      return;
    }
    counts.admitted++;
    const call = upstream.request({ ...headers, ":scheme": "http" });
    let trailers: IncomingHttpHeaders = {};
    call.on("error", () => stream.close(constants.NGHTTP2_INTERNAL_ERROR));
    call.on("trailers", (last) => (trailers = last));
    call.on("response", (answer, flags) => {
      if (stream.destroyed) return;
      const endStream = (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0;
      stream.respond(answer, endStream ? { endStream } : { waitForTrailers: true });
      stream.on("wantTrailers", () => stream.sendTrailers(trailers));
      call.pipe(stream);
    });
    stream.on("close", () => call.close());
    stream.pipe(call);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    env: {
      TEMPORAL_ADDRESS: `127.0.0.1:${(server.address() as AddressInfo).port}`,
      TEMPORAL_TLS_SERVER_NAME: serverName,
      TEMPORAL_TLS_SERVER_CA_CERT_PATH: file("ca.pem"),
      TEMPORAL_TLS_CLIENT_CERT_PATH: file("client.pem"),
      TEMPORAL_TLS_CLIENT_KEY_PATH: file("client.key"),
      TEMPORAL_API_KEY: apiKey,
    },
    counts,
    async stop() {
      server.close();
      upstream.destroy();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
