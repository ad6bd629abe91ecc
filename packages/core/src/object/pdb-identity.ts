/**
 * Identity of a PDB 7 file: GUID from the info stream, age from the DBI stream. (The info stream's age grows when tools rewrite the PDB; the
 * DBI's stays what the executable says.)
 */
import type { ByteSource } from "../bytes/byte-source.ts";
import { Cursor } from "../bytes/cursor.ts";
import { guidFromBytes, normalizeDebugId } from "../ids/debug-id.ts";
import { debugStreamFpo, debugStreamFrameData, readDbi } from "../pdb/dbi.ts";
import { infoStream, Msf } from "../pdb/msf.ts";
import type { ObjectVerdict } from "./verdict.ts";

export const pdb2Magic = "Microsoft C/C++ program database 2.00\r\n\u001aJG";

const machines: Readonly<Record<number, string>> = { 332: "x86", 448: "arm", 452: "arm", 34404: "amd64", 43620: "arm64" };

export function identifyPdb(source: ByteSource): ObjectVerdict {
  const msf = new Msf(source);
  const info = new Cursor(msf.stream(infoStream, 0, 28), "pdb: info stream");
  info.skip(8);
  const infoAge = info.u32();
  const guid = guidFromBytes(info.bytes(16), true);

  const dbi = readDbi(msf);
  const features: ObjectVerdict["features"] = [];
  const lacks: string[] = [];
  if (dbi === null) {
    lacks.push("a DBI stream: no symbols at all");
  } else {
    if (dbi.publicsStream !== null) features.push("symbols");
    if (dbi.modules.bytes > 0) features.push("lines", "inlines");
    else lacks.push("modules: a stripped PDB with public symbols only");
    const frames = [dbi.debugStream(debugStreamFpo), dbi.debugStream(debugStreamFrameData)];
    if (frames.some((stream) => stream !== null && msf.streamBytes(stream) > 0)) features.push("unwind");
  }
  return {
    kind: "pdb",
    name: null,
    debugId: normalizeDebugId(guid + (dbi?.age ?? infoAge).toString(16)),
    codeId: null,
    cpu: dbi === null ? null : (machines[dbi.machine] ?? null),
    os: "windows",
    features,
    convertible: features.length > 0,
    lacks,
  };
}
