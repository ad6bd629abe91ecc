/** Mangled names: a readable name or null, never an error. */
import { demangleMsvc } from "../../src/demangle/msvc/demangle-msvc.ts";
import { shortName } from "../../src/demangle/short-name.ts";

export function fuzz(bytes: Uint8Array): void {
  const readable = demangleMsvc(Buffer.from(bytes).toString("latin1"));
  if (readable !== null) shortName(readable);
}
