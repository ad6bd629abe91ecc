/** Made-up dumps for each processor and system, with every stream that can be built: what hostile tests damage. */
import { ref, synthDump, synthStack } from "@salvage/testkit/synth-dump";

/** Each CPU with Linux, Windows and macOS forms, the last big-endian. */
export function dumpSeeds(): Uint8Array[] {
  const made: Uint8Array[] = [];
  for (const cpu of ["amd64", "x86", "arm64", "arm64_old", "arm", "mips", "riscv64", "ppc64"] as const) {
    const wordBytes = cpu === "x86" || cpu === "arm" || cpu === "mips" ? 4 : 8;
    const stack = synthStack(0x7ffe0000n, wordBytes)
      .label("a")
      .word(ref("b"))
      .word(0x401234n)
      .label("b")
      .word(ref("c"))
      .word(0x402234n)
      .label("c")
      .words(40, 0x401000n);
    const [ip, sp, fp] = {
      amd64: ["rip", "rsp", "rbp"],
      x86: ["eip", "esp", "ebp"],
      arm64: ["pc", "sp", "fp"],
      arm64_old: ["pc", "sp", "fp"],
      arm: ["pc", "sp", "r11"],
      mips: ["pc", "sp", "fp"],
      riscv64: ["pc", "sp", "fp"],
      ppc64: ["srr0", "r1", "r31"],
    }[cpu] as [string, string, string];
    const registers = { [ip]: 0x401000n, [sp]: 0x7ffe0000n, [fp]: ref("a") };
    for (const make of [
      () => synthDump().linux({ cpu }),
      () => synthDump().windows({ cpu }).asMemory64(),
      () => synthDump({ littleEndian: false }).macos({ cpu }),
    ]) {
      made.push(
        make()
          .writtenAt(1_700_000_000)
          .module({ name: "/home/ann/app", base: 0x400000n, size: 0x10000, buildId: "00112233445566778899aabbccddeeff" })
          .module({
            name: "C:\\b.dll",
            base: 0x500000n,
            size: 0x10000,
            timestamp: 5,
            pdb: { guid: "00112233445566778899aabbccddeeff", age: 1, file: "b.pdb" },
            version: [1, 2, 3, 4],
          })
          .unloadedModule({ name: "old.dll", base: 0x600000n, size: 0x1000, timestamp: 7 })
          .thread({ id: 7, name: "main", registers, stack })
          .thread({ id: 8, registers: { [ip]: 0x401000n, [sp]: 0x7ffe0010n } })
          .exception({ threadId: 7, code: 11, flags: 1, address: 0x10n, information: [1n, 2n], registers })
          .misc({ pid: 1, createTimeSeconds: 2 })
          .breakpadInfo({ dumpThreadId: 8, requestingThreadId: 7 })
          .crashpadAnnotations({ key: "value" })
          .crashpadModule({ moduleIndex: 0, list: ["a", "b"], simple: { c: "d" }, objects: { e: "f" } })
          .memoryInfo([{ start: 0x400000n, size: 0x10000n, state: 0x1000, protection: 0x20 }])
          .linuxText("maps", "7ffe0000-7fff0000 rw-p 00000000 00:00 0 [stack]\n")
          .linuxText("lsbRelease", "ID=a\nVERSION_ID=1\n")
          .handles([{ type: "File" }, { type: "Event" }])
          .macCrashInfo([{ version: 5, numbers: [1n, 2n, 3n], texts: ["a", "b", "c", "d", "e"] }])
          .macBootArgs("-v")
          .threadInfo([{ id: 7, startAddress: 1n }])
          .stream(21, new Uint8Array(150))
          .stream(22, new Uint8Array(150))
          .memory(0x10000n, new Uint8Array(64))
          .build(),
      );
    }
  }
  return made;
}
