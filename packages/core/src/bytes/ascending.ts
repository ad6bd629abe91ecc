/** The order of many addresses, without an object for each. */

/** So many are numbered by the 21 bits that an address leaves of a whole number. */
const packedLimit = 1 << 21;

/** Indexes in ascending order of value, equal ones in the order given. */
export function ascendingOrder(values: Uint32Array): Uint32Array {
  if (values.length > packedLimit) return Uint32Array.from(values, (_, i) => i).sort((a, b) => values[a]! - values[b]! || a - b);
  // Both keys in one number: the native sort needs no comparator.
  const packed = new Float64Array(values.length);
  for (let i = 0; i < packed.length; i++) packed[i] = values[i]! * packedLimit + i;
  packed.sort();
  const order = new Uint32Array(packed.length);
  for (let i = 0; i < order.length; i++) order[i] = packed[i]! % packedLimit;
  return order;
}
