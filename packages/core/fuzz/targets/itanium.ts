/** Mangled names: a readable name or null, never an error. */
import { demangleItanium } from "../../src/demangle/itanium/demangle-itanium.ts";
import { shortName } from "../../src/demangle/short-name.ts";

export function fuzz(bytes: Uint8Array): void {
  const readable = demangleItanium(Buffer.from(bytes).toString("latin1"));
  if (readable !== null) shortName(readable);
}
