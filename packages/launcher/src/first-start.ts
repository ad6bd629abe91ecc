/**
 * The first start's rows and its demo, and what is remembered of them in the home folder, so that a later start can print the
 * addresses again. Password and token are shown once: they stay in that file only until they have been printed.
 */
import { join } from "node:path";
import { organizationToken } from "@salvage/contracts";
import { seed } from "@salvage/db/setup";
import { z } from "zod";
import { awaitDemoReport, type DemoCrash, type DemoTarget, demoFiles, postDemoCrash, uploadDemoSymbols } from "./demo.ts";
import { readJson, writeJson } from "./home.ts";
import { makePassword } from "./secrets.ts";
import type { Steps } from "./steps.ts";
import type { RunningSystem } from "./system.ts";

const secretsOnce = z.object({ password: z.string(), token: z.string() });

const firstStartFile = z.object({
  email: z.string(),
  orgSlug: z.string(),
  projectSlug: z.string(),
  projectId: z.string(),
  publicKey: z.string(),
  /** Null once they were printed. */
  unshown: secretsOnce.nullable(),
  demo: z.enum(["to do", "done"]),
});
export type FirstStart = z.infer<typeof firstStartFile>;

export const ownerEmail = "owner@salvage.local";
const path = (system: RunningSystem) => join(system.home.run, "first-start.json");

/** Makes the owner, organization, demo project, client key and API token on the first start; reads them back later. Null: rows exist that this home knows nothing of. */
export async function prepareFirstStart(system: RunningSystem, steps: Steps): Promise<FirstStart | null> {
  const known = firstStartFile.safeParse(readJson(path(system)));
  if (known.success) return known.data;
  return await steps.step("Owner account, organization, demo project", async () => {
    const password = makePassword();
    const made = await seed(system.databases, {
      owner: { email: ownerEmail, name: "Owner", password },
      organization: { name: "Demo", slug: "demo" },
      project: { name: "Driftwood", slug: "driftwood" },
    });
    if (made === null) return null;
    const about = { url: new URL(system.publicUrl).origin, organizationSlug: "demo", issuedAt: new Date() };
    const first: FirstStart = {
      email: ownerEmail,
      orgSlug: "demo",
      projectSlug: "driftwood",
      projectId: made.projectId,
      publicKey: made.publicKey,
      unshown: { password, token: organizationToken(made.token, about) },
      demo: "to do",
    };
    writeJson(path(system), first);
    return first;
  });
}

/** Writes what later starts print; called once password and token were printed, with `unshown` null. */
export function rememberFirstStart(system: RunningSystem, first: FirstStart): void {
  writeJson(path(system), first);
}

export type DemoResult = { crash: DemoCrash; second: DemoCrash };

/** Posts the two demo crashes and waits for both reports. */
export async function runDemo(system: RunningSystem, first: FirstStart, token: string, steps: Steps): Promise<DemoResult> {
  const target: DemoTarget = {
    publicUrl: system.publicUrl,
    orgSlug: first.orgSlug,
    projectId: first.projectId,
    publicKey: first.publicKey,
    token,
  };
  await steps.step("Symbols of the demo program", () => uploadDemoSymbols(target, demoFiles.symbols));
  const crash = await steps.step("A real crash, posted and processed", async () => {
    return await awaitDemoReport(target, await postDemoCrash(target, demoFiles.dump, "driftwood@1.0"));
  });
  const second = await steps.step("A second crash, without its symbols", async () => {
    return await awaitDemoReport(target, await postDemoCrash(target, demoFiles.secondDump, "driftwood@1.1"));
  });
  return { crash, second };
}
