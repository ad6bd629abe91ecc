/**
 * Identity of a PDB 7 file: GUID from the info stream, age from the DBI stream. (The info stream's age grows when tools rewrite the PDB; the
 * DBI's stays what the executable says.)
 */
import type { ByteSource } from "../bytes/byte-source.ts";
import { Cursor } from "../bytes/cursor.ts";
import { guidFromBytes, normalizeDebugId } from "../ids/debug-id.ts";
import { DamageLog } from "../names/damage.ts";
import { type Dbi, debugStreamFpo, debugStreamFrameData, readDbi } from "../pdb/dbi.ts";
import { noModuleStream, readModules } from "../pdb/modules.ts";
import { infoStream, Msf, noStream } from "../pdb/msf.ts";
import { isFastlink } from "../pdb/named-streams.ts";
import { readSections } from "../pdb/sections.ts";
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
  if (dbi === null) lacks.push("a DBI stream: a PDB of a compiler, with types and without addresses");
  else nameFeatures(msf, dbi, features, lacks);
  return {
    kind: "pdb",
    name: null,
    codeFile: null,
    debugId: normalizeDebugId(guid + (dbi?.age ?? infoAge).toString(16)),
    codeId: null,
    cpu: dbi === null ? null : (machines[dbi.machine] ?? null),
    os: "windows",
    features,
    convertible: features.includes("symbols") || features.includes("lines"),
    lacks,
  };
}

function nameFeatures(msf: Msf, dbi: Dbi, features: ObjectVerdict["features"], lacks: string[]): void {
  if (readSections(msf, dbi) === null) {
    lacks.push("section headers: the PDB's names have no place in the image");
  } else {
    if (msf.streamBytes(dbi.symbolRecordStream ?? noStream) > 0) features.push("symbols");
    const modules = readModules(msf, dbi, new DamageLog());
    let withSymbols = 0;
    let withLines = 0;
    let withOldLines = 0;
    for (let module = 0; module < modules.count; module++) {
      if (modules.stream.at(module) === noModuleStream) continue;
      withSymbols++;
      if (modules.lineBytes.at(module) > 0) withLines++;
      if (modules.oldLineBytes.at(module) > 0) withOldLines++;
    }
    if (withLines > 0) features.push("lines", "inlines");
    if (isFastlink(msf))
      lacks.push("functions and lines: linked with /DEBUG:FASTLINK, they stayed in the object files; link with /DEBUG:FULL");
    else if (dbi.stripped) lacks.push("functions and lines: a stripped PDB (/PDBSTRIPPED) with public symbols only");
    else if (withSymbols === 0) lacks.push("functions and lines: no module has symbols of its own");
    else if (withLines === 0 && withOldLines > 0) lacks.push("lines: those of compilers before Visual C++ 2005 are not read");
    else if (withLines === 0) lacks.push("lines");
  }
  const frames = [dbi.debugStream(debugStreamFpo), dbi.debugStream(debugStreamFrameData)];
  if (frames.some((stream) => stream !== null && msf.streamBytes(stream) > 0)) features.push("unwind");
}
