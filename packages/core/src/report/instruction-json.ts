/** The faulting instruction in the report's field names. */
import type { CauseInput } from "../cause/cause.ts";
import { isNonCanonical } from "../cause/fault.ts";
import type { OperandAccess } from "../cpu/instruction.ts";
import type { ReportInstruction, ReportMemoryAccess } from "./report.ts";
import { toHexValue } from "./to-json.ts";

/** Empty where no instruction was decoded, so that a report without a disassembler is as short as before. */
export function instructionToJson(input: CauseInput, digits: number): ReportInstruction {
  const { instruction, fault, cameFrom, access } = input;
  if (instruction === null && cameFrom === null) return {};
  const guard = (address: bigint): { is_likely_guard_page?: true } => (isGuard(input, address) ? { is_likely_guard_page: true } : {});
  const target = instruction?.target ?? null;
  return {
    instruction: instruction?.instruction.text ?? null,
    memory_accesses:
      instruction?.accesses.flatMap(({ operand, address }): ReportMemoryAccess[] => {
        if (address === null || operand.access === "none") return [];
        const size = operand.sizeBytes;
        return [{ address: toHexValue(address, digits), size, access_type: accessType(operand.access), ...guard(address) }];
      }) ?? null,
    instruction_pointer_update: target === null ? null : { address: toHexValue(target, digits), ...guard(target) },
    adjusted_address: adjusted(input, digits),
    access: access === null ? null : access === "execute" ? access : accessType(access),
    bad_register: fault?.register ? { name: fault.register.name, value: toHexValue(fault.register.value, digits) } : null,
    call_instruction: cameFrom?.instruction.text ?? null,
  };
}

function accessType(access: Exclude<OperandAccess, "none">): "read" | "write" | "readwrite" {
  return access === "read_write" ? "readwrite" : access;
}

/** A page without any access, or one that is marked as a guard. */
function isGuard(input: CauseInput, address: bigint): boolean {
  const region = input.region(address);
  if (!region?.committed) return false;
  return region.guard || !(region.read || region.write || region.execute);
}

function adjusted({ cpu, fault }: CauseInput, digits: number): ReportInstruction["adjusted_address"] {
  if (fault === null) return null;
  if (cpu === "amd64" && isNonCanonical(fault.address)) return { kind: "non-canonical", address: toHexValue(fault.address, digits) };
  const isNull =
    fault.operand !== null && fault.register !== null && fault.register.name === fault.operand.base && fault.register.value === 0n;
  return isNull ? { kind: "null-pointer", offset: toHexValue(fault.address, digits) } : null;
}
