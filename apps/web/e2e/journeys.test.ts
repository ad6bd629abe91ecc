/** All journeys on one running system: starting it is the costly part. Each journey makes what it needs. */
import { after, before, describe } from "node:test";
import { firstMinutes } from "./first-minutes.ts";
import { keyboard } from "./keyboard.ts";
import { roles } from "./roles.ts";
import { startWorld, stopWorld, type World } from "./world.ts";

let running: World | undefined;

before(async () => {
  running = await startWorld();
});

after(() => stopWorld(running));

function world(): World {
  if (running === undefined) throw new Error("the system is not running");
  return running;
}

describe("the first minutes of a new user", () => firstMinutes(world));
describe("without a mouse", () => keyboard(world));
describe("roles", () => roles(world));
