/**
 * Pieces of work that come at the same time, done together: one transaction for many. What comes while the last pieces are at work waits and goes
 * with the next; what comes alone waits for nobody. A piece that the database refuses takes no other with it: then each goes by itself.
 */
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";

/** SQLSTATE classes that may blame one piece: data exception, integrity constraint violation, transaction rollback, a limit of the program. */
const pieceFaults = /^(22|23|40|54)/;

/**
 * @param options.work does all pieces in one transaction of its own, or none of them. @returns an answer per piece, in order
 * @param options.most pieces at once
 * @param options.weight how much of `mostWeight` a piece takes; one that takes more goes alone
 * @param options.pauseMs after several at once, others are awaited for so long: more at once is less work
 * @returns does one piece; resolves when it is done
 */
export function together<Piece, Answer>(options: {
  work(pieces: readonly Piece[]): Promise<readonly (Answer | Promise<Answer>)[]>;
  most: number;
  weight?: (piece: Piece) => number;
  mostWeight?: number;
  pauseMs: number;
}): (piece: Piece) => Promise<Answer> {
  type Waiting = { piece: Piece; settle: PromiseWithResolvers<Answer> };
  const waiting: Waiting[] = [];
  let working = false;

  async function doAll(): Promise<void> {
    working = true;
    await Promise.resolve(); // those of the same turn
    while (waiting.length > 0) {
      const pieces = waiting.splice(0, howMany());
      await doThese(pieces);
      if (options.pauseMs > 0 && pieces.length > 1 && waiting.length < options.most) await sleep(options.pauseMs);
    }
    working = false;
  }

  function howMany(): number {
    const { most, weight = () => 0, mostWeight = Number.POSITIVE_INFINITY } = options;
    let sum = 0;
    for (const [place, { piece }] of waiting.slice(0, most).entries()) {
      sum += weight(piece);
      if (place > 0 && sum > mostWeight) return place;
    }
    return most;
  }

  /** Settles every piece; never throws. */
  async function doThese(pieces: readonly Waiting[]): Promise<void> {
    try {
      const answers = await options.work(pieces.map(({ piece }) => piece));
      for (const [place, { settle }] of pieces.entries()) settle.resolve(answers[place] as Answer | Promise<Answer>);
    } catch (error) {
      const blamesAPiece = error instanceof pg.DatabaseError && pieceFaults.test(error.code ?? "");
      if (pieces.length > 1 && blamesAPiece) for (const one of pieces) await doThese([one]);
      else for (const { settle } of pieces) settle.reject(error);
    }
  }

  return (piece) => {
    const settle = Promise.withResolvers<Answer>();
    waiting.push({ piece, settle });
    if (!working) void doAll();
    return settle.promise;
  };
}
