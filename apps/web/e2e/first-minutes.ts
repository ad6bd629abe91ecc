/** The first minutes of a new user, from signing in to a stack that fills in by itself. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { openPage } from "@salvage/testkit/browser";
import { demoFile, postCrash } from "./stack.ts";
import { dropFile, picture, signIn } from "./visit.ts";
import type { World } from "./world.ts";

const arrivalMs = 20_000;

export function firstMinutes(world: () => World): void {
  test("sign in, create a project, post a crash, drop the missing file, see the stack fill in", async () => {
    const { stack, browser } = world();
    const { page, problems, close } = await openPage(browser, { permissions: ["clipboard-read", "clipboard-write"] });
    await signIn(page, stack);

    // A project of one's own; it opens on its first steps.
    await page.getByRole("link", { name: "New project" }).click();
    await page.getByLabel("Project name").fill("Night Train");
    await page.getByRole("button", { name: "Create project" }).click();
    await page.waitForURL(/\/acme\/night-train\/first-steps$/);
    const step = page.locator("[data-step='1']");
    assert.equal(await step.getAttribute("data-done"), "false");

    // Its address, copied as a person would, takes the crash; the tick turns green by itself.
    await page.getByRole("button", { name: "Copy Minidump URL of this project" }).click();
    const minidumpUrl = await page.evaluate(() => navigator.clipboard.readText());
    assert.match(minidumpUrl, /\/api\/\d+\/minidump\/\?sentry_key=[0-9a-f]{32}$/);
    const crashId = await postCrash(minidumpUrl, await demoFile("driftwood-1.1.dmp"), {
      "sentry[release]": "night-train@1.1",
      build: "nightly",
    });
    await page.locator("[data-step='1'][data-done='true']").waitFor({ timeout: arrivalMs });
    await picture(page, "journey-1-first-steps");
    await step.getByRole("link", { name: "Open it" }).click();

    // The crash is shown at once, provisional, with addresses in place of names.
    await page.waitForURL(new RegExp(`/acme/night-train/crashes/${crashId}`));
    await page.getByText("Provisional: driftwood has no debug file yet").waitFor({ timeout: arrivalMs });
    const stackList = page.getByRole("list", { name: /^Stack of the crashed thread/ });
    assert.match((await stackList.textContent()) ?? "", /driftwood \+ 0x[0-9a-f]+/);
    await picture(page, "journey-2-provisional");

    // A second window stays on the crash while the file is dropped in the first.
    const watching = await page.context().newPage();
    await watching.goto(page.url());
    await watching.getByText("Provisional: driftwood has no debug file yet").waitFor();
    await watching.evaluate(() => Object.assign(window, { neverReloaded: true }));

    await page.getByRole("link", { name: "Upload what is missing" }).click();
    await page.waitForURL(/\/acme\/night-train\/processing-issues$/);
    const card = page.getByRole("article", { name: "driftwood" });
    await card.getByText("1E9E78AD42E76F0A1735FC95B8FE3CEA0").waitFor();
    await card.getByText(/\.\/salvage upload driftwood --url .* --org acme/).waitFor();
    await picture(page, "journey-3-processing-issues");

    await dropFile(page, "driftwood-1.1.sym", await demoFile("driftwood-1.1.sym"));
    const row = page.locator("[data-upload='driftwood-1.1.sym']");
    await row.getByText("Ready. 1 crash upgraded").waitFor({ timeout: arrivalMs });
    await page.getByText("Nothing is missing").waitFor({ timeout: arrivalMs });
    await picture(page, "journey-4-file-dropped");

    // The other window shows the names, and was not reloaded for it.
    await watching.getByText("driftwood::AutoSaver::WriteChapter(…)").waitFor({ timeout: arrivalMs });
    await watching.getByText("Complete", { exact: true }).waitFor({ timeout: arrivalMs });
    await watching.getByText("inline", { exact: true }).first().waitFor();
    assert.equal(await watching.evaluate(() => "neverReloaded" in window), true);
    await picture(watching, "journey-5-named");

    assert.deepEqual(problems, []);
    await close();
  });

  test("a file that is no debug file gets a reason, and the page goes on", async () => {
    const { stack, browser } = world();
    const { page, close } = await openPage(browser);
    await signIn(page, stack);
    await page.goto(`${stack.publicUrl}/acme/debug-files`);
    await dropFile(page, "notes.txt", Buffer.from("these are only notes\n"));
    const row = page.locator("[data-upload='notes.txt']");
    await row.getByText(/Rejected|Not usable/).waitFor({ timeout: arrivalMs });
    await picture(page, "journey-6-rejected-file");
    await close();
  });

  test("a wrong password says so and a sign-out ends the session", async () => {
    const { stack, browser } = world();
    const { page, close } = await openPage(browser);
    await page.goto(`${stack.publicUrl}/sign-in`);
    await page.getByLabel("E-mail address").fill(stack.email);
    await page.getByLabel("Password").fill("not the password");
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByText("E-mail address or password is wrong.").waitFor();
    await signIn(page, stack);
    await page.getByRole("button", { name: /Account of Olive Owner/ }).click();
    await page.getByRole("menuitem", { name: "Sign out" }).click();
    await page.waitForURL(/\/sign-in/);
    await page.goto(`${stack.publicUrl}/acme`);
    await page.waitForURL(/\/sign-in\?callbackUrl=%2Facme$/);
    await close();
  });
}
