/** Whatever the bytes, every processor's disassembler answers with an instruction that fits or with null, and keeps no memory. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { CpuName } from "@salvage/core";
import { openDisassembler } from "./index.ts";

const CPUS: readonly CpuName[] = ["x86", "amd64", "arm", "arm64", "mips", "mips64", "ppc", "ppc64", "riscv64", "sparc"];
const rounds = 1500;
const maxGrowthBytes = 32 << 20;

test("random bytes", async (t) => {
  let seed = 1;
  const random = (): number => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return seed >>> 24;
  };
  let decoded = 0;
  const decodeAll = async (cpu: CpuName): Promise<void> => {
    const disassemble = await openDisassembler(cpu);
    for (let i = 0; i < rounds; i++) {
      const bytes = Uint8Array.from({ length: random() % 17 }, random);
      const littleEndian = cpu !== "ppc" && cpu !== "sparc" && i % 2 === 0;
      const found = disassemble({ cpu, bytes, address: BigInt(i) << 40n, littleEndian, thumb: i % 3 === 0 });
      if (found === null) continue;
      decoded++;
      assert.ok(found.lengthBytes > 0 && found.lengthBytes <= bytes.length, `${cpu}: ${found.text} of ${found.lengthBytes} bytes`);
      assert.ok(found.mnemonic.length > 0 && found.text.startsWith(found.mnemonic.slice(0, 1)));
      for (const operand of found.memory) assert.ok(operand.sizeBytes === null || operand.sizeBytes > 0, found.text);
    }
  };
  for (const cpu of CPUS) await decodeAll(cpu);
  // The libraries are loaded by now; what grows from here on is kept by calls.
  const before = process.memoryUsage().rss;
  for (const cpu of CPUS) await decodeAll(cpu);
  t.diagnostic(`${decoded} of ${2 * rounds * CPUS.length} decoded`);
  assert.ok(decoded > rounds);
  assert.ok(process.memoryUsage().rss - before < maxGrowthBytes, `${process.memoryUsage().rss - before} bytes kept`);
});
