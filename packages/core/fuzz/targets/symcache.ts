/** A lookup file: checked from end to end, and asked. Checksums stand in the way of damage, so that most of it is refused. */
import { BufferSource, checkSymcache, openSymcache } from "../../src/index.ts";
import { allow, some } from "../allow.ts";

export function fuzz(bytes: Uint8Array): void {
  const source = new BufferSource(bytes);
  allow(() => checkSymcache(source));
  const file = allow(() => openSymcache(source));
  if (file === null) return;
  for (const part of [file.starts.names, file.starts.unwind]) {
    const starts = allow(() => [...some(part)]) ?? [];
    for (const address of [...starts, 0x1000]) {
      allow(() => file.names?.lookup(address));
      allow(() => file.unwind?.find(address));
      allow(() => file.windowsFrames?.find(address));
    }
  }
}
