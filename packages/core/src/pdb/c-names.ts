/**
 * What 32-bit x86 adds to the names of C functions, by calling convention ("Decorated names" in Microsoft's documentation of C++):
 *
 *   __cdecl  _name     __stdcall  _name@8     __fastcall  @name@8     __vectorcall  name@@8        8: bytes of the arguments
 *
 * A PDB names its procedures without; its public symbols have it.
 */

const underscore = 0x5f;
const at = 0x40;
const questionMark = 0x3f;

/** The name as the program spells it, a view of the same bytes. Names of C++ have a mangling of their own and stay. */
export function undecorated(name: Uint8Array): Uint8Array {
  if (name[0] === questionMark) return name;
  let end = name.length;
  while (end > 0 && isDigit(name[end - 1]!)) end--;
  const hasBytes = end < name.length && name[end - 1] === at;
  let plain = name;
  if (name[0] === underscore) plain = name.subarray(1, hasBytes ? end - 1 : name.length);
  else if (hasBytes && name[0] === at) plain = name.subarray(1, end - 1);
  else if (hasBytes && name[end - 2] === at) plain = name.subarray(0, end - 2);
  return plain.length === 0 ? name : plain;
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}
