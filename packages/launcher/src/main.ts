/** `npm start`: brings Salvage up, plays the first minutes once, prints what to do next, and runs until Ctrl-C. */
import { readLauncherEnv } from "./env.ts";
import { StartError } from "./errors.ts";
import { addressesText, demoText } from "./farewell.ts";
import { type FirstStart, prepareFirstStart, rememberFirstStart, runDemo } from "./first-start.ts";
import { createSteps } from "./steps.ts";
import { type RunningSystem, startSystem } from "./system.ts";

const print = (text: string) => process.stdout.write(text);
// The reader may go (`npm start | head`, a closed terminal): no reason to stop serving.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE" && error.code !== "EIO") throw error;
});

/** Every child is stopped or killed well before; this is for a start that is stuck in something else. */
const hardStopMs = 25_000;

/** Set once stopping began, so that a death that we asked for is not reported as one. */
let stopping = false;

async function main(): Promise<void> {
  const since = performance.now();
  const env = readLauncherEnv();
  const steps = createSteps(print);
  let system: RunningSystem | null = null;
  let signalled: NodeJS.Signals | null = null;
  const starting = new AbortController();

  const stop = async (reason: string) => {
    if (stopping) return;
    stopping = true;
    if (system !== null) {
      print(`\n${reason}: stopping …`);
      const begun = performance.now();
      await system.stop();
      print(` done in ${((performance.now() - begun) / 1000).toFixed(1)} s. Nothing is lost; npm start continues.\n`);
    }
    process.exit(0);
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => {
      signalled = signal;
      // While starting, the start itself is ended first: startSystem stops what it has begun.
      if (system !== null) void stop(signal === "SIGINT" ? "Ctrl-C" : signal);
      else starting.abort();
      // A fetch or a migration under way is not waited for longer than this.
      setTimeout(() => process.exit(130), hardStopMs).unref();
    });
  }

  // `./salvage secret rotate` asks for it; during a start the secrets are read anyway, or asked for again.
  let renewing = Promise.resolve();
  process.on("SIGUSR2", () => {
    renewing = renewing.then(async () => {
      if (system === null || stopping) return;
      await system.renewSecrets().then(
        () => print("\nThe secret was changed; the apps run with the new one.\n"),
        (error: unknown) =>
          print(`\nThe secret was changed, but the apps did not start again: ${error instanceof Error ? error.message : error}\n`),
      );
    });
  });

  steps.say(`Starting Salvage (data in ${env.home})`);
  try {
    system = await startSystem({
      home: env.home,
      publicPort: env.publicPort,
      publicUrl: env.publicUrl,
      minimumFreeBytes: env.minimumFreeBytes,
      maxRestartPauseMs: env.maxRestartPauseMs,
      database: env.database,
      temporalAddress: env.temporalAddress,
      steps,
      signal: starting.signal,
      events: {
        died: (name, how, pauseMs) => {
          if (!stopping) steps.say(`  ${name} ${how}; it starts again in ${pauseMs / 1000} s (log: ${env.home}/logs/${name}.log)`);
        },
      },
    });
  } catch (error) {
    if (signalled !== null) {
      print("\nStopped.\n");
      process.exit(130);
    }
    throw error;
  }
  const ready = performance.now();

  const first = await prepareFirstStart(system, steps).catch(async (error: unknown) => {
    await system?.stop();
    throw error;
  });
  if (first === null) {
    print(`\nSalvage is running at ${env.publicUrl}  (Ctrl-C stops it)\n`);
    return;
  }
  const lines: string[] = [];
  let concluded: FirstStart = { ...first, unshown: null };
  if (first.demo === "to do" && env.demo && first.unshown !== null) {
    try {
      lines.push(demoText(env.publicUrl, first, await runDemo(system, first, first.unshown.token, steps)), "");
      concluded = { ...concluded, demo: "done" };
    } catch (error) {
      // The system is up and stays up; the demo is only its first guest.
      lines.push(
        `  The demo crash did not come through: ${error instanceof Error ? error.message : String(error)}`,
        `  Logs: ${system.home.logs}`,
        "",
      );
    }
  }
  lines.push(addressesText(env.publicUrl, first));
  print(
    `\nSalvage is running at ${env.publicUrl}  (ready after ${((ready - since) / 1000).toFixed(1)} s; Ctrl-C stops it)\n\n${lines.join("\n")}\n`,
  );
  rememberFirstStart(system, concluded);
}

try {
  await main();
} catch (error) {
  const isSentence = error instanceof StartError || (error instanceof Error && error.name === "EnvError");
  process.stderr.write(isSentence ? `\n${error.message}\n` : `\n${error instanceof Error ? error.stack : String(error)}\n`);
  process.exit(1);
}
