/** The doctor's look at Temporal: whether it lets us in, with the settings that the apps have, and whether its schedules run. */
import { workflowIds } from "@salvage/contracts";
import { readTemporalSecurity, type TemporalSecurity } from "@salvage/lanes";
import type { Look } from "@salvage/launcher/installation";
import { Client, Connection } from "@temporalio/client";
import { type Finding, fine, problem, reasonOf, secondsText } from "./finding.ts";
import { type Refusal, tryTls } from "./tls-trial.ts";

const answerWithinMs = 5_000;
const why = "Crashes are kept, and wait until it does.";
/** Codes of gRPC. */
const [permissionDenied, unauthenticated] = [7, 16];
const scheduleIds = [
  { id: workflowIds.sweep(), everySeconds: 30 },
  { id: workflowIds.retention(), everySeconds: 300 },
  { id: workflowIds.refresh(), everySeconds: 600 },
];
/** A round that took long is no sign of a dead schedule; this many missed ones are. */
const missedRounds = 4;

export async function lookAtTemporal({ settings, ports }: Look): Promise<Finding[]> {
  const address = settings.temporalAddress ?? (ports === null ? null : `127.0.0.1:${ports.temporal}`);
  if (address === null) return [];
  const own = settings.temporalAddress === null;
  let security: TemporalSecurity = {};
  try {
    if (!own) security = readTemporalSecurity("the look at Temporal");
  } catch (error) {
    return [problem("temporal", reasonOf(error), why, "put that setting right; the apps need it, too")];
  }
  const where = own ? `tail -n 50 ${settings.home}/logs/temporal.log` : "look at the server of TEMPORAL_ADDRESS";
  const letsUsNotIn = ({ what, todo }: Refusal) => [problem("temporal", `${address} does not let us in: ${what}`, why, todo)];
  // The client of Temporal would try for all its time, and not say what became of it.
  const refused = security.tls ? await tryTls(address, security) : null;
  if (refused !== null) return letsUsNotIn(refused);
  let connection: Connection | null = null;
  try {
    connection = await Connection.connect({ address, ...security, connectTimeout: answerWithinMs });
    return await findings(connection);
  } catch (error) {
    const refusal = refusedKey(error, security) ?? (security.tls ? null : await tryTls(address, security));
    return refusal === null ? [problem("temporal", `${address} does not answer (${reasonOf(error)})`, why, where)] : letsUsNotIn(refusal);
  } finally {
    await connection?.close();
  }
}

/** The server answered, and said no. */
function refusedKey(error: unknown, { apiKey }: TemporalSecurity): Refusal | null {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const { code } = cause as { code?: unknown };
  if (code !== unauthenticated && code !== permissionDenied) return null;
  return apiKey === undefined
    ? { what: `it wants to know who calls (${reasonOf(error)})`, todo: "set TEMPORAL_API_KEY" }
    : {
        what: `it does not accept TEMPORAL_API_KEY (${reasonOf(error)})`,
        todo: "look whether the key is still good, and for this namespace",
      };
}

async function findings(connection: Connection): Promise<Finding[]> {
  return await connection.withDeadline(Date.now() + answerWithinMs, async () => {
    const { serverVersion } = await connection.workflowService.getSystemInfo({});
    const client = new Client({ connection, namespace: process.env.TEMPORAL_NAMESPACE || "default" });
    const found = [fine("versions", `Temporal ${serverVersion}`)];
    for (const { id, everySeconds } of scheduleIds) found.push(await schedule(client, id, everySeconds));
    return found;
  });
}

async function schedule(client: Client, id: string, everySeconds: number): Promise<Finding> {
  const matters = "It finds work whose wake-up was lost, and deletes what is over.";
  try {
    const { info, state } = await client.schedule.getHandle(id).describe();
    if (state.paused)
      return problem("schedules", `${id} is paused`, matters, `temporal schedule toggle --schedule-id ${id} --unpause --reason doctor`);
    const last = info.recentActions.at(-1)?.takenAt ?? info.createdAt;
    const seconds = (Date.now() - last.getTime()) / 1000;
    if (seconds > missedRounds * everySeconds)
      return problem(
        "schedules",
        `${id} ran ${secondsText(seconds)} ago, and is to run every ${secondsText(everySeconds)}`,
        matters,
        "restart Salvage",
      );
    return fine("schedules", `${id} ran ${secondsText(seconds)} ago`);
  } catch (error) {
    return problem(
      "schedules",
      `${id} is not there (${reasonOf(error)})`,
      matters,
      "a running worker makes it within 15 seconds: is there one?",
    );
  }
}
