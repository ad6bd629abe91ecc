/** Requests of /api/auth: next-auth behind a bound on the body, and without its log endpoint. */

import { NextRequest } from "next/server";
import NextAuth from "next-auth";
import { readBody } from "../read-body.ts";
import type { Services } from "../services.ts";
import { authOptions } from "./options.ts";

/** A form with an e-mail, a password, a token and an address. */
const maxBodyBytes = 16 * 1024;

export type AuthRouteContext = { params: Promise<{ nextauth: string[] }> };

export async function handleAuth(request: NextRequest, context: AuthRouteContext, services: Services): Promise<Response> {
  const [action] = (await context.params).nextauth;
  // next-auth's client would have its errors logged here; anyone could fill the log.
  if (action === "_log") return new Response(null, { status: 204 });
  let bounded = request;
  if (request.method === "POST") {
    const body = await readBody(request, maxBodyBytes);
    if (body === null) return new Response("The request is too large", { status: 413 });
    bounded = new NextRequest(request.url, { method: "POST", headers: request.headers, body });
  }
  return NextAuth(authOptions(services))(bounded, context);
}
