/** Unpacking beside the event loop: whoever is slower, sender or taker, the bytes are the same. */
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { type PackedKind, unpack } from "./index.ts";

for (const kind of ["xz", "bzip2"] satisfies PackedKind[]) {
  const absent = spawnSync(kind, ["--version"], { stdio: "ignore" }).error !== undefined;
  test(`${kind}: a slow sender, a slow taker`, { skip: absent && `no ${kind} on this machine` }, async () => {
    const plain = randomBytes(400_000);
    const packed = execFileSync(kind, ["-c"], { input: plain, maxBuffer: 1 << 24 });
    for (const [pieceBytes, sendPause, takePause] of [
      [100_000, 0, 20],
      [70_000, 20, 0],
      [20_000, 2, 5],
    ] as const) {
      const pieces = (async function* () {
        for (let at = 0; at < packed.length; at += pieceBytes) {
          await pause(sendPause);
          yield* [Buffer.alloc(0), Buffer.alloc(0)];
          yield packed.subarray(at, at + pieceBytes);
        }
      })();
      const taken: Buffer[] = [];
      for await (const piece of unpack(pieces, kind, 1_000_000, "it")) {
        await pause(takePause);
        taken.push(piece);
      }
      assert.ok(Buffer.concat(taken).equals(plain), `pieces of ${pieceBytes}`);
    }
  });
}
