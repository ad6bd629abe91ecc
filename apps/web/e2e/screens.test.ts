/** Every page, looked at by a machine in light and dark: accessible, within the window, without an error. Pictures for people on request. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { openPage } from "@salvage/testkit/browser";
import type { Browser, Page } from "playwright-core";
import { demoFile, postCrash, postEnvelope, type Stack } from "./stack.ts";
import { assertAccessible, assertFits, dropFile, picture, signIn } from "./visit.ts";
import { startWorld, stopWorld, type World } from "./world.ts";

/** Pages by name; those of the empty project show what there is to do next. */
const pages: [string, string][] = [
  ["projects", "/acme"],
  ["new-project", "/acme/new-project"],
  ["debug-files", "/acme/debug-files"],
  ["members", "/acme/members"],
  ["tokens", "/acme/tokens"],
  ["audit", "/acme/audit"],
  ["account", "/account"],
  ["activate", "/activate?code=BCDF-GHJK"],
  ["first-steps", "/acme/driftwood/first-steps"],
  ["issues", "/acme/driftwood/issues"],
  ["crashes", "/acme/driftwood/crashes"],
  ["processing-issues", "/acme/driftwood/processing-issues"],
  ["processing-issues-other", "/acme/driftwood/processing-issues?tab=other"],
  ["processing-issues-ignored", "/acme/driftwood/processing-issues?tab=ignored"],
  ["processing-issues-resolved", "/acme/driftwood/processing-issues?tab=resolved"],
  ["settings", "/acme/driftwood/settings"],
  ["client-keys", "/acme/driftwood/settings/client-keys"],
  ["webhooks", "/acme/driftwood/settings/webhooks"],
  ["limits", "/acme/driftwood/settings/limits"],
  ["drop-log", "/acme/driftwood/settings/refusals"],
  ["empty-issues", "/acme/empty/issues"],
  ["empty-crashes", "/acme/empty/crashes"],
  ["empty-processing-issues", "/acme/empty/processing-issues"],
  ["empty-first-steps", "/acme/empty/first-steps"],
  ["not-found", "/acme/nothing-here/issues"],
];

const widths = [1440, 1024, 390] as const;

/** The dark form differs in colour only: its other widths are for pictures. */
const pictures = (process.env.SCREENSHOTS ?? "") !== "";

let world: World | undefined;
let stack: Stack;
let browser: Browser;
let page: Page;
let problems: string[];
/** Page of a crash of which the sender said all that it can. */
let toldCrash: string;

before(async () => {
  world = await startWorld();
  ({ stack, browser } = world);
  const opened = await openPage(browser);
  page = opened.page;
  problems = opened.problems;
  await fill();
});

after(() => stopWorld(world));

