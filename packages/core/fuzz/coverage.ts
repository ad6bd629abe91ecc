/** What instrumented modules call: counters of edges, and comparisons whose other side a mutation may try. */

const maxEdges = 1 << 19;
const keptComparisons = 256;
/** A count's class, as AFL has them: that a loop ran five times instead of four says nothing, eight times does. */
const classes = Uint8Array.from({ length: 256 }, (_, n) =>
  n < 4 ? (1 << n) >> 1 : n < 8 ? 8 : n < 16 ? 16 : n < 32 ? 32 : n < 128 ? 64 : 128,
);

const counters = new Uint8Array(maxEdges);
const counterWords = new Float64Array(counters.buffer);
const seen = new Uint8Array(maxEdges);
let edges = 0;

export type Comparison = { was: number; wanted: number };
export const comparisons: Comparison[] = Array.from({ length: keptComparisons }, () => ({ was: 0, wanted: 0 }));
export const texts = new Set<string>();
let comparison = 0;

function remember(was: unknown, wanted: unknown): void {
  if (typeof was !== "number" || typeof wanted !== "number" || was === wanted) return;
  const slot = comparisons[comparison++ % keptComparisons]!;
  slot.was = was;
  slot.wanted = wanted;
}

type Value = number | string;

function compare(left: Value, right: Value, operator: string): boolean {
  switch (operator) {
    case "==":
    case "===":
      return left === right;
    case "!=":
    case "!==":
      return left !== right;
    case "<":
      return left < right;
    case "<=":
      return left <= right;
    case ">":
      return left > right;
    default:
      return left >= right;
  }
}

/** Must be called before the first instrumented module is loaded. */
export function install(): void {
  const tracer = {
    traceNumberCmp(left: number, right: number, operator: string): boolean {
      remember(left, right);
      remember(right, left);
      return compare(left, right, operator);
    },
    traceStrCmp(left: Value, right: Value, operator: string): boolean {
      if (left !== right && texts.size < keptComparisons) {
        if (typeof left === "string") texts.add(left);
        if (typeof right === "string") texts.add(right);
      }
      return compare(left, right, operator);
    },
    traceAndReturn<T>(current: unknown, target: T): T {
      remember(current, target);
      return target;
    },
  };
  const createModuleCounters = (size: number): Uint8Array => {
    if (edges + size > maxEdges) throw new Error("more edges than expected");
    edges += size;
    return counters.subarray(edges - size, edges);
  };
  Object.assign(globalThis, { Fuzzer: { tracer, coverageTracker: { createModuleCounters } } });
}

/** Clears the counters and says whether they had anything new. */
export function sawSomethingNew(): boolean {
  let found = false;
  const words = Math.ceil(edges / 8);
  for (let word = 0; word < words; word++) {
    if (Object.is(counterWords[word], 0)) continue;
    for (let edge = word * 8; edge < word * 8 + 8; edge++) {
      const bits = classes[counters[edge]!]!;
      if ((bits & ~seen[edge]!) === 0) continue;
      seen[edge]! |= bits;
      found = true;
    }
  }
  counters.fill(0, 0, words * 8);
  return found;
}

/** Edges reached so far, of all. */
export function reached(): string {
  return `${seen.subarray(0, edges).reduce((count, bits) => count + (bits === 0 ? 0 : 1), 0)} of ${edges} edges`;
}
