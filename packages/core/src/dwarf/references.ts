/** Where references between entries lead: within a unit, to another, to a type by its signature, to the supplementary file. */
import { Form } from "./constants.ts";
import type { Unit } from "./units.ts";

/** The unit that holds what a reference leads to; null for a file that is not at hand. Throws FormatError when there is none. */
export function referredUnit(unit: Unit, form: number, target: number): Unit | null {
  switch (form) {
    case Form.gnuRefAlt:
    case Form.refSup4:
    case Form.refSup8:
      return unit.file.supplementary()?.unitHolding(target, "info") ?? null;
    case Form.refSig8:
      return unit.file.typeUnit(unit.blocks.u64(target));
    case Form.refAddr:
      return unit.file.unitHolding(target, "info");
    default:
      return target >= unit.offset && target < unit.end ? unit : unit.file.unitHolding(target, unit.sectionName);
  }
}
