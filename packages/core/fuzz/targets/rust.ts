/** Mangled names: a readable name or null, never an error. */
import { demangleRustV0 } from "../../src/demangle/rust/v0.ts";
import { shortName } from "../../src/demangle/short-name.ts";

export function fuzz(bytes: Uint8Array): void {
  const readable = demangleRustV0(Buffer.from(bytes).toString("latin1"));
  if (readable !== null) shortName(readable);
}
