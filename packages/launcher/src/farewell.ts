/** What a start prints when all is up: the demo's stack, where to sign in, and lines to copy. */
import type { DemoCrash } from "./demo.ts";
import { demoFiles, minidumpUrl } from "./demo.ts";
import type { DemoResult, FirstStart } from "./first-start.ts";

/** The demo crash as a short stack. */
export function demoText(publicUrl: string, first: FirstStart, { crash, second }: DemoResult): string {
  const width = Math.min(64, Math.max(...crash.frames.map((frame) => frame.function.length)));
  const frames = crash.frames.map(
    (frame, index) => `    ${index}  ${frame.function.padEnd(width)}  ${frame.place.padEnd(18)}  ${frame.trust}`,
  );
  return [
    `  A crash of the demo program: ${crash.reason}`,
    ...frames.map((line) => line.trimEnd()),
    `    ${crashUrl(publicUrl, first, crash)}`,
    "",
    `  A crash of its next release waits for symbols${second.missing.length === 0 ? "" : ` (${second.missing.join(", ")})`}:`,
    `    ${publicUrl}/${first.orgSlug}/${first.projectSlug}/processing-issues`,
  ].join("\n");
}

function crashUrl(publicUrl: string, first: FirstStart, crash: DemoCrash): string {
  return `${publicUrl}/${first.orgSlug}/${first.projectSlug}/crashes/${crash.crashId}`;
}

/** Addresses, sign-in and lines to copy. Password and token appear on the first start only. */
export function addressesText(publicUrl: string, first: FirstStart): string {
  const target = { publicUrl, projectId: first.projectId, publicKey: first.publicKey };
  const token = first.unshown?.token ?? "<API token>";
  const signIn =
    first.unshown === null
      ? `${first.email}, password as shown by the first start (new one: ./salvage user reset-password ${first.email})`
      : `${first.email}   password: ${first.unshown.password}   (shown this once)`;
  const tokenNote =
    first.unshown === null ? [`    (the first start showed a token; make another under ${publicUrl}/${first.orgSlug}/tokens)`] : [];
  return [
    `  Dashboard      ${publicUrl}`,
    `  Sign in        ${signIn}`,
    `  Minidump URL   ${minidumpUrl(target)}`,
    "",
    "  Post a crash:",
    `    curl -F upload_file_minidump=@${demoFiles.dump} '${minidumpUrl(target)}'`,
    "  Upload the missing symbols and watch the stack fill in:",
    // The token carries address and organization.
    `    ./salvage upload ${demoFiles.secondSymbols} --token ${token}`,
    ...tokenNote,
  ].join("\n");
}
