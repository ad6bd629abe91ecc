/**
 * sentry-cli's assemble call: which of these files are there, which chunks of the others are missing, and, when none is, the file is put
 * together and imported like any other. What each state makes the client do: `not_found` uploads the listed chunks (fatal when it is
 * said again after that), `assembling` is success or, with `--wait`, asked again, `ok` and `error` are final. `created` is never said:
 * the client takes it for done. `missingChunks` stands in every state, or the client cannot read the answer.
 */
import type { NamedFile } from "@salvage/db/system";
import { z } from "zod";
import { AppError } from "../../http/app-error.ts";
import { readJson } from "../../http/json-body.ts";
import { sendJson } from "../../http/respond.ts";
import type { RouteContext } from "../../http/router.ts";
import { limits } from "../../limits.ts";
import type { AuthorizedRequest } from "../../read/authorize.ts";
import { authorizeForeign, projectNamed, sentenceOf } from "../foreign.ts";
import { putTogether } from "../put-together.ts";
import type { ForeignPorts } from "../routes.ts";
import { breakpadDebugId, debugInformation } from "./dif.ts";

const sha1 = z.string().regex(/^[0-9a-f]{40}$/);
const asked = z.record(
  sha1,
  z.object({ name: z.string().max(2000), debug_id: z.string().max(100).nullish(), chunks: z.array(sha1).max(65_536) }),
);
type Asked = z.infer<typeof asked>[string];

type Answer = {
  state: "not_found" | "assembling" | "ok" | "error";
  missingChunks: string[];
  detail: string | null;
  dif: ReturnType<typeof debugInformation> | null;
};

export async function assemble(ports: ForeignPorts, context: RouteContext): Promise<void> {
  const { token, db } = await authorizeForeign(ports.gate, context, "debug-file:write");
  const project = await projectNamed(db, context.params.project ?? "");
  const files = await readJson(context, asked, limits.maxAssembleBytes);
  const known = await ports.db.uploads.bySha1(token.organizationId, Object.keys(files));
  const answers: Record<string, Answer> = {};
  for (const [name, file] of Object.entries(files)) {
    const there = known.get(name);
    answers[name] =
      there === undefined ? await begin(ports, context, { token, projectId: project.id, sha1: name, file }) : standing(name, there);
  }
  sendJson(context.response, 200, answers);
}

const nothing = { missingChunks: [], detail: null, dif: null };

function standing(name: string, there: NamedFile): Answer {
  if (there.state === "rejected") return { ...nothing, state: "error", detail: there.reason ?? "the file could not be used" };
  if (there.state !== "ready" || there.debugFile === null) return { ...nothing, state: "assembling" };
  const dif = debugInformation({ ...there.debugFile, sizeBytes: there.sizeBytes, sha1: name, createdAt: there.createdAt.toISOString() });
  return { ...nothing, state: "ok", dif };
}

type Wanted = { token: AuthorizedRequest["token"]; projectId: string; sha1: string; file: Asked };

async function begin(ports: ForeignPorts, { logger }: RouteContext, { token, projectId, sha1: wanted, file }: Wanted): Promise<Answer> {
  const { organizationId, name: actor } = token;
  const claimedDebugId = breakpadDebugId(file.debug_id ?? "");
  const { name, chunks } = file;
  try {
    const made = await putTogether(ports, { organizationId, projectId, actor, name, sha1: wanted, chunks, claimedDebugId, logger });
    return "uploadId" in made ? { ...nothing, state: "assembling" } : { ...nothing, state: "not_found", missingChunks: made.missingChunks };
  } catch (error) {
    // Of one file, and final for it; a server that is not ready answers the whole call so, and the client comes again.
    if (error instanceof AppError && error.status !== 503) return { ...nothing, state: "error", detail: sentenceOf(error) };
    throw error;
  }
}
