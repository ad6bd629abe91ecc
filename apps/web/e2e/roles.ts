/** Inviting by link, and what a viewer may not do. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { openPage } from "@salvage/testkit/browser";
import { demoFile, postCrash } from "./stack.ts";
import { signIn, tooltipOf } from "./visit.ts";
import type { World } from "./world.ts";

export function roles(world: () => World): void {
  test("an invited viewer joins by the link, reads everything and changes nothing", async () => {
    const { stack, browser } = world();
    const crashId = await postCrash(
      `${stack.publicUrl}/api/${stack.project.id}/minidump/?sentry_key=${stack.project.publicKey}`,
      await demoFile("driftwood-1.0.dmp"),
    );
    const owner = await openPage(browser);
    await signIn(owner.page, stack);
    await owner.page.goto(`${stack.publicUrl}/acme/members`);
    await owner.page.getByLabel("Role", { exact: true }).selectOption("viewer");
    await owner.page.getByRole("button", { name: "Make a link" }).click();
    const link = (await owner.page.locator("code", { hasText: "/invite/" }).textContent()) ?? "";
    assert.match(link, /\/invite\/\S{20,}$/);

    const viewer = await openPage(browser);
    await viewer.page.goto(link);
    await viewer.page.getByLabel("Your name").fill("Vic Viewer");
    await viewer.page.getByLabel("E-mail address").fill("vic@example.com");
    await viewer.page.getByLabel("Password").fill("another-long-password");
    await viewer.page.getByRole("button", { name: "Make account and join" }).click();
    await viewer.page.waitForURL(`${stack.publicUrl}/acme`);

    await viewer.page.goto(`${stack.publicUrl}/acme/driftwood/crashes/${crashId}`);
    await viewer.page.getByText("Provisional: driftwood has no debug file yet").waitFor({ timeout: 20_000 });
    for (const name of ["Process again", "Download dump"]) {
      const button = viewer.page.getByRole("button", { name });
      assert.equal(await button.getAttribute("aria-disabled"), "true", name);
    }
    await tooltipOf(viewer.page.getByRole("button", { name: "Process again" }), /Your role is viewer/);
    assert.equal(await viewer.page.getByRole("link", { name: "API tokens" }).count(), 0);

    await viewer.page.goto(`${stack.publicUrl}/acme/driftwood/processing-issues`);
    assert.equal(await viewer.page.locator("input[type=file]").isDisabled(), true);

    // The link is used up.
    const other = await openPage(browser);
    await other.page.goto(link);
    await other.page.getByText("This invitation is over").waitFor();
    await Promise.all([owner.close(), viewer.close(), other.close()]);
  });
}
