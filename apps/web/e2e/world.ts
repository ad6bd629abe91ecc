/** What a journey is given: the running system and a browser. */
import { launchBrowser } from "@salvage/testkit/browser";
import type { Browser } from "playwright-core";
import { type Stack, startStack } from "./stack.ts";

export type World = { stack: Stack; browser: Browser };

/** Starts both. @throws when one can't be started; the other is then stopped, for a process left behind would keep the test from ending */
export async function startWorld(): Promise<World> {
  const [stack, browser] = await Promise.allSettled([startStack(), launchBrowser()]);
  if (stack.status === "fulfilled" && browser.status === "fulfilled") return { stack: stack.value, browser: browser.value };
  if (stack.status === "fulfilled") await stack.value.stop();
  if (browser.status === "fulfilled") await browser.value.close();
  throw stack.status === "rejected" ? stack.reason : (browser as PromiseRejectedResult).reason;
}

/** Stops both, the system also when the browser does not answer. */
export async function stopWorld(world: World | undefined): Promise<void> {
  if (world === undefined) return;
  const results = await Promise.allSettled([world.browser.close(), world.stack.stop()]);
  for (const result of results) if (result.status === "rejected") throw result.reason;
}
