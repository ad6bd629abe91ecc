/**
 * Source bundles, as `sentry-cli debug-files upload --include-sources` makes them: `SYSB`, a version, then a zip whose `manifest.json` names the
 * build that its sources belong to. Kept as they are. One whose zip counts its offsets from behind the first eight bytes cannot be read.
 */
import { open } from "node:fs/promises";
import { walkZip } from "@salvage/archives";
import { FormatError, normalizeCodeId, normalizeDebugId } from "@salvage/core";
import type { FileFacts } from "./tasks.ts";

/** A line per source file; the largest known builds have some ten thousand. */
const maxManifestBytes = 64 * 1024 * 1024;
/** The manifest is the last member as a rule. */
const maxMembers = 200_000;

/** @returns null when the file is no source bundle. @throws FormatError */
export async function identifySourceBundle(path: string): Promise<FileFacts | null> {
  if (!(await beginsLikeOne(path))) return null;
  const manifest = await readManifest(path);
  const text = (name: string) => (typeof manifest[name] === "string" ? manifest[name] : null);
  const [debugId, codeId] = [text("debug_id"), text("code_id")];
  return {
    kind: "sourcebundle",
    name: text("object_name")?.slice(0, 500) ?? null,
    codeFile: null,
    debugId: debugId === null ? null : normalizeDebugId(debugId),
    codeId: codeId === null ? null : normalizeCodeId(codeId),
    cpu: text("arch")?.slice(0, 40) ?? null,
    os: null,
    features: ["sources"],
    convertible: true,
    lacks: ["names and unwind data: it holds sources"],
  };
}

async function beginsLikeOne(path: string): Promise<boolean> {
  const file = await open(path, "r");
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(4), 0, 4, 0);
    return bytesRead === 4 && buffer.toString("latin1") === "SYSB";
  } finally {
    await file.close();
  }
}

async function readManifest(path: string): Promise<Record<string, unknown>> {
  let members = 0;
  for await (const member of walkZip(path)) {
    if (++members > maxMembers) break;
    if (member.name !== "manifest.json") continue;
    const pieces: Uint8Array[] = [];
    let bytes = 0;
    for await (const piece of await member.content()) {
      bytes += piece.length;
      if (bytes > maxManifestBytes) throw new FormatError("source bundle", null, `manifest.json has more than ${maxManifestBytes} bytes`);
      pieces.push(piece);
    }
    const value = parse(Buffer.concat(pieces).toString("utf8"));
    if (typeof value === "object" && value !== null) return value as Record<string, unknown>;
    throw new FormatError("source bundle", null, "manifest.json is not a JSON object");
  }
  throw new FormatError("source bundle", null, "it has no manifest.json");
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
