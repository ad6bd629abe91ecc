/** The attributes that reading names looks at, each with a place in the tables of an EntryReader. */
import { Attribute } from "./constants.ts";

export const Slot = {
  sibling: 0,
  name: 1,
  statementList: 2,
  lowPc: 3,
  highPc: 4,
  language: 5,
  compDir: 6,
  constValue: 7,
  abstractOrigin: 8,
  specification: 9,
  type: 10,
  ranges: 11,
  callFile: 12,
  callLine: 13,
  signature: 14,
  linkageName: 15,
  strOffsetsBase: 16,
  addrBase: 17,
  rnglistsBase: 18,
  dwoName: 19,
  dwoId: 20,
  gnuRangesBase: 21,
  gnuTemplateName: 22,
  producer: 23,
} as const;

export const slotCount = 24;

/** Slot of an attribute, 0xff for one that nobody looks at. */
export function slotOf(attribute: number): number {
  return slots.get(attribute) ?? 0xff;
}

const slots = new Map<number, number>([
  [Attribute.sibling, Slot.sibling],
  [Attribute.name, Slot.name],
  [Attribute.statementList, Slot.statementList],
  [Attribute.lowPc, Slot.lowPc],
  [Attribute.highPc, Slot.highPc],
  [Attribute.language, Slot.language],
  [Attribute.compDir, Slot.compDir],
  [Attribute.constValue, Slot.constValue],
  [Attribute.abstractOrigin, Slot.abstractOrigin],
  [Attribute.specification, Slot.specification],
  [Attribute.type, Slot.type],
  [Attribute.ranges, Slot.ranges],
  [Attribute.callFile, Slot.callFile],
  [Attribute.callLine, Slot.callLine],
  [Attribute.signature, Slot.signature],
  [Attribute.linkageName, Slot.linkageName],
  [Attribute.mipsLinkageName, Slot.linkageName],
  [Attribute.strOffsetsBase, Slot.strOffsetsBase],
  [Attribute.addrBase, Slot.addrBase],
  [Attribute.gnuAddrBase, Slot.addrBase],
  [Attribute.rnglistsBase, Slot.rnglistsBase],
  [Attribute.dwoName, Slot.dwoName],
  [Attribute.gnuDwoName, Slot.dwoName],
  [Attribute.gnuDwoId, Slot.dwoId],
  [Attribute.gnuRangesBase, Slot.gnuRangesBase],
  [Attribute.gnuTemplateName, Slot.gnuTemplateName],
  [Attribute.producer, Slot.producer],
]);
