/** The part of @alexaltea/capstone-js that we use; the package has no types of its own. */
declare module "@alexaltea/capstone-js" {
  export type CapstoneModule = {
    Capstone: new (
      arch: number,
      mode: number,
    ) => {
      /** Throws where the bytes are no instruction. */
      disasm(bytes: readonly number[], address: bigint, maxInstructions: number): { mnemonic: string; op_str: string; size: number }[];
    };
    ARCH_ARM: number;
    ARCH_ARM64: number;
    ARCH_MIPS: number;
    ARCH_PPC: number;
    ARCH_RISCV: number;
    ARCH_SPARC: number;
    MODE_LITTLE_ENDIAN: number;
    MODE_BIG_ENDIAN: number;
    MODE_ARM: number;
    MODE_THUMB: number;
    MODE_MIPS32: number;
    MODE_MIPS64: number;
    MODE_32: number;
    MODE_64: number;
    MODE_RISCV64: number;
    MODE_RISCVC: number;
    MODE_V9: number;
  };
  export default function capstone(): Promise<CapstoneModule>;
}
