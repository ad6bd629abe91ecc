/** /api/v1 for the commands: requests with the token, answers checked by their schema, refusals as sentences with an exit code. */
import { setTimeout as sleep } from "node:timers/promises";
import { type Page, page, tokenView } from "@salvage/contracts";
import type { z } from "zod";
import { CliError } from "../cli-error.ts";

export type ApiRequest = {
  method?: "GET" | "POST" | "DELETE";
  /** Sent as JSON. */
  body?: unknown;
  /** What the request names, by the server's words: `{ project: "game" }`. For the sentence when the server says that there is none. */
  names?: Readonly<Record<string, string>>;
};

export type ClientOptions = {
  /** Without a slash at the end. */
  url: string;
  token: string | null;
  organization?: string | null;
  /** For long work: a server that cannot be reached or is not ready is asked again for a while. */
  patient?: boolean;
};

/** Answers that a moment later may be others: the server starts, or a proxy in front of it lost it. */
const passing = new Set([502, 503, 504]);
const retryMs = [500, 2_000, 5_000];

/** The server answered with a refusal. */
export class Refused extends CliError {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message, status >= 500 ? 3 : 1);
    this.status = status;
  }
}

export class ApiClient {
  readonly url: string;
  readonly #token: string | null;
  readonly #retryMs: readonly number[];
  #organization: string | null;

  constructor({ url, token, organization, patient }: ClientOptions) {
    this.url = url;
    this.#token = token;
    this.#retryMs = patient === true ? retryMs : [];
    this.#organization = organization ?? null;
  }

  /** The organization's slug; asks the server when nothing said it. */
  async organization(): Promise<string> {
    this.#organization ??= (await this.json("/api/v1/token", tokenView)).organization.slug;
    return this.#organization;
  }

  /** `/api/v1/organizations/<slug>` and what follows. */
  async ofOrganization(path: string): Promise<string> {
    return `/api/v1/organizations/${encodeURIComponent(await this.organization())}${path}`;
  }

  /** A request whose answer has `schema`; throws CliError for every other. */
  async json<T>(path: string, schema: z.ZodType<T>, { method, body, names = {} }: ApiRequest = {}): Promise<T> {
    const response = await this.send(path, () => ({
      method: method ?? (body === undefined ? "GET" : "POST"),
      ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
    }));
    if (!response.ok) throw await this.refusal(response, names);
    const parsed = schema.safeParse(await readJson(response));
    if (!parsed.success) throw new CliError(`${this.url} is no Salvage server of this version: ${path} answered something else.`, 3);
    return parsed.data;
  }

  /** The items of a list, page after page. */
  async *list<T>(
    path: string,
    query: Readonly<Record<string, string>>,
    item: z.ZodType<T>,
    names: ApiRequest["names"] = {},
  ): AsyncGenerator<T> {
    let cursor: string | null = null;
    do {
      const parameters: string = new URLSearchParams({ ...query, ...(cursor === null ? {} : { cursor }) }).toString();
      const { items, next }: Page<T> = await this.json(`${path}?${parameters}`, page(item), { names });
      yield* items;
      cursor = next;
    } while (cursor !== null);
  }

  /** Sends with the token, a patient client more than once, each time with a new `init`. Throws CliError (3) when no answer comes. */
  async send(path: string, init: () => RequestInit): Promise<Response> {
    for (const pause of this.#retryMs) {
      const response = await this.#once(path, init()).catch(() => null);
      if (response !== null && !passing.has(response.status)) return response;
      await response?.body?.cancel();
      await sleep(pause);
    }
    return this.#once(path, init());
  }

  /** What a refusal means to the person at the keyboard. */
  async refusal(response: Response, names: ApiRequest["names"] = {}): Promise<Refused> {
    const { status } = response;
    const answer = await readJson(response);
    const detail = typeof answer === "object" && answer !== null && "detail" in answer ? String(answer.detail) : "";
    const said = detail === "" ? "" : `: ${detail}`;
    if (status === 401) return new Refused(status, `${this.url} does not accept this token: run "salvage login", or make a new API token.`);
    if (status === 403) return new Refused(status, `this token may not do that${said}.`);
    if (status === 404) {
      const all: Readonly<Record<string, string>> = {
        ...names,
        ...(this.#organization === null ? {} : { organization: this.#organization }),
      };
      const kind = /no such ([a-z ]+)$/.exec(detail)?.[1] ?? "";
      const name = all[kind];
      return new Refused(
        status,
        `${this.url} says${said === "" ? ": not found" : said}${name === undefined ? "" : ` "${name}"`} for this token.`,
      );
    }
    return new Refused(status, `${this.url} answered ${status}${said}.`);
  }

  async #once(path: string, init: RequestInit): Promise<Response> {
    const headers = new Headers(init.headers);
    if (this.#token !== null) headers.set("authorization", `Bearer ${this.#token}`);
    try {
      // A redirect would take the token elsewhere and turn a POST into a GET.
      return await fetch(this.url + path, { ...init, headers, redirect: "error" });
    } catch (error) {
      throw unreachable(this.url, error);
    }
  }
}

async function readJson(response: Response): Promise<unknown> {
  const text = await response.text();
  try {
    return JSON.parse(text);
  } catch {
    return { detail: text.slice(0, 200) };
  }
}

/** The sentence for a connection that failed. */
export function unreachable(url: string, error: unknown): CliError {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const reason = cause instanceof Error ? cause.message || (cause as NodeJS.ErrnoException).code : String(cause);
  return new CliError(`${new URL(url).origin} could not be reached: ${reason || "connection failed"}.`, 3);
}
