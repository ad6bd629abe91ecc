/** Starts the built dashboard (`next start`) on a free port for tests over HTTP, and a small browser-like client for it. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { World } from "./world.ts";

const web = dirname(dirname(fileURLToPath(import.meta.url)));

export type WebServer = { url: string; output(): string; stop(): Promise<void> };

/**
 * @param publicUrl what the server believes its public origin to be
 * @throws when there is no build, or the server does not come up
 */
export async function startWeb(world: World, publicUrl: string): Promise<WebServer> {
  if (!existsSync(join(web, ".next", "BUILD_ID"))) throw new Error("There is no build: run pnpm --filter @salvage/web build first.");
  const next = createRequire(import.meta.url).resolve("next/dist/bin/next");
  const child = spawn(process.execPath, [next, "start", "--hostname", "127.0.0.1", "--port", "0"], {
    cwd: web,
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      PATH: process.env.PATH,
      NODE_ENV: "production",
      NEXT_TELEMETRY_DISABLED: "1",
      PUBLIC_URL: publicUrl,
      DATABASE_URL: world.databaseUrl,
      TEMPORAL_ADDRESS: "127.0.0.1:9",
      BLOB_DIR: world.blobDir,
      NEXTAUTH_SECRET: world.services.cookieSecret,
    },
  });
  let output = "";
  const url = await new Promise<string>((resolve, reject) => {
    const read = (chunk: Buffer) => {
      output += chunk.toString("utf8");
      const address = /http:\/\/127\.0\.0\.1:\d+/.exec(output);
      if (address !== null && output.includes("Ready")) resolve(address[0]);
    };
    child.stdout.on("data", read);
    child.stderr.on("data", read);
    child.once("exit", (code) => reject(new Error(`next start ended with ${code}:\n${output}`)));
  });
  return { url, output: () => output, stop: () => stop(child) };
}

async function stop(child: ChildProcess): Promise<void> {
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  child.kill("SIGTERM");
  await exited;
}

/** Keeps cookies as a browser does; every other header is the caller's business. */
export class Browser {
  readonly #base: string;
  readonly #address: string;
  readonly cookies = new Map<string, string>();
  /** The Set-Cookie lines of the last answers, whole. */
  readonly setCookies: string[] = [];

  /** @param address as ingest would append it to X-Forwarded-For */
  constructor(base: string, address: string) {
    this.#base = base;
    this.#address = address;
  }

  async fetch(path: string, init: RequestInit & { headers?: Record<string, string> } = {}): Promise<Response> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const headers = { "x-forwarded-for": this.#address, ...(cookie === "" ? {} : { cookie }), ...init.headers };
    const response = await fetch(`${this.#base}${path}`, { redirect: "manual", ...init, headers });
    for (const line of response.headers.getSetCookie()) {
      this.setCookies.push(line);
      const [pair = "", ...attributes] = line.split(";");
      const name = pair.slice(0, pair.indexOf("="));
      const value = pair.slice(pair.indexOf("=") + 1);
      const gone = value === "" || attributes.some((attribute) => /max-age=0$|expires=thu, 01 jan 1970/i.test(attribute.trim()));
      if (gone) this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
    return response;
  }

  /** Another browser that holds the same cookies now: what a thief would have. */
  copy(): Browser {
    const copy = new Browser(this.#base, this.#address);
    for (const [name, value] of this.cookies) copy.cookies.set(name, value);
    return copy;
  }

  /** Signs in as next-auth's client does. @returns the `error` that the sign-in page would show, or null */
  async signIn(email: string, password: string, callbackUrl = "/"): Promise<{ error: string | null; url: string; status: number }> {
    const { csrfToken } = (await (await this.fetch("/api/auth/csrf")).json()) as { csrfToken: string };
    const response = await this.fetch("/api/auth/callback/credentials", {
      method: "POST",
      body: new URLSearchParams({ email, password, csrfToken, callbackUrl, json: "true" }),
    });
    const { url } = (await response.json()) as { url: string };
    return { error: new URL(url).searchParams.get("error"), url, status: response.status };
  }

  async signOut(): Promise<void> {
    const { csrfToken } = (await (await this.fetch("/api/auth/csrf")).json()) as { csrfToken: string };
    await this.fetch("/api/auth/signout", { method: "POST", body: new URLSearchParams({ csrfToken, json: "true" }) });
  }

  /** A query over HTTP. @returns status and the JSON body */
  async query(path: string, input?: unknown): Promise<{ status: number; body: TrpcBody }> {
    const search = input === undefined ? "" : `?input=${encodeURIComponent(JSON.stringify({ json: input }))}`;
    const response = await this.fetch(`/api/trpc/${path}${search}`);
    return { status: response.status, body: (await response.json()) as TrpcBody };
  }

  /** A change over HTTP from a page of `origin`. */
  async mutate(path: string, input: unknown, origin: string): Promise<{ status: number; body: TrpcBody }> {
    const response = await this.fetch(`/api/trpc/${path}`, {
      method: "POST",
      headers: { "content-type": "application/json", origin },
      body: JSON.stringify({ json: input }),
    });
    return { status: response.status, body: (await response.json()) as TrpcBody };
  }
}

export type TrpcBody = {
  result?: { data: { json: unknown } };
  error?: {
    message?: string;
    json?: { message: string; data: { code: string; requestId: string | null; fieldErrors: Record<string, string[]> | null } };
  };
};
