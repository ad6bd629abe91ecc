/** Changing the secret of the installation on this machine, while it runs or not. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { readLauncherEnv } from "./env.ts";
import { StartError } from "./errors.ts";
import { openHome } from "./home.ts";
import { runningLauncher } from "./lock.ts";
import { changeSecret } from "./secrets.ts";

/**
 * @returns the address of the running installation, which was told to take the new secret; null when none runs
 * @throws StartError when there is no installation in SALVAGE_HOME
 */
export function rotateInstallationSecret(): string | null {
  const env = readLauncherEnv();
  if (!existsSync(join(env.home, "secrets.json"))) {
    throw new StartError(`There is no installation in ${env.home}: set SALVAGE_HOME to the folder that npm start names in its first line.`);
  }
  const home = openHome(env.home, 0);
  changeSecret(home);
  const running = runningLauncher(home);
  if (running === null) return null;
  process.kill(running.pid, "SIGUSR2");
  return running.url;
}
