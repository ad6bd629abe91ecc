/** The dashboard without a mouse. */
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { openPage } from "@salvage/testkit/browser";
import { demoFile, postCrash } from "./stack.ts";
import { signIn } from "./visit.ts";
import type { World } from "./world.ts";

export function keyboard(world: () => World): void {
  let crashId: string;

  /** Two crashes in two issues, once for all tests here. */
  before(async () => {
    const { stack } = world();
    const url = `${stack.publicUrl}/api/${stack.project.id}/minidump/?sentry_key=${stack.project.publicKey}`;
    crashId = await postCrash(url, await demoFile("driftwood-1.0.dmp"), { "sentry[release]": "driftwood@1.0" });
    await postCrash(url, await demoFile("driftwood-1.1.dmp"), { "sentry[release]": "driftwood@1.1" });
  });

  test("j, k and Enter walk and open rows; x selects; ? helps", async () => {
    const { stack, browser } = world();
    const { page, close } = await openPage(browser);
    await signIn(page, stack);
    await page.goto(`${stack.publicUrl}/acme/driftwood/issues`);
    await page.locator("tbody tr").nth(1).waitFor({ timeout: 20_000 });
    await page.waitForLoadState("networkidle");
    const focusedRow = () =>
      page.evaluate(() => [...document.querySelectorAll("tbody tr")].findIndex((row) => row.contains(document.activeElement)));
    await page.keyboard.press("j");
    assert.equal(await focusedRow(), 0);
    await page.keyboard.press("j");
    assert.equal(await focusedRow(), 1);
    await page.keyboard.press("k");
    assert.equal(await focusedRow(), 0);
    await page.keyboard.press("x");
    await page.getByText("1 selected").waitFor();
    await page.keyboard.press("?");
    await page.getByRole("dialog", { name: "Shortcuts" }).waitFor();
    await page.keyboard.press("Escape");
    await page.locator("tbody tr").first().getByRole("link").focus();
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/issues\/[0-9a-f-]{36}$/);
    await close();
  });

  test("the palette finds a page by its words and a crash by its id", async () => {
    const { stack, browser } = world();
    const { page, close } = await openPage(browser);
    await signIn(page, stack);
    await page.getByRole("button", { name: /Go to/ }).waitFor();
    await page.waitForLoadState("networkidle");
    await page.keyboard.press("Control+k");
    await page.getByPlaceholder("Project, page, signature, or crash id").fill("drop log");
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/settings\/refusals$/);
    await page.keyboard.press("Control+k");
    await page.getByPlaceholder("Project, page, signature, or crash id").fill(crashId);
    await page.getByRole("group", { name: "Crash" }).waitFor();
    await page.keyboard.press("Enter");
    await page.waitForURL(new RegExp(`/crashes/${crashId}$`));
    await close();
  });
}
