/**
 * The web process's composition root: the only place that builds real database, blob and Temporal access here. Made at the first
 * request and kept for the life of the process, also across the separate bundles that Next makes of pages and route handlers.
 */
import { type BlobStore, openBlobStore } from "@salvage/blobs";
import { createOrgGate, type OrgGate } from "@salvage/db";
import { createLanes, type Lanes } from "@salvage/lanes";
import { createLogger, type Logger } from "@salvage/telemetry";
import { readWebEnv } from "./env.ts";

export type Services = {
  gate: OrgGate;
  /** Reports are read from here; web never writes a blob. */
  blobs: Pick<BlobStore, "createReadStream">;
  lanes: Pick<Lanes, "pokeIntake" | "pokeArrival" | "startWebhook">;
  logger: Logger;
  publicUrl: string;
  /** What client keys' addresses begin with. */
  crashUrl: string;
  /** Encrypts the session cookie. */
  cookieSecret: string;
  /** See auth/client-address.ts. */
  trustProxy: boolean;
  /** Webhooks may go to addresses of the operator's own network. */
  allowPrivateWebhooks: boolean;
};

const key = Symbol.for("salvage.web.services");

/** @throws EnvError when the environment does not fit */
export function services(): Services {
  const holder = globalThis as { [key]?: Services };
  holder[key] ??= build();
  return holder[key];
}

function build(): Services {
  const env = readWebEnv(process.env);
  // next-auth reads its own address from the environment and from nowhere else.
  process.env.NEXTAUTH_URL = env.publicUrl;
  const logger = createLogger({ app: "web", level: env.logLevel });
  return {
    gate: createOrgGate({ databaseUrl: env.databaseUrl }),
    blobs: openBlobStore({ folder: env.blobDir, url: env.blobUrl }),
    lanes: createLanes({ address: env.temporalAddress, namespace: env.temporalNamespace, security: env.temporalSecurity, logger }),
    logger,
    publicUrl: env.publicUrl,
    crashUrl: env.crashUrl,
    cookieSecret: env.cookieSecret,
    trustProxy: env.trustProxy,
    allowPrivateWebhooks: env.allowPrivateWebhooks,
  };
}
