/**
 * `POST /symbolicate/v5`, as Mozilla's symbolication server answers it: addresses of loaded modules become functions, files and lines, by the
 * organization's debug files. Clients: profilers and scripts that walked the stack themselves.
 */
import type { BlobStore } from "@salvage/blobs";
import type { OrgGate } from "@salvage/db";
import type { SystemDb } from "@salvage/db/system";
import { z } from "zod";
import { AppError } from "../http/app-error.ts";
import { readJson } from "../http/json-body.ts";
import { sendJson } from "../http/respond.ts";
import type { Route, RouteContext } from "../http/router.ts";
import { limits } from "../limits.ts";
import { authorizeForeign, sentenceOf, withRefusals } from "../uploads/foreign.ts";
import { breakpadDebugId } from "../uploads/sentry-cli/dif.ts";
import type { LookupAnswer, LookupTask } from "./child.ts";
import { createLookUp, type LookUp } from "./look-up.ts";

export type SymbolicatePorts = { gate: OrgGate; db: Pick<SystemDb, "files">; blobs: BlobStore };

/** As the original's: a profile is sent in pieces. */
const maxJobs = 10;
const maxFrames = 20_000;
/** Modules that are looked into; a process of a browser has some hundred. */
const maxModules = 500;

const job = z.object({
  /** Debug file's name and debug id in Breakpad form, one per module. */
  memoryMap: z.array(z.tuple([z.string().max(500), z.string().max(60)])).max(5_000),
  /** Frames as module's number, -1 for none, and offset from its start. */
  stacks: z.array(z.array(z.tuple([z.number().int().min(-1), z.number().int().min(0)])).max(maxFrames)).max(1_000),
});
type Job = z.infer<typeof job>;
const question = z.union([z.object({ jobs: z.array(job).min(1).max(maxJobs) }), job]);

export function symbolicateRoutes(ports: SymbolicatePorts): Route[] {
  const lookUp = createLookUp(ports.blobs);
  return withRefusals(
    (error) => ({ status: error.status, body: { error: sentenceOf(error) } }),
    [{ method: "POST", path: "/symbolicate/v5", name: "symbolicate", handle: (context) => symbolicate(ports, lookUp, context) }],
  );
}

async function symbolicate({ gate, db }: SymbolicatePorts, lookUp: LookUp, context: RouteContext): Promise<void> {
  const { token } = await authorizeForeign(gate, context, "debug-file:read");
  const asked = await readJson(context, question, limits.maxJsonBytes);
  const jobs = "jobs" in asked ? asked.jobs : [asked];
  const plan = new Plan(jobs);
  const wanted = plan.modules.map(([name, id]) => ({ codeFile: name, debugFile: name, debugId: breakpadDebugId(id), codeId: null }));
  const files = await db.files.resolveForModules(token.organizationId, wanted);
  // The newest first, and what knows lines before what knows names alone.
  const keys = files.map((ofModule) =>
    ofModule
      .toReversed()
      .sort((a, b) => Number(b.hasNames) - Number(a.hasNames))
      .map((file) => file.symcache?.blobKey)
      .filter((key) => key !== undefined),
  );
  const found = plan.places.length === 0 ? [] : await lookUp(keys, plan.places);
  const held = keys.map((ofModule) => ofModule.length > 0);
  sendJson(context.response, 200, { results: jobs.map((each) => plan.result(each, held, found)) });
}

/** Modules and places of all jobs, each once. */
class Plan {
  readonly modules: [name: string, id: string][] = [];
  readonly places: LookupTask["places"] = [];
  readonly #moduleAt = new Map<string, number>();
  readonly #placeAt = new Map<string, number>();

  constructor(jobs: readonly Job[]) {
    let frames = 0;
    for (const { memoryMap, stacks } of jobs) {
      for (const [module, offset] of stacks.flat()) {
        if (++frames > maxFrames) throw new AppError(400, null, `more than ${maxFrames} frames: send them in pieces`);
        const named = memoryMap[module];
        if (named === undefined) {
          if (module === -1) continue;
          throw new AppError(400, null, `a frame names module ${module}, the memory map has ${memoryMap.length}`);
        }
        this.#place(this.#module(named), offset);
      }
    }
    if (this.modules.length > maxModules) throw new AppError(400, null, `frames in more than ${maxModules} modules: send them in pieces`);
  }

  #module(named: readonly [string, string]): number {
    const key = named.join("/");
    const known = this.#moduleAt.get(key) ?? this.modules.push([...named]) - 1;
    this.#moduleAt.set(key, known);
    return known;
  }

  #place(module: number, offset: number): void {
    const key = `${module}+${offset}`;
    if (!this.#placeAt.has(key)) this.#placeAt.set(key, this.places.push([module, offset]) - 1);
  }

  /** `found_modules`: null for a module that no frame lies in. */
  result({ memoryMap, stacks }: Job, held: readonly boolean[], found: LookupAnswer) {
    const ofModule = (named: readonly [string, string]) => this.#moduleAt.get(named.join("/"));
    const foundModules = Object.fromEntries(
      memoryMap.map((named) => {
        const number = ofModule(named);
        return [named.join("/"), number === undefined ? null : (held[number] ?? false)];
      }),
    );
    const frame = ([module, offset]: readonly [number, number], index: number) => {
      const named = memoryMap[module];
      const place = named === undefined ? undefined : this.#placeAt.get(`${ofModule(named)}+${offset}`);
      const answer = place === undefined ? null : (found[place] ?? null);
      const where = { frame: index, module: named?.[0] ?? "<unknown>", module_offset: hex(offset) };
      return answer === null ? where : { ...where, ...namesOf(answer, offset) };
    };
    return { stacks: stacks.map((stack) => stack.map(frame)), found_modules: foundModules };
  }
}

const hex = (offset: number) => `0x${offset.toString(16)}`;

/** The physical function, and inside of it the inlined ones, innermost first. */
function namesOf({ functionAddress, frames }: NonNullable<LookupAnswer[number]>, offset: number) {
  const place = (frame: (typeof frames)[number] | undefined) => ({
    function: frame?.function ?? "",
    ...(frame?.file == null ? {} : { file: frame.file }),
    ...(frame?.line == null ? {} : { line: frame.line }),
  });
  const inlines = frames.slice(0, -1).map(place);
  return {
    ...place(frames.at(-1)),
    function_offset: hex(Math.max(0, offset - functionAddress)),
    ...(inlines.length === 0 ? {} : { inlines }),
  };
}
