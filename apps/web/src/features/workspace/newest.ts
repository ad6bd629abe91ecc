/**
 * Pages poll, and answers may overtake each other. This keeps a page from ever going back: an answer of an older
 * revision than the one on the screen is dropped. Given to a query as `structuralSharing`.
 */

/** @returns a function that picks `next`, or `previous` when `next` is of a lower rank */
export function newest<T>(rank: (value: T) => number): (previous: unknown, next: unknown) => unknown {
  return (previous, next) => {
    if (previous === undefined || previous === null || next === undefined || next === null) return next;
    return rank(next as T) < rank(previous as T) ? previous : next;
  };
}
