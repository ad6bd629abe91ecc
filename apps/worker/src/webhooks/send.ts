/**
 * Sends one webhook request. The name is resolved once and the address that is checked is the address that is connected to
 * (no second look-up in between); redirects are not followed; the answer is read only as far as its status.
 */
import { type LookupAddress, type LookupAllOptions, lookup } from "node:dns";
import type { LookupFunction } from "node:net";
import { isPublicAddress, privateHost } from "@salvage/addresses";
import { Agent, request } from "undici";

export type WebhookRequest = { url: string; headers: Record<string, string>; body: string };

/** `status` null: no answer. `refused`: the address is not allowed, and trying again will not help today. */
export type WebhookAnswer = { status: number | null; error: string | null; refused: boolean };

type Resolve = (
  hostname: string,
  options: LookupAllOptions,
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

const requestTimeoutMs = 10_000;

class AddressRefused extends Error {
  override readonly name = "AddressRefused";
}

/** Never throws. `resolve`: who knows names. */
export async function sendWebhook(
  { url, headers, body }: WebhookRequest,
  allowPrivate: boolean,
  resolve: Resolve = lookup,
): Promise<WebhookAnswer> {
  const target = new URL(url);
  if (target.protocol !== "https:" && target.protocol !== "http:")
    return refusal(`the address must be http or https, not ${target.protocol}`);
  const host = allowPrivate ? null : privateHost(target);
  if (host !== null) return refusal(privateReason(host));
  const connect = { timeout: requestTimeoutMs, lookup: checkedLookup(allowPrivate, resolve) };
  const agent = new Agent({ connect, connections: 1, pipelining: 0 });
  try {
    const { statusCode, body: answer } = await request(target, {
      method: "POST",
      headers,
      body,
      dispatcher: agent,
      headersTimeout: requestTimeoutMs,
      signal: AbortSignal.timeout(requestTimeoutMs),
    });
    answer.on("error", () => {}).destroy();
    const redirect = statusCode >= 300 && statusCode < 400;
    const fine = statusCode >= 200 && statusCode < 300;
    return {
      status: statusCode,
      error: fine ? null : redirect ? "answered with a redirect, which is not followed" : `answered ${statusCode}`,
      refused: false,
    };
  } catch (error) {
    const cause = rootCause(error);
    if (cause instanceof AddressRefused) return refusal(cause.message);
    return {
      status: null,
      error: cause.name === "TimeoutError" ? `no answer within ${requestTimeoutMs / 1000} s` : cause.message,
      refused: false,
    };
  } finally {
    await agent.destroy();
  }
}

/** Resolves a name and hands on only addresses that may be connected to. */
function checkedLookup(allowPrivate: boolean, resolve: Resolve): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, addresses) => {
      if (error !== null) return callback(error, "", 0);
      const bad = allowPrivate ? undefined : addresses.find(({ address }) => !isPublicAddress(address));
      const first = addresses[0];
      if (bad !== undefined) return callback(new AddressRefused(privateReason(`${hostname} (${bad.address})`)), "", 0);
      if (first === undefined) return callback(new Error(`${hostname} has no address`), "", 0);
      if (options.all === true) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };
}

function privateReason(host: string): string {
  return `${host} is not an address of the public internet; the operator can allow such addresses with ALLOW_PRIVATE_WEBHOOKS=1`;
}

function refusal(error: string): WebhookAnswer {
  return { status: null, error, refused: true };
}

function rootCause(error: unknown): Error {
  if (!(error instanceof Error)) return new Error(String(error));
  if (error instanceof AggregateError && error.errors[0] instanceof Error) return rootCause(error.errors[0]);
  return error.cause instanceof Error ? rootCause(error.cause) : error;
}