/** A complete crash, one with all that a sender can say, a provisional one, a rejected one, refusals, and a project without anything. */
async function fill(): Promise<void> {
  const url = `${stack.publicUrl}/api/${stack.project.id}/minidump/?sentry_key=${stack.project.publicKey}`;
  await signIn(page, stack);
  await page.goto(`${stack.publicUrl}/acme/debug-files`);
  await dropFile(page, "driftwood-1.0.sym", await demoFile("driftwood-1.0.sym"));
  await page.locator("[data-upload='driftwood-1.0.sym']").getByText("Done").waitFor({ timeout: 20_000 });
  const complete = await demoFile("driftwood-1.0.dmp");
  const fields = { "sentry[release]": "driftwood@1.0", "sentry[environment]": "production", gpu: "Radeon 780M", channel: "beta" };
  const completeId = await postCrash(url, complete, fields);
  const log = new File([lastWords], "driftwood.log", { type: "text/plain" });
  const provisionalId = await postCrash(url, await demoFile("driftwood-1.1.dmp"), { "sentry[release]": "driftwood@1.1", log });
  const rejectedId = await postCrash(url, Buffer.concat([Buffer.from("MDMP"), Buffer.alloc(60, 0xff)]));
  toldCrash = await postToldCrash(complete);
  await fetch(url.replace(/.{4}$/, "0000"), { method: "POST", body: "MDMP" });
  await fetch(url, { method: "POST", body: "" });
  await page.goto(`${stack.publicUrl}/acme/driftwood/settings/limits`);
  await page.getByRole("row", { name: "One minidump, unpacked 200 MiB MAX_DUMP_BYTES" }).waitFor();
  await page.getByLabel("Largest minidump, in MiB").fill("1");
  await page.getByRole("button", { name: "Save limits" }).first().click();
  await page.getByText("Limits saved").waitFor();
  const tooLarge = Buffer.alloc(1_500_000, "MDMP");
  await until("the limit holds", async () => (await fetch(url, { method: "POST", body: tooLarge, headers: dumpType })).status === 413);
  await page.goto(`${stack.publicUrl}/acme/driftwood/crashes/${provisionalId}`);
  await page.getByText("Provisional: driftwood has no debug file yet").waitFor({ timeout: 20_000 });
  await page.goto(`${stack.publicUrl}/acme/driftwood/crashes/${completeId}`);
  await page.getByText("Complete", { exact: true }).waitFor({ timeout: 20_000 });
  await page.goto(`${stack.publicUrl}/acme/new-project`);
  await page.getByLabel("Project name").fill("Empty");
  await page.getByRole("button", { name: "Create project" }).click();
  await page.waitForURL(/\/empty\/first-steps$/);
  await page.goto(`${stack.publicUrl}/acme/driftwood/issues`);
  const issue = await page.locator("[data-row-link]").first().getAttribute("href", { timeout: 20_000 });
  assert.ok(issue);
  pages.push(
    ["crash-complete", `/acme/driftwood/crashes/${completeId}`],
    ["crash-provisional", `/acme/driftwood/crashes/${provisionalId}`],
    ["crash-rejected", `/acme/driftwood/crashes/${rejectedId}`],
    ["crash-told", toldCrash],
    ["issue", issue],
  );
}

const dumpType = { "Content-Type": "application/x-dmp" };

