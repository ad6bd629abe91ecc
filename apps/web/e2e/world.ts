/** What a journey is given: the running system and a browser. */
import { launchBrowser } from "@salvage/testkit/browser";
import type { Browser } from "playwright-core";
import { type Stack, startStack } from "./stack.ts";

export type World = { stack: Stack; browser: Browser };

export async function startWorld(): Promise<World> {
  const [stack, browser] = await Promise.all([startStack(), launchBrowser()]);
  return { stack, browser };
}

export async function stopWorld(world: World | undefined): Promise<void> {
  await world?.browser.close();
  await world?.stack.stop();
}
