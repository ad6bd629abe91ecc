/**
 * `salvage login`, `logout`, `whoami`. Logging in shows a code that a signed-in member types into the dashboard (RFC 8628), and keeps the login
 * for later calls; an API token can be kept in its place.
 */
import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { type DeviceCodeView, deviceCodeState, deviceCodeView, loginEnded, organizationDetail, tokenView } from "@salvage/contracts";
import { CliError } from "../cli-error.ts";
import { ApiClient } from "../server/client.ts";
import { configPath, readLogin, removeLogin, type SavedLogin, writeLogin } from "../server/config.ts";
import { findTarget, type ServerOptions, serverUrl, tokenPayload } from "../server/target.ts";

export type LoginOptions = { url?: string; token?: string; json?: boolean };

export async function login({ url: given, token, json }: LoginOptions): Promise<void> {
  const wanted = given ?? process.env.SALVAGE_URL ?? (token === undefined ? null : tokenPayload(token)?.url) ?? readLogin()?.url ?? null;
  if (wanted === null) throw new CliError("which server? Give --url (or set SALVAGE_URL).", 2);
  const url = serverUrl(wanted);
  const secret = token ?? (await signIn(url));
  const { name, organization } = await new ApiClient({ url, token: secret }).json("/api/v1/token", tokenView);
  const saved: SavedLogin = { url, organization: organization.slug, token: secret, kind: token === undefined ? "login" : "token" };
  writeLogin(saved);
  if (json === true) process.stdout.write(`${JSON.stringify({ url, organization: organization.slug, name })}\n`);
  else process.stdout.write(`You are ${name} in ${organization.name} on ${url}. Kept in ${configPath()}.\n`);
}

/** Asks for a code, shows it, and waits until somebody approves it. @returns the token */
async function signIn(url: string): Promise<string> {
  const asking = new ApiClient({ url, token: null, patient: true });
  const code: DeviceCodeView = await asking.json("/api/v1/device-codes", deviceCodeView, {
    body: { clientName: hostname().slice(0, 100) },
  });
  process.stderr.write(`Open ${code.verificationUrlComplete}\nand check that it shows the code ${code.userCode}. Waiting for approval…\n`);
  const waiting = new ApiClient({ url, token: code.secret, patient: true });
  for (;;) {
    await sleep(code.pollSeconds * 1000);
    const { state } = await waiting.json("/api/v1/device-codes", deviceCodeState);
    if (state === "approved") return code.secret;
    if (state === "denied") throw new CliError("the login was refused in the dashboard.");
    if (state === "expired") throw new CliError("nobody approved the code in time: run this once more.", 4);
  }
}

/** Ends the login on the server and forgets it here. An API token that was kept is only forgotten. */
export async function logout({ json }: { json?: boolean }): Promise<void> {
  const saved = readLogin();
  let ended = false;
  if (saved?.kind === "login") {
    const { url, token } = saved;
    const answer = await new ApiClient({ url, token }).json("/api/v1/token", loginEnded, { method: "DELETE" }).catch((error: unknown) => {
      // Ended already, or the server is away: what is kept here goes in any case.
      process.stderr.write(`salvage: ${error instanceof Error ? error.message : String(error)}\n`);
      return null;
    });
    ended = answer !== null;
  }
  const removed = removeLogin();
  if (json === true) process.stdout.write(`${JSON.stringify({ removed, ended })}\n`);
  else process.stdout.write(removed ? `Forgotten${ended ? ", and ended on the server" : ""}.\n` : "Nobody was logged in.\n");
}

export async function whoami(options: ServerOptions & { json?: boolean }): Promise<void> {
  const target = findTarget(options);
  const client = new ApiClient(target);
  const { name, scopes, organization } = await client.json("/api/v1/token", tokenView);
  const path = `/api/v1/organizations/${encodeURIComponent(organization.slug)}`;
  const projects = scopes.includes("project:read") ? (await client.json(path, organizationDetail)).projects : null;
  if (options.json === true) {
    process.stdout.write(`${JSON.stringify({ url: target.url, name, organization, scopes, projects })}\n`);
    return;
  }
  const rows: [string, string][] = [
    ["server", target.url],
    ["you are", name],
    ["in", `${organization.name} (${organization.slug})`],
    ["may", scopes.join(", ")],
    ...(projects === null ? [] : [["projects", projects.map(({ slug }) => slug).join(", ") || "none yet"] as [string, string]]),
  ];
  process.stdout.write(rows.map(([label, value]) => `${label.padEnd(9)}  ${value}\n`).join(""));
}
