/** What the browser tests do again and again: sign in, drop files, look at a page. */
import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { AxeBuilder } from "@axe-core/playwright";
import type { Locator, Page } from "playwright-core";
import type { Stack } from "./stack.ts";

export async function signIn(page: Page, stack: Stack, as: { email: string; password: string } = stack): Promise<void> {
  await page.goto(`${stack.publicUrl}/`);
  await page.waitForURL(/\/sign-in/);
  await page.getByLabel("E-mail address").fill(as.email);
  await page.getByLabel("Password").fill(as.password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.waitForURL(`${stack.publicUrl}/${stack.orgSlug}`);
}

/** Drops a file onto the page, as a person does from their file manager. */
export async function dropFile(page: Page, name: string, bytes: Buffer): Promise<void> {
  // A page just loaded does not listen yet; nobody drops a file that fast.
  await page.locator("[data-listening]").waitFor();
  const transfer = await page.evaluateHandle(
    ({ name, base64 }) => {
      const content = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
      const data = new DataTransfer();
      data.items.add(new File([content], name));
      return data;
    },
    { name, base64: bytes.toString("base64") },
  );
  for (const type of ["dragenter", "dragover", "drop"]) await page.dispatchEvent("main", type, { dataTransfer: transfer });
}

/**
 * Points at something until its tooltip shows. A page just loaded does not listen yet, and a pointer that rests says
 * nothing: as a person's hand does, this one moves on and comes back.
 */
export async function tooltipOf(target: Locator, words: RegExp, within = 30_000): Promise<void> {
  const page = target.page();
  const tooltip = page.getByRole("tooltip").getByText(words);
  const shownWithinMs = 2000;
  for (const until = Date.now() + within; ; ) {
    await target.hover();
    const shown = await tooltip.waitFor({ timeout: shownWithinMs }).then(
      () => true,
      () => false,
    );
    if (shown) return;
    assert.ok(Date.now() < until, `no tooltip says ${words}`);
    await page.mouse.move(0, 0);
  }
}

/** Fails on a serious accessibility finding, naming the elements. */
export async function assertAccessible(page: Page, what: string): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  const serious = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
  const words = serious.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.target.join(" ")} ${node.any[0]?.message ?? ""}`));
  assert.deepEqual(words, [], `accessibility of ${what}`);
}

/** Fails when the page is wider than the window, naming what sticks out. */
export async function assertFits(page: Page, what: string): Promise<void> {
  // A resized window settles over a few frames.
  const settleMs = 2000;
  await page
    .waitForFunction(() => document.documentElement.scrollWidth <= window.innerWidth, null, { timeout: settleMs })
    .catch(() => null);
  const out = await page.evaluate(() => {
    if (document.documentElement.scrollWidth <= window.innerWidth) return [];
    const wide = [...document.querySelectorAll("body *")].filter((element) => element.getBoundingClientRect().right > window.innerWidth);
    return wide.slice(-4).map((element) => `${element.tagName} ${element.className} ${(element.textContent ?? "").slice(0, 30)}`);
  });
  assert.deepEqual(out, [], `${what} is wider than the window`);
}

/** Keeps a picture when SCREENSHOTS names a folder. */
export async function picture(page: Page, name: string): Promise<void> {
  const folder = process.env.SCREENSHOTS;
  if (folder === undefined || folder === "") return;
  await mkdir(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
}
