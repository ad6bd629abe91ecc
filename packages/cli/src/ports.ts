/** What core asks of this machine while it reads debug files. One for the process, as scratch files live as long as what was read from them. */
import { rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { CodecPorts } from "@salvage/codecs";
import type { Ports } from "@salvage/core";

/** Unpacked debug sections that stay in memory; more goes to the temporary folder. */
const memoryBytes = 64 << 20;

let made: CodecPorts | null = null;

/** Decompression and scratch files; everything goes away when the process ends. Their code is loaded when something asks for it. */
export const ports: Ports = {
  decompress: (...args) => opened().decompress(...args),
  scratch: () => opened().scratch(),
};

function opened(): CodecPorts {
  if (made !== null) return made;
  const { createPorts } = createRequire(import.meta.url)("@salvage/codecs") as typeof import("@salvage/codecs");
  const scratchDir = join(tmpdir(), `salvage-${process.pid}`);
  const codecs = createPorts({ scratchDir, memoryBytes });
  process.once("exit", () => {
    codecs.close();
    rmSync(scratchDir, { recursive: true, force: true });
  });
  made = codecs;
  return codecs;
}
