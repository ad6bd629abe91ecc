/** The lines that a start prints as it goes: a step's name when it begins, its duration when it is done. */

export type Steps = {
  /** Runs `work` as a named step. `work` may return a note, shown behind the duration. A failure is shown and thrown on. */
  step<T>(title: string, work: () => Promise<T>, note?: (result: T) => string): Promise<T>;
  say(line: string): void;
};

/**
 * Steps may overlap: a line that another step has interrupted is written again, whole, when its step ends.
 * @param write where text goes, standard output as a rule
 */
export function createSteps(write: (text: string) => void): Steps {
  /** Title at the end of the unfinished line, if there is one. */
  let open: string | null = null;
  const begin = (title: string) => {
    write(`${open === null ? "" : "\n"}  ${title} …`);
    open = title;
  };
  const end = (title: string, text: string) => {
    if (open !== title) begin(title);
    write(` ${text}\n`);
    open = null;
  };
  return {
    async step(title, work, note) {
      const since = performance.now();
      const duration = () => `${((performance.now() - since) / 1000).toFixed(1)} s`;
      begin(title);
      try {
        const result = await work();
        const text = note?.(result) ?? "";
        end(title, `${duration()}${text === "" ? "" : `  (${text})`}`);
        return result;
      } catch (error) {
        end(title, `failed after ${duration()}`);
        throw error;
      }
    },
    say(line) {
      write(`${open === null ? "" : "\n"}${line}\n`);
      open = null;
    },
  };
}

/** Steps that print nothing: tests, and starts inside other programs. */
export const silentSteps: Steps = {
  step: async (_title, work) => await work(),
  say: () => undefined,
};
