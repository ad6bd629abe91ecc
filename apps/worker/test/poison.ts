/** Marks a dump so that the poisonable child misbehaves on it: bytes after the end of the minidump, which core never reads. */
export type Poison = "exit" | "loop" | "allocate" | "slow";

const marker = "salvage test poison: ";

export function poisoned(dump: Uint8Array, poison: Poison): Uint8Array {
  return Buffer.concat([dump, Buffer.from(marker + poison)]);
}

export function poisonOf(dump: Uint8Array): Poison | null {
  const tail = Buffer.from(dump).subarray(-40).toString("latin1");
  const at = tail.indexOf(marker);
  return at < 0 ? null : (tail.slice(at + marker.length) as Poison);
}
