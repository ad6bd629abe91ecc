/** What a source of names gives to a sink, as lines of text. */
import type { NameSource } from "../src/names/name-source.ts";

/** Symbols as "start-end name", functions as "start-end name lines: …", image-relative and in hex, in the order given. */
export function visited(names: NameSource | null): string[] {
  const found: string[] = [];
  const hex = (value: number) => value.toString(16);
  names?.visit(
    {
      function(block) {
        const name = Buffer.from(block.name).toString();
        const lines = Array.from(block.lineStart.view(), (start, i) => `${hex(start)}=${block.lineNumber.at(i)}`);
        const parts = Array.from(block.partStart.view(), (start, i) => `${hex(start)}-${hex(block.partEnd.at(i))}`);
        found.push(`${hex(block.address)}: ${parts.join(",")} ${name} lines ${lines.join(" ")}`);
      },
      symbol: (address, size, name) => found.push(`${hex(address)}-${hex(address + size)} ${Buffer.from(name)}`),
    },
    () => {},
  );
  return found;
}
