/**
 * What a log of App Center says, as an event with the member names of the rest of intake. Errors and attachments both carry `device`,
 * so an attachment that comes alone still says which program it is from.
 *
 * Source: App Center's documentation, "Uploading custom crash reports".
 */
import { asObject, type Json } from "../json.ts";
import type { Json as Log } from "./log-reader.ts";

/** @param installId the header Install-ID: stands for the user where the log names none */
export function eventOfLog(log: Log, installId: string | null): Json {
  const device = asObject(log.device) ?? {};
  const fatal = log.fatal === undefined ? undefined : log.fatal === true || log.fatal === "true";
  return present({
    timestamp: log.timestamp,
    level: fatal === undefined ? undefined : fatal ? "fatal" : "error",
    release: releaseOf(device),
    dist: device.appBuild,
    user: present({ id: text(log.userId) ?? installId }),
    contexts: {
      app: present({
        app_identifier: device.appNamespace,
        app_version: device.appVersion,
        app_build: device.appBuild,
        app_start_time: log.appLaunchTimestamp,
        sdk: [text(device.wrapperSdkName) ?? text(device.sdkName), text(device.wrapperSdkVersion) ?? text(device.sdkVersion)]
          .filter((word) => word !== null)
          .join(" "),
      }),
      device: present({
        model: device.model,
        manufacturer: device.oemName,
        screen_resolution: device.screenSize,
        carrier: device.carrierName,
        locale: device.locale,
      }),
      os: present({ name: device.osName, version: device.osVersion, build: device.osBuild, api_level: device.osApiLevel }),
    },
    extra: present({
      process_id: log.processId,
      process_name: log.processName,
      parent_process_id: log.parentProcessId,
      parent_process_name: log.parentProcessName,
      architecture: log.architecture,
      error_thread_name: log.errorThreadName,
      build_id: log.buildId,
    }),
  });
}

/** True for an error whose dump is an attachment, perhaps of a later call. */
export function announcesDump(log: Log): boolean {
  const exception = asObject(log.exception);
  return exception !== null && String(exception.type).toLowerCase() === "minidump";
}

/** `package@version+build`, as far as these are given. */
function releaseOf(device: Json): string | null {
  const version = text(device.appVersion);
  if (version === null) return null;
  const build = text(device.appBuild);
  const name = text(device.appNamespace);
  return `${name === null ? "" : `${name}@`}${version}${build === null || build === version ? "" : `+${build}`}`;
}

const text = (value: unknown) => (typeof value === "string" && value !== "" ? value : typeof value === "number" ? String(value) : null);

/** Without members that say nothing. */
const present = (members: Json): Json =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined && value !== null && value !== ""));
