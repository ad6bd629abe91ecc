/**
 * A crash whose every string is hostile, beside a debug file, a project and an upload of the same kind: on every page that shows them they are text.
 * Nothing runs, nothing is fetched, no element is made, and the browser's console stays empty.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { openPage } from "@salvage/testkit/browser";
import { synthDump, synthStack } from "@salvage/testkit/synth-dump";
import type { Page } from "playwright-core";
import { postCrash, type Stack } from "./stack.ts";
import { dropFile, signIn } from "./visit.ts";
import { startWorld, stopWorld, type World } from "./world.ts";

/** Names of files carry the next two: a slash would end a name. */
const hostile = `"'><img src=x onerror=window.struck=1><svg onload=window.struck=1><script>window.struck=1</script>\${window.struck=1}{{7*7}}javascript:window.struck=1`;
const library = `<img src=x onerror=window.struck=1>.so`;
const missing = `<svg onload=window.struck=1>.so`;

let world: World | undefined;
let stack: Stack;
let page: Page;
let problems: string[];
before(async () => {
  world = await startWorld();
  stack = world.stack;
  ({ page, problems } = await openPage(world.browser));
  page.on("dialog", (dialog) => {
    problems.push(`a dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  await signIn(page, stack);
});
after(() => stopWorld(world));

function dump(): Buffer<ArrayBuffer> {
  const stackWords = synthStack(0x7ffe0000n).words(4).word(0x801010n).words(8);
  const bytes = synthDump()
    .linux()
    .module({ name: `/opt/${library}`, base: 0x400000n, size: 0x10000, buildId: "00112233445566778899aabbccddeeff" })
    .module({ name: `/opt/${missing}`, base: 0x800000n, size: 0x10000, buildId: "ff112233445566778899aabbccddeeff" })
    .thread({ id: 7, name: hostile, registers: { rip: 0x401010n, rsp: 0x7ffe0000n }, stack: stackWords })
    .exception({ threadId: 7, code: 11, flags: 1, address: 0n })
    .crashpadAnnotations({ [hostile]: hostile, assertion: hostile })
    .crashpadModule({ moduleIndex: 0, list: [hostile], simple: { [hostile]: hostile }, objects: { "abort-message": hostile } })
    .build();
  return Buffer.from(bytes);
}

const symbols = Buffer.from(
  [
    `MODULE Linux x86_64 33221100554477668899AABBCCDDEEFF0 ${library}`,
    `FILE 0 /src/${library}.cc`,
    `FUNC 1000 100 0 ${library}::${hostile}()`,
    "1000 100 42 0",
    "",
  ].join("\n"),
);

const sent = {
  release: `game@${hostile}`.slice(0, 200),
  environment: hostile.slice(0, 60),
  user: { id: hostile, username: hostile, email: hostile },
  tags: { [hostile.slice(0, 30)]: hostile.slice(0, 190) },
  extra: { [hostile]: hostile },
  contexts: { device: { model: hostile, name: hostile }, [hostile]: { [hostile]: hostile } },
  breadcrumbs: [{ type: hostile, category: hostile, message: hostile, level: "error", data: { url: `javascript:${hostile}` } }],
};

/** Fails when something of what was sent became more than text. */
async function assertHarmless(where: string): Promise<void> {
  const struck = await page.evaluate(() => ({
    ran: "struck" in window,
    made: [...document.querySelectorAll("img[src='x'], svg[onload], [onerror]")].map((element) => element.outerHTML.slice(0, 200)),
    links: [...document.querySelectorAll("a[href]")]
      .map((link) => link.getAttribute("href") ?? "")
      .filter((href) => /^\s*javascript:/i.test(href)),
    title: document.title,
  }));
  assert.deepEqual([struck.ran, struck.made, struck.links], [false, [], []], where);
  assert.deepEqual(problems, [], where);
}

test("every page that shows what a crash and its files say shows it as text", async () => {
  await page.goto(`${stack.publicUrl}/acme/debug-files`);
  await dropFile(page, library, symbols);
  await page.locator("[data-upload]").getByText("Done").first().waitFor({ timeout: 30_000 });
  await dropFile(page, `${hostile}.txt`, Buffer.from("no debug file"));
  await page.locator("[data-upload]").nth(1).waitFor();
  await assertHarmless("uploads");

  const url = `${stack.publicUrl}/api/${stack.project.id}/minidump/?sentry_key=${stack.project.publicKey}`;
  const crashId = await postCrash(url, dump(), { sentry: JSON.stringify(sent), [hostile]: hostile, comments: hostile });
  await page.goto(`${stack.publicUrl}/acme/driftwood/crashes/${crashId}`);
  await page.getByText("onerror=window.struck=1").first().waitFor({ timeout: 30_000 });
  await page
    .getByText(/Provisional|Complete/)
    .first()
    .waitFor({ timeout: 30_000 });
  await assertHarmless("the crash");
  for (const tab of await page.getByRole("tab").all()) {
    await tab.click();
    await assertHarmless(`the crash, ${await tab.textContent()}`);
  }
  assert.match((await page.locator("main").textContent()) ?? "", /onerror=window\.struck=1/);

  await page.goto(`${stack.publicUrl}/acme/new-project`);
  await page.getByLabel("Project name").fill(library);
  await page.getByRole("button", { name: "Create project" }).click();
  await page.waitForURL(/\/first-steps$/);

  await page.goto(`${stack.publicUrl}/acme/driftwood/issues`);
  const issue = await page.locator("[data-row-link]").first().getAttribute("href", { timeout: 20_000 });
  const shown: [string, boolean][] = [
    ["/acme", true],
    ["/acme/debug-files", true],
    ["/acme/audit", false],
    ["/acme/driftwood/issues", true],
    [issue ?? "", true],
    ["/acme/driftwood/crashes", true],
    [`/acme/driftwood/crashes?search=${encodeURIComponent(hostile)}`, false],
    ["/acme/driftwood/processing-issues", true],
    ["/acme/driftwood/processing-issues?tab=other", false],
    [`/acme/${encodeURIComponent(hostile)}/issues`, false],
  ];
  for (const [path, says] of shown) {
    await page.goto(`${stack.publicUrl}${path}`);
    if (says)
      await page
        .getByText(/window\.struck=1/)
        .first()
        .waitFor({ timeout: 20_000 });
    // A page that is not there is answered 404, which the console tells.
    if (path.includes("%3Cimg") && !says) problems.splice(0, problems.length, ...problems.filter((problem) => !/404/.test(problem)));
    await assertHarmless(path);
  }
});

test("what machines are given stays JSON of the same strings", async () => {
  const answer = await page.request.get(
    `${stack.publicUrl}/api/trpc/projects.list?input=${encodeURIComponent('{"json":{"orgSlug":"acme"}}')}`,
  );
  assert.match(answer.headers()["content-type"] ?? "", /^application\/json/);
  assert.equal(answer.headers()["x-content-type-options"], "nosniff");
  assert.ok((await answer.text()).includes("onerror=window.struck=1"));
});
