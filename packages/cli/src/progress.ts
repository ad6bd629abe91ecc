/** A line on a terminal that says how far a long piece of work is, in bytes. Nothing where standard error is no terminal. */
const barWidth = 24;
const stepMs = 100;

export class Progress {
  readonly #label: string;
  readonly #totalBytes: number;
  readonly #shown: boolean;
  #next = 0;

  constructor(label: string, totalBytes: number, shown: boolean = process.stderr.isTTY === true) {
    this.#label = label;
    this.#totalBytes = totalBytes;
    this.#shown = shown;
  }

  update(doneBytes: number): void {
    const now = performance.now();
    if (!this.#shown || now < this.#next) return;
    this.#next = now + stepMs;
    process.stderr.write(`\r${progressLine(this.#label, doneBytes, this.#totalBytes)}`);
  }

  /** Takes the line away. */
  end(): void {
    if (this.#shown) process.stderr.write("\r\x1b[K");
  }
}

/** `app.debug  [######                  ]  25 %  57.3 of 229.0 MB` */
export function progressLine(label: string, doneBytes: number, totalBytes: number): string {
  const share = totalBytes === 0 ? 1 : Math.min(1, doneBytes / totalBytes);
  const bar = "#".repeat(Math.floor(share * barWidth)).padEnd(barWidth);
  const percent = `${Math.floor(share * 100)} %`.padStart(5);
  return `${label}  [${bar}] ${percent}  ${(doneBytes / 1e6).toFixed(1)} of ${(totalBytes / 1e6).toFixed(1)} MB`;
}
