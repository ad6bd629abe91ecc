/** For the launcher: answers when the server runs and its database does. Ingest answers the public /health. */
import { connection } from "next/server";
import { services } from "../../../server/services.ts";

export async function GET(): Promise<Response> {
  await connection();
  const ready = await services().gate.ping();
  return Response.json({ ready }, { status: ready ? 200 : 503, headers: { "cache-control": "no-store" } });
}
