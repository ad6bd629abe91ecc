/**
 * One part of a function between its reading, in the debug file's order, and its writing, in the order of addresses: words in a spool.
 *
 *   word 0   number of the function, counted as it was given
 *        1   string name
 *        2   address, 3 size
 *        4   1: the function has other parts
 *        5   number of inline records, 6 number of ranges
 *        7   inline records of 4 words: outer record (index, always a lower one; NONE: the function), string name, string call file, call line
 *            then ranges of 4 words: start, inline record (NONE: the function itself), string file, line
 *
 * Ranges ascend; each holds until the next, the last to the end of the part. The first starts where the part does.
 */
export const blobHeaderWords = 7;
export const blobRecordWords = 4;

export const blobField = { number: 0, name: 1, address: 2, size: 3, hasOtherParts: 4, inlines: 5, ranges: 6 } as const;
