/** How Temporal is reached where it is not this machine's own: over TLS, with a client's certificate or an API key. Names are those of Temporal's own tools. */
import { readFileSync } from "node:fs";
import { EnvError, envFields, readEnv } from "@salvage/telemetry";
import { z } from "zod";

const schema = z.object({
  /** 1: over TLS, 0: not, whatever else is set. Default: TLS when one of the others is set. */
  TEMPORAL_TLS: envFields.flag().optional(),
  /** PEM file of who vouches for the server; default: those that Node knows. */
  TEMPORAL_TLS_SERVER_CA_CERT_PATH: envFields.text().optional(),
  /** PEM files that say who we are. */
  TEMPORAL_TLS_CLIENT_CERT_PATH: envFields.text().optional(),
  TEMPORAL_TLS_CLIENT_KEY_PATH: envFields.text().optional(),
  /** The name in the server's certificate, where it is not the address. */
  TEMPORAL_TLS_SERVER_NAME: envFields.text().optional(),
  TEMPORAL_API_KEY: envFields.text().optional(),
});

/** Fits every connection of Temporal's SDK. */
export type TemporalSecurity = {
  tls?:
    | false
    | { serverNameOverride?: string; serverRootCACertificate?: Uint8Array; clientCertPair?: { crt: Uint8Array; key: Uint8Array } };
  apiKey?: string;
};

/**
 * @param app name of the process, for the sentence
 * @throws EnvError with one sentence; a file that cannot be read included
 */
export function readTemporalSecurity(app: string, env: NodeJS.ProcessEnv = process.env): TemporalSecurity {
  const values = readEnv(app, schema, env);
  const file = (name: `TEMPORAL_TLS_${"SERVER_CA_CERT" | "CLIENT_CERT" | "CLIENT_KEY"}_PATH`) => {
    const path = values[name];
    if (path === undefined) return undefined;
    try {
      return readFileSync(path);
    } catch (error) {
      throw new EnvError(`${app} cannot start: ${name} cannot be read (${error instanceof Error ? error.message : error}).`);
    }
  };
  const serverNameOverride = values.TEMPORAL_TLS_SERVER_NAME;
  const serverRootCACertificate = file("TEMPORAL_TLS_SERVER_CA_CERT_PATH");
  const [crt, key] = [file("TEMPORAL_TLS_CLIENT_CERT_PATH"), file("TEMPORAL_TLS_CLIENT_KEY_PATH")];
  if ((crt === undefined) !== (key === undefined))
    throw new EnvError(`${app} cannot start: TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_KEY_PATH belong together.`);
  const apiKey = values.TEMPORAL_API_KEY;
  const wanted = values.TEMPORAL_TLS ?? [serverNameOverride, serverRootCACertificate, crt, apiKey].some((value) => value !== undefined);
  return {
    tls: wanted && {
      ...(serverNameOverride === undefined ? {} : { serverNameOverride }),
      ...(serverRootCACertificate === undefined ? {} : { serverRootCACertificate }),
      ...(crt === undefined || key === undefined ? {} : { clientCertPair: { crt, key } }),
    },
    ...(apiKey === undefined ? {} : { apiKey }),
  };
}
