/**
 * Why a server over TLS lets nobody in. Temporal's client says "before the deadline" for each of these, so the doctor makes the handshake itself and
 * looks at how it ends: by a certificate that is not trusted, by one for another name, by a server that wants a certificate of ours, or by no TLS at all.
 */
import { connect as connectPlainly, isIP } from "node:net";
import { type ConnectionOptions, connect } from "node:tls";
import type { TemporalSecurity } from "@salvage/lanes";

export type Refusal = { what: string; todo: string };

const patienceMs = 3_000;
/** Errors of a chain that ends at nobody we know. */
const untrusted = new Set([
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
]);
const outOfTime = new Set(["CERT_HAS_EXPIRED", "CERT_NOT_YET_VALID"]);

/**
 * @param address `host:port`
 * @returns why, and what to do; null when nobody listens there, or nothing is wrong with the handshake
 */
export async function tryTls(address: string, { tls = false }: TemporalSecurity): Promise<Refusal | null> {
  const { hostname, port } = new URL(`http://${address}`);
  const to = { host: hostname.replace(/^\[|\]$/g, ""), port: Number(port || 7233) };
  if (!(await listens(to))) return null;
  if (tls === false) {
    const open = await handshake(to, { rejectUnauthorized: false });
    const speaks = open.secured || isAlert(open.code);
    return speaks ? { what: "it wants TLS, and is spoken to without", todo: "set TEMPORAL_TLS=1, or the certificates it wants" } : null;
  }
  const own = tls.clientCertPair;
  const { secured, code, message, names } = await handshake(to, {
    ...(tls.serverRootCACertificate === undefined ? {} : { ca: Buffer.from(tls.serverRootCACertificate) }),
    ...(own === undefined ? {} : { cert: Buffer.from(own.crt), key: Buffer.from(own.key) }),
    ...(tls.serverNameOverride === undefined ? {} : { servername: tls.serverNameOverride }),
  });
  if (code === null) return null;
  if (untrusted.has(code))
    return {
      what: `its certificate is not trusted (${message})`,
      todo: "set TEMPORAL_TLS_SERVER_CA_CERT_PATH to the PEM file of the authority that made it",
    };
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID")
    return { what: `its certificate is for another name (${names})`, todo: "set TEMPORAL_TLS_SERVER_NAME to the name in it" };
  if (outOfTime.has(code))
    return { what: `its certificate is out of its time (${message})`, todo: "renew it; look at this machine's clock" };
  if (!secured && !isAlert(code)) return { what: `it does not speak TLS (${message})`, todo: "unset TEMPORAL_TLS…, or set TEMPORAL_TLS=0" };
  // What is left comes from the other side after its own certificate was accepted.
  return own === undefined
    ? {
        what: `it wants a certificate of the client, and none is set (${message})`,
        todo: "set TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_KEY_PATH",
      }
    : {
        what: `it does not accept the client's certificate (${message})`,
        todo: "look at TEMPORAL_TLS_CLIENT_CERT_PATH: whose it is, until when",
      };
}

/** The other side said by TLS why it ends the connection. */
const isAlert = (code: string | null) => code?.includes("_ALERT_") ?? false;

function listens(to: { host: string; port: number }): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connectPlainly({ ...to, timeout: patienceMs });
    const end = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.once("connect", () => end(true)).once("timeout", () => end(false));
    socket.once("error", () => end(false));
  });
}

/** `code`: null when it let us in. `names`: those in a certificate that is for another one. */
type Outcome = { secured: boolean; code: string | null; message: string; names: string };

/** As Node's own. */
type HandshakeError = NodeJS.ErrnoException & { reason?: string; cert?: { subjectaltname?: string } };

/** A server of HTTP/2 speaks first: only then it has accepted us, since a certificate of ours is looked at after our end of the handshake. */
function handshake(to: { host: string; port: number }, options: ConnectionOptions): Promise<Outcome> {
  return new Promise((resolve) => {
    const servername = isIP(to.host) === 0 ? to.host : "";
    const socket = connect({ ALPNProtocols: ["h2"], servername, ...to, ...options, timeout: patienceMs });
    let secured = false;
    const end = (code: string | null, message = "", names = "") => {
      socket.destroy();
      resolve({ secured, code, message, names });
    };
    socket.once("secureConnect", () => {
      secured = true;
    });
    socket.once("data", () => end(null));
    socket.once("end", () => end("ENDED", "it ended the connection"));
    socket.once("timeout", () => end(null)); // whatever it waits for, it is no refusal
    socket.once("error", ({ code = "UNKNOWN", message, reason, cert }: HandshakeError) =>
      end(code, reason ?? message, cert?.subjectaltname),
    );
  });
}
