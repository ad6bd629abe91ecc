/** Mangled names: a readable name or null, never an error. */

import { shortName } from "../../src/demangle/short-name.ts";
import { demangleSwift } from "../../src/demangle/swift/demangle-swift.ts";

export function fuzz(bytes: Uint8Array): void {
  const readable = demangleSwift(Buffer.from(bytes).toString("latin1"));
  if (readable !== null) shortName(readable);
}
