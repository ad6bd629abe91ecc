/// <reference path="./capstone-js.d.ts" />
/**
 * Every processor but x86 by Capstone. The JavaScript package gives text and length; its structures of operands are laid out for an older
 * Capstone than the one inside, so operands are read from the text, whose form is the assembler's.
 */
import capstone, { type CapstoneModule } from "@alexaltea/capstone-js";
import type { CodeAt, CpuName, Disassemble, Instruction } from "@salvage/core";
import { readArmOperands } from "./arm-operands.ts";
import { readPlainOperands } from "./plain-operands.ts";

/** The longest instruction of any of them. */
const MAX_INSTRUCTION_BYTES = 8;

type Handle = InstanceType<CapstoneModule["Capstone"]>;
type Mode = { arch: number; mode: number };

/** Loads the library; the modes of processors are opened when first asked for. */
export async function loadCapstone(): Promise<Disassemble> {
  const library = await capstone();
  const handles = new Map<string, Handle | null>();
  const handleOf = (code: CodeAt): Handle | null => {
    const key = `${code.cpu} ${code.littleEndian} ${code.thumb}`;
    let handle = handles.get(key);
    if (handle === undefined) {
      const mode = modeOf(library, code);
      handle = mode === null ? null : new library.Capstone(mode.arch, mode.mode);
      handles.set(key, handle);
    }
    return handle;
  };
  return (code) => {
    const handle = handleOf(code);
    if (handle === null) return null;
    let decoded: { mnemonic: string; op_str: string; size: number } | undefined;
    try {
      [decoded] = handle.disasm(Array.from(code.bytes.subarray(0, MAX_INSTRUCTION_BYTES)), code.address, 1);
    } catch {
      return null; // how the library says that there is no instruction
    }
    return decoded === undefined ? null : plain(decoded.mnemonic, decoded.op_str, decoded.size, code);
  };
}

function modeOf(library: CapstoneModule, { cpu, littleEndian, thumb }: CodeAt): Mode | null {
  const order = littleEndian ? library.MODE_LITTLE_ENDIAN : library.MODE_BIG_ENDIAN;
  const modes: Readonly<Partial<Record<CpuName, Mode>>> = {
    arm: { arch: library.ARCH_ARM, mode: order + (thumb ? library.MODE_THUMB : library.MODE_ARM) },
    arm64: { arch: library.ARCH_ARM64, mode: order },
    mips: { arch: library.ARCH_MIPS, mode: order + library.MODE_MIPS32 },
    mips64: { arch: library.ARCH_MIPS, mode: order + library.MODE_MIPS64 },
    ppc: { arch: library.ARCH_PPC, mode: order + library.MODE_32 },
    ppc64: { arch: library.ARCH_PPC, mode: order + library.MODE_64 },
    riscv64: { arch: library.ARCH_RISCV, mode: library.MODE_RISCV64 + library.MODE_RISCVC },
    sparc: { arch: library.ARCH_SPARC, mode: library.MODE_BIG_ENDIAN + library.MODE_V9 },
  };
  return modes[cpu] ?? null;
}

function plain(mnemonic: string, written: string, lengthBytes: number, code: CodeAt): Instruction {
  const read = code.cpu === "arm" || code.cpu === "arm64" ? readArmOperands : readPlainOperands;
  const { operands, memory, flow } = read(mnemonic, written, code);
  return { text: written === "" ? mnemonic : `${mnemonic} ${written}`, mnemonic, lengthBytes, flow, operands, memory, privileged: false };
}
