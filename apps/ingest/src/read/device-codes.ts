/**
 * POST and GET /api/v1/device-codes: signing a machine in through a browser (packages/db, gate/device-codes.ts). A machine asks for a code and
 * then, with its secret as bearer, how the request stands.
 */
import { deviceCodeInput } from "@salvage/contracts";
import type { OrgGate } from "@salvage/db";
import { AppError } from "../http/app-error.ts";
import { clientAddress } from "../http/client-address.ts";
import { readJson } from "../http/json-body.ts";
import { sendJson } from "../http/respond.ts";
import type { Route, RouteContext } from "../http/router.ts";
import { createRateLimiter } from "../intake/rate-limit.ts";

export type DeviceCodePorts = { gate: OrgGate; publicUrl: string; trustProxy: boolean };

const pollSeconds = 2;
const maxBodyBytes = 4 * 1024;
/** More open codes would make guessing one of them easier. */
const maxCodesPerMinute = 10;
/** An office behind one address may have several machines waiting. */
const maxPollsPerMinute = 600;

export function deviceCodeRoutes({ gate, publicUrl, trustProxy }: DeviceCodePorts): Route[] {
  const limiter = createRateLimiter();
  const limit = ({ request }: RouteContext, what: string, perMinute: number) => {
    if (!limiter.take(`${what} ${clientAddress(request, trustProxy)}`, perMinute))
      throw new AppError(429, null, "too many requests from this address", { headers: { "Retry-After": "10" } });
  };

  async function create(context: RouteContext): Promise<void> {
    limit(context, "create", maxCodesPerMinute);
    const { clientName } = await readJson(context, deviceCodeInput, maxBodyBytes);
    const { secret, userCode, expiresAt } = await gate.deviceCodes.create({ clientName });
    const verificationUrl = `${publicUrl}/activate`;
    sendJson(context.response, 201, {
      secret,
      userCode,
      verificationUrl,
      verificationUrlComplete: `${verificationUrl}?code=${userCode}`,
      expiresAt: expiresAt.toISOString(),
      pollSeconds,
    });
  }

  async function state(context: RouteContext): Promise<void> {
    limit(context, "poll", maxPollsPerMinute);
    const secret = /^Bearer\s+(\S+)\s*$/i.exec(context.request.headers.authorization ?? "")?.[1];
    if (secret === undefined) throw new AppError(401, null, "the secret of the device code is required: Authorization: Bearer <secret>");
    sendJson(context.response, 200, { state: await gate.deviceCodes.state(secret) });
  }

  return [
    { method: "POST", path: "/api/v1/device-codes", name: "device_codes", handle: create },
    { method: "GET", path: "/api/v1/device-codes", name: "device_codes", handle: state },
  ];
}
