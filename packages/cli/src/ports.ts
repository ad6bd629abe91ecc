/** What core asks of this machine while it reads debug files. One for the process, as scratch files live as long as what was read from them. */
import { rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CodecPorts, createPorts } from "@salvage/codecs";

/** Unpacked debug sections that stay in memory; more goes to the temporary folder. */
const memoryBytes = 64 << 20;

let made: CodecPorts | null = null;

/** Decompression and scratch files; everything goes away when the process ends. */
export function ports(): CodecPorts {
  if (made !== null) return made;
  const scratchDir = join(tmpdir(), `salvage-${process.pid}`);
  const opened = createPorts({ scratchDir, memoryBytes });
  process.once("exit", () => {
    opened.close();
    rmSync(scratchDir, { recursive: true, force: true });
  });
  made = opened;
  return opened;
}
