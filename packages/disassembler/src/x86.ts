/** x86 and amd64 by iced-x86, written as NASM does: "mov dword [rcx], eax". */
import type { CodeAt, Instruction, InstructionFlow, MemoryOperand, Operand, OperandAccess } from "@salvage/core";
import iced, { type Instruction as IcedInstruction, type UsedMemory } from "iced-x86";

const { Code, Decoder, DecoderOptions, FlowControl, Formatter, FormatterSyntax, InstructionInfoFactory, MemorySizeExt, OpAccess, OpKind } =
  iced;
const { Register, RegisterExt } = iced;

/** The longest instruction of the processor. */
const MAX_INSTRUCTION_BYTES = 15;

const factory = new InstructionInfoFactory();
const formatter = new Formatter(FormatterSyntax.Nasm);
formatter.hexPrefix = "0x";
formatter.hexSuffix = "";
formatter.uppercaseHex = false;
formatter.spaceAfterOperandSeparator = true;
formatter.spaceBetweenMemoryAddOperators = true;
formatter.memorySizeOptions = iced.MemorySizeOptions.Always;
formatter.smallHexNumbersInDecimal = false;
formatter.branchLeadingZeros = false;
formatter.showBranchSize = false;
formatter.addLeadingZeroToHexNumbers = false;
formatter.ripRelativeAddresses = false;

const FLOW: ReadonlyMap<number, InstructionFlow> = new Map([
  [FlowControl.UnconditionalBranch, "jump"],
  [FlowControl.IndirectBranch, "jump"],
  [FlowControl.ConditionalBranch, "branch"],
  [FlowControl.Return, "return"],
  [FlowControl.Call, "call"],
  [FlowControl.IndirectCall, "call"],
  [FlowControl.Interrupt, "trap"],
  [FlowControl.Exception, "trap"],
]);

const ACCESS: ReadonlyMap<number, OperandAccess> = new Map([
  [OpAccess.Read, "read"],
  [OpAccess.CondRead, "read"],
  [OpAccess.Write, "write"],
  [OpAccess.CondWrite, "write"],
  [OpAccess.ReadWrite, "read_write"],
  [OpAccess.ReadCondWrite, "read_write"],
]);

/** Decodes one instruction of x86 or amd64. */
export function disassembleX86({ cpu, bytes, address }: CodeAt): Instruction | null {
  const bitness = cpu === "amd64" ? 64 : 32;
  const decoder = new Decoder(bitness, bytes.subarray(0, MAX_INSTRUCTION_BYTES), DecoderOptions.None);
  decoder.ip = address;
  const decoded = decoder.decode();
  try {
    return decoded.code === Code.INVALID ? null : plain(decoded, bitness);
  } finally {
    decoded.free();
    decoder.free();
  }
}

function plain(decoded: IcedInstruction, bitness: 32 | 64): Instruction {
  const info = factory.info(decoded);
  const used = info.usedMemory();
  const memory = used.map((part) => memoryOf(part, decoded, bitness));
  const operands: Operand[] = [];
  for (let i = 0; i < decoded.opCount; i++) {
    const operand = operandOf(decoded, i, info.opAccess(i) ?? OpAccess.None, memory, bitness);
    if (operand !== null) operands.push(operand);
  }
  for (const part of used) part.free();
  info.free();
  return {
    text: formatter.format(decoded),
    mnemonic: formatter.formatMnemonic(decoded),
    lengthBytes: decoded.length,
    flow: FLOW.get(decoded.flowControl) ?? "next",
    operands,
    memory,
    privileged: decoded.isPrivileged,
  };
}

function operandOf(
  decoded: IcedInstruction,
  i: number,
  access: number,
  memory: readonly MemoryOperand[],
  bitness: 32 | 64,
): Operand | null {
  switch (decoded.opKind(i)) {
    case OpKind.Register:
      return {
        kind: "register",
        register: registerName(decoded.opRegister(i), bitness) ?? "",
        bits: RegisterExt.size(decoded.opRegister(i)) * 8,
        access: ACCESS.get(access) ?? "none",
      };
    case OpKind.Memory:
      return memory.find((part) => !part.implicit) ?? null;
    case OpKind.NearBranch16:
    case OpKind.NearBranch32:
    case OpKind.NearBranch64:
      return { kind: "immediate", value: decoded.nearBranchTarget };
    case OpKind.Immediate8:
    case OpKind.Immediate16:
    case OpKind.Immediate32:
    case OpKind.Immediate64:
    case OpKind.Immediate8to16:
    case OpKind.Immediate8to32:
    case OpKind.Immediate8to64:
    case OpKind.Immediate32to64:
      return { kind: "immediate", value: decoded.immediate(i) };
    default:
      return null;
  }
}

/** An operand written out is the one with the instruction's own base, index and displacement. */
function memoryOf(used: UsedMemory, decoded: IcedInstruction, bitness: 32 | 64): MemoryOperand {
  const relative = decoded.isIpRelMemoryOperand;
  const written =
    hasMemoryOperand(decoded) &&
    used.index === decoded.memoryIndex &&
    (relative ? used.displacement === decoded.ipRelMemoryAddress : used.base === decoded.memoryBase && sameValue(used, decoded, bitness));
  const size = MemorySizeExt.size(used.memorySize);
  const segment = registerName(used.segment, bitness);
  return {
    kind: "memory",
    segment: segment === "fs" || segment === "gs" ? segment : null,
    base: registerName(used.base, bitness),
    index: registerName(used.index, bitness),
    indexBits: "all",
    scale: used.scale,
    displacement: BigInt.asIntN(bitness, used.displacement),
    addressBits: addressBits(used, bitness),
    sizeBytes: size === 0 ? null : size,
    access: ACCESS.get(used.access) ?? "none",
    implicit: !written,
  };
}

function hasMemoryOperand(decoded: IcedInstruction): boolean {
  for (let i = 0; i < decoded.opCount; i++) if (decoded.opKind(i) === OpKind.Memory) return true;
  return false;
}

function sameValue(used: UsedMemory, decoded: IcedInstruction, bitness: 32 | 64): boolean {
  return BigInt.asUintN(bitness, used.displacement) === BigInt.asUintN(bitness, decoded.memoryDisplacement);
}

/** As wide as the registers of the address; without any, as the mode has it. */
function addressBits(used: UsedMemory, bitness: 32 | 64): 16 | 32 | 64 {
  const register = used.base !== Register.None ? used.base : used.index;
  if (register === Register.None) return bitness;
  if (RegisterExt.isGPR16(register)) return 16;
  return RegisterExt.isGPR32(register) ? 32 : bitness;
}

/** The whole register in the mode at hand: "rax" for al where there are 64 bits, "eax" where there are 32. */
function registerName(register: number, bitness: 32 | 64): string | null {
  if (register === Register.None) return null;
  const whole = bitness === 64 ? RegisterExt.fullRegister : RegisterExt.fullRegister32;
  const full = RegisterExt.isGPR(register) ? whole(register) : register;
  const name = Register[full];
  return name === undefined ? null : name.toLowerCase();
}
