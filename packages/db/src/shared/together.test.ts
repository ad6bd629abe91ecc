import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import pg from "pg";
import { together } from "./together.ts";

/** A group whose work ends when told to. */
function group() {
  const begun: { pieces: readonly number[]; end: PromiseWithResolvers<number[]> }[] = [];
  const work = (pieces: readonly number[]) => {
    const end = Promise.withResolvers<number[]>();
    begun.push({ pieces, end });
    return end.promise;
  };
  const next = async () => {
    for (;;) {
      const first = begun.shift();
      if (first !== undefined) return first;
      await turn();
    }
  };
  return { work, next };
}

function refusal(code: string): pg.DatabaseError {
  return Object.assign(new pg.DatabaseError("no", 2, "error"), { code });
}

test("what comes alone is begun at once, what comes meanwhile goes together, each gets its own answer", async () => {
  const { work, next } = group();
  const add = together({ work, most: 3, pauseMs: 0 });
  const first = add(1);
  const one = await next();
  assert.deepEqual(one.pieces, [1]);
  const rest = [2, 3, 4, 5].map(add);
  one.end.resolve([10]);
  assert.equal(await first, 10);
  const two = await next();
  assert.deepEqual(two.pieces, [2, 3, 4]);
  two.end.resolve([20, 30, 40]);
  const three = await next();
  three.end.resolve([50]);
  assert.deepEqual(await Promise.all(rest), [20, 30, 40, 50]);
});

test("those of the same turn go together; after several at once others are awaited, after one alone nobody is", async () => {
  const sizes: number[] = [];
  const work = async (pieces: readonly number[]) => {
    sizes.push(pieces.length);
    return [...pieces];
  };
  const add = together({ work, most: 10, pauseMs: 100 });
  await Promise.all([add(1), add(2)]);
  const later = add(3);
  await turn();
  await Promise.all([later, add(4)]);
  assert.deepEqual(sizes, [2, 2]);
});

test("pieces that weigh too much together are done apart, one that weighs too much alone by itself", async () => {
  const sizes: number[] = [];
  const work = async (pieces: readonly number[]) => {
    sizes.push(pieces.length);
    return [...pieces];
  };
  const add = together({ work, most: 3, weight: (piece) => piece, mostWeight: 10, pauseMs: 0 });
  assert.deepEqual(await Promise.all([5, 5, 1, 20, 1, 1, 1, 1].map(add)), [5, 5, 1, 20, 1, 1, 1, 1]);
  assert.deepEqual(sizes, [2, 1, 1, 3, 1]);
});

test("a piece that the database refuses takes no other with it; when the database is away, all of them hear so at once", async () => {
  let calls = 0;
  const refused = together<number, number>({
    most: 10,
    pauseMs: 0,
    work: async (pieces) => {
      calls += 1;
      if (pieces.includes(2)) throw refusal("22021");
      return [...pieces];
    },
  });
  const answers = await Promise.allSettled([1, 2, 3].map(refused));
  assert.deepEqual(
    answers.map((answer) => answer.status),
    ["fulfilled", "rejected", "fulfilled"],
  );
  assert.equal(calls, 4);
  const away = together<number, number>({ most: 10, pauseMs: 0, work: () => Promise.reject(new Error("connection lost")) });
  const lost = await Promise.allSettled([1, 2, 3].map(away));
  assert.ok(lost.every((answer) => answer.status === "rejected" && /connection lost/.test(String(answer.reason))));
});
