/**
 * A store that fails as tests ask: files in the folder that SALVAGE_FAIL_POINTS names make every write slow (`blobs.slow`), refused (`blobs.failing`),
 * or lost although it is said to be done (`blobs.lying`), for as long as the file is there. What it lied about is listed in `blobs.lied`, a key a line.
 */
import { appendFileSync, existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { BlobStore } from "./store.ts";

const slowMs = 400;

export function withFaults(store: BlobStore, folder: string): BlobStore {
  const asked = (fault: "slow" | "failing" | "lying") => existsSync(join(folder, `blobs.${fault}`));
  return {
    ...store,
    async put(key, chunks) {
      if (asked("slow")) await sleep(slowMs);
      if (asked("failing")) throw new Error("the blob store fails because a test wants it to");
      if (!asked("lying")) return await store.put(key, chunks);
      appendFileSync(join(folder, "blobs.lied"), `${key}\n`);
      let size = 0;
      for await (const chunk of chunks) size += chunk.length;
      return { size };
    },
  };
}
