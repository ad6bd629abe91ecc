/** What the organization has, asked in batches: uploads by the hash of their bytes, debug files by the ids of their image. */
import { coverageInput, heldInput } from "@salvage/contracts";
import type { OrgDb, OrgGate } from "@salvage/db";
import { readJson } from "../http/json-body.ts";
import { sendJson } from "../http/respond.ts";
import type { RouteContext } from "../http/router.ts";
import { authorize, notFound } from "./authorize.ts";

/** A thousand file names. */
const maxBodyBytes = 1024 * 1024;

/** POST /api/v1/organizations/<org>/debug-files/held: who uploads wants to send nothing twice. */
export async function askHeld(gate: OrgGate, context: RouteContext): Promise<void> {
  const db = await ofOrganization(gate, context);
  sendJson(context.response, 200, { held: await db.uploads.held(await readJson(context, heldInput, maxBodyBytes)) });
}

/** POST /api/v1/organizations/<org>/debug-files/coverage: a release gate wants to know what a crash of each image would lack. */
export async function askCoverage(gate: OrgGate, context: RouteContext): Promise<void> {
  const db = await ofOrganization(gate, context);
  sendJson(context.response, 200, { images: await db.debugFiles.coverage(await readJson(context, coverageInput, maxBodyBytes)) });
}

/** CI tokens hold the scope for writing only, and may ask about what they write. */
async function ofOrganization(gate: OrgGate, context: RouteContext): Promise<OrgDb> {
  const { db, token } = await authorize(gate, context, "debug-file:read", "debug-file:write");
  if (context.params.organization !== token.organizationSlug) throw notFound("organization");
  return db;
}
