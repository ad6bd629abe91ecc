/** Mangled names of Rust, both forms: a readable name or null, never an error. */
import { demangleRustLegacy } from "../../src/demangle/rust/legacy.ts";
import { demangleRustV0 } from "../../src/demangle/rust/v0.ts";
import { shortName } from "../../src/demangle/short-name.ts";

export function fuzz(bytes: Uint8Array): void {
  const name = Buffer.from(bytes).toString("latin1");
  const readable = demangleRustV0(name) ?? demangleRustLegacy(name);
  if (readable !== null) shortName(readable);
}
