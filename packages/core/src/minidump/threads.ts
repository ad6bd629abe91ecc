/**
 * ThreadList and ThreadNames.
 *   thread  0 id · 4 suspend count · 8 priority class · 12 priority · 16 TEB u64 · 24 stack start u64 · 32 stack size · 36 stack offset ·
 *           40 context size · 44 context offset
 *   name    0 thread id · 4 string offset u64
 */

import { MAX_THREADS } from "./constants.ts";
import type { Minidump } from "./minidump.ts";

export type ContextRange = { offset: number; size: number };

export type Thread = {
  id: number;
  name: string | null;
  /** Address of the thread's environment block on Windows; 0 elsewhere. */
  teb: bigint;
  stackStart: bigint;
  stackSize: number;
  /** File offset of the stack's bytes; 0 when they are in a memory list only. */
  stackOffset: number;
  context: ContextRange | null;
};

const THREAD_BYTES = 48;
const NAME_BYTES = 12;

export function readThreads(dump: Minidump): Thread[] | null {
  const list = dump.list("threadList", THREAD_BYTES, MAX_THREADS);
  if (!list) return null;
  const names = readThreadNames(dump);
  const threads: Thread[] = [];
  for (let i = 0; i < list.count; i++) {
    const c = list.cursor;
    const id = c.u32();
    c.skip(12);
    const teb = c.u64();
    const stackStart = c.u64();
    const stackSize = c.u32();
    const stackOffset = c.u32();
    const context = { size: c.u32(), offset: c.u32() };
    threads.push({
      id,
      name: names.get(id) ?? null,
      teb,
      stackStart,
      stackSize,
      stackOffset,
      context: context.size === 0 ? null : context,
    });
  }
  return threads;
}

function readThreadNames(dump: Minidump): ReadonlyMap<number, string> {
  const names = new Map<number, string>();
  const list = dump.list("threadNames", NAME_BYTES, MAX_THREADS);
  if (!list) return names;
  for (let i = 0; i < list.count; i++) {
    dump.warnings.guard(
      "ThreadNames",
      () => {
        const id = list.cursor.u32();
        const name = dump.utf16String("ThreadNames entry", list.cursor.u64AsNumber());
        if (name) names.set(id, name);
      },
      undefined,
    );
  }
  return names;
}
