/**
 * What `salvage login` keeps between calls: one server, one organization, one token, in the user's configuration folder. Only the user may
 * read it (mode 0600; on Windows the profile's own access list says the same).
 */
import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { posix, win32 } from "node:path";
import { z } from "zod";
import { fileProblem } from "../cli-error.ts";

const savedLogin = z.object({
  url: z.string(),
  organization: z.string(),
  token: z.string(),
  /** `login`: made by signing in, and ended by `salvage logout`; `token`: an API token that was typed in. */
  kind: z.enum(["login", "token"]),
});
export type SavedLogin = z.infer<typeof savedLogin>;

type Environment = Readonly<Record<string, string | undefined>>;

/** Where the file lies: %APPDATA% on Windows, Library/Application Support on macOS, else XDG_CONFIG_HOME or ~/.config. */
export function configPath(platform: NodeJS.Platform = process.platform, env: Environment = process.env, home: string = homedir()): string {
  if (platform === "win32") {
    const folder = env.APPDATA || win32.join(home, "AppData", "Roaming");
    return win32.join(folder, "salvage", "login.json");
  }
  // A relative XDG_CONFIG_HOME is to be ignored, says its specification.
  const xdg = env.XDG_CONFIG_HOME;
  if (xdg !== undefined && posix.isAbsolute(xdg)) return posix.join(xdg, "salvage", "login.json");
  const folder = platform === "darwin" ? posix.join(home, "Library", "Application Support") : posix.join(home, ".config");
  return posix.join(folder, "salvage", "login.json");
}

/** Null when nobody logged in, or the file is no such file. */
export function readLogin(path: string = configPath()): SavedLogin | null {
  try {
    return savedLogin.parse(JSON.parse(readFileSync(path, "utf8")));
  } catch {
    return null;
  }
}

/** Replaces the file as a whole, so that a call beside this one never reads half of it. */
export function writeLogin(login: SavedLogin, path: string = configPath()): void {
  const folder = path.slice(0, Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")));
  const fresh = `${path}.${process.pid}`;
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    writeFileSync(fresh, `${JSON.stringify(login, null, 2)}\n`, { mode: 0o600 });
    chmodSync(fresh, 0o600);
    renameSync(fresh, path);
  } catch (error) {
    throw fileProblem(path, error);
  }
}

/** @returns false when there was none */
export function removeLogin(path: string = configPath()): boolean {
  const was = readLogin(path) !== null;
  rmSync(path, { force: true });
  return was;
}