async function until(what: string, met: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!(await met())) {
    if (Date.now() > deadline) throw new Error(`did not happen: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

const lastWords = "03:04:31 fog: allocation of 4294967295 bytes refused\n";
const comments = "It closed when I opened the <b>inventory</b>.\n\nTwice today; the save game is attached.";

/** @returns path of its page */
async function postToldCrash(dump: Buffer<ArrayBuffer>): Promise<string> {
  const eventId = "6f1d3c6ab2d74b0d9a3b2f9f0d1c2b3a";
  const url = `${stack.publicUrl}/api/${stack.project.id}/envelope/?sentry_key=${stack.project.publicKey}`;
  const at = (second: number) => `2026-01-02T03:04:${String(second).padStart(2, "0")}.250Z`;
  const event = {
    ...{ event_id: eventId, platform: "native", level: "fatal", release: "driftwood@1.0", environment: "beta", dist: "107" },
    user: { id: "7f3a9c" },
    tags: { quest: "the harbour", store: "steam" },
    contexts: {
      device: { model: "Steam Deck OLED", arch: "x86_64", memory_size: 15_837_691_904 },
      gpu: { name: "AMD Custom GPU 0932", driver_version: "Mesa 25.1", api_type: "Vulkan" },
      app: { app_start_time: at(0), build_type: "profile", flags: { vsync: true, hdr: false } },
    },
    extra: { level: "harbour_02", save_slot: 3, console: "x".repeat(300) },
    breadcrumbs: [
      { timestamp: at(1), category: "ui", level: "info", message: "The main menu was left" },
      { timestamp: at(9), category: "http", type: "http", data: { method: "GET", url: "https://example.com/quests", status_code: 200 } },
      { timestamp: at(30), category: "render", level: "warning", message: `texture ${"harbour_fog_".repeat(20)} is missing` },
    ],
  };
  await postEnvelope(
    url,
    { event_id: eventId },
    [{ type: "event" }, event],
    [{ type: "attachment", attachment_type: "event.minidump", filename: "crash.dmp" }, dump],
    [{ type: "user_report" }, { event_id: eventId, name: "Ann Ode", email: "ann@example.org", comments }],
    [{ type: "session" }, { sid: eventId, status: "crashed" }],
  );
  await page.goto(`${stack.publicUrl}/acme/driftwood/crashes?q=${eventId}`);
  const row = page.locator("[data-row-link]").first();
  await row.waitFor({ timeout: 20_000 });
  const path = (await row.getAttribute("href")) ?? "";
  await page.goto(stack.publicUrl + path);
  await page.getByText("Complete", { exact: true }).waitFor({ timeout: 20_000 });
  return path;
}

test("a crash shows what its sender said: the user's words as text, breadcrumbs with the last one first, contexts, tags", async () => {
  await page.setViewportSize({ width: 1440, height: 900 });
  await page.goto(stack.publicUrl + toldCrash);
  const words = page.getByRole("region", { name: "What the user wrote", exact: true });
  await words.waitFor();
  const shown = (await words.textContent()) ?? "";
  assert.ok(shown.includes(comments), shown);
  assert.match(shown, /Ann Ode, ann@example\.org/);
  assert.equal(await words.locator("b").count(), 0, "no markup of the sender");
  const crumbs = await page.getByRole("region", { name: "Breadcrumbs", exact: true }).getByRole("row").allInnerTexts();
  assert.match(crumbs[1] ?? "", /03:04:30\.250[\s\S]*warning · render[\s\S]*harbour_fog_/);
  assert.match(crumbs[2] ?? "", /status_code: 200/);
  assert.match(crumbs[3] ?? "", /The main menu was left/);
  const contexts = page.getByRole("region", { name: "Contexts", exact: true });
  await contexts.getByRole("button", { name: /Contexts/ }).click();
  assert.match((await contexts.textContent()) ?? "", /Steam Deck OLED/);
  const extra = page.getByRole("region", { name: "Extra data", exact: true });
  assert.match((await extra.textContent()) ?? "", /tag quest\s*the harbour/);
});

test("a file that came with a crash is saved as it was sent", async () => {
  const [, path] = pages.find(([name]) => name === "crash-provisional") ?? [];
  await page.goto(`${stack.publicUrl}${path}`);
  const attachments = page.getByRole("region", { name: "Attachments", exact: true });
  const saved = page.waitForEvent("download");
  await attachments.getByRole("button", { name: "Download driftwood.log" }).click();
  const download = await saved;
  assert.equal(download.suggestedFilename(), "driftwood.log");
  assert.equal(await readFile(await download.path(), "utf8"), lastWords);
});

for (const colorScheme of ["light", "dark"] as const) {
  test(`every page in ${colorScheme}`, async (t) => {
    for (const [name, path] of pages) {
      await t.test(name, async () => {
        // The page that is absent on purpose is a tab of its own: its 404 is told late, and would be counted for the next page.
        const tab = name === "not-found" ? await page.context().newPage() : page;
        await tab.emulateMedia({ colorScheme, reducedMotion: "reduce" });
        problems.length = 0;
        for (const width of colorScheme === "light" || pictures ? widths : widths.slice(0, 1)) {
          await tab.setViewportSize({ width, height: 900 });
          // One load serves all widths; what differs is style only.
          if (width === widths[0]) {
            await tab.goto(`${stack.publicUrl}${path}`);
            await tab.getByRole("heading").first().waitFor();
            await tab.waitForLoadState("networkidle");
            await assertAccessible(tab, `${name} in ${colorScheme}`);
          }
          await assertFits(tab, `${name} at ${width} px`);
          await picture(tab, `${name}-${width}-${colorScheme}`);
        }
        assert.deepEqual(problems, []);
        if (tab !== page) await tab.close();
      });
    }
  });
}

test("the sign-in page", async () => {
  const { page: out, close } = await openPage(browser);
  for (const colorScheme of ["light", "dark"] as const) {
    await out.emulateMedia({ colorScheme });
    await out.goto(`${stack.publicUrl}/sign-in`);
    await assertAccessible(out, `sign-in in ${colorScheme}`);
    await picture(out, `sign-in-1440-${colorScheme}`);
  }
  await close();
});
