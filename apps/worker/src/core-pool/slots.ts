/** A counting semaphore, first come first served: a request for all slots is not overtaken by a stream of small ones. */
export class Slots {
  #free: number;
  readonly #waiting: { count: number; go(): void }[] = [];

  constructor(count: number) {
    this.#free = count;
  }

  /** Waits for `count` slots. */
  take(count: number): Promise<void> {
    if (this.#waiting.length === 0 && this.#free >= count) {
      this.#free -= count;
      return Promise.resolve();
    }
    return new Promise((resolve) => this.#waiting.push({ count, go: resolve }));
  }

  give(count: number): void {
    this.#free += count;
    for (let first = this.#waiting[0]; first !== undefined && this.#free >= first.count; first = this.#waiting[0]) {
      this.#free -= first.count;
      this.#waiting.shift();
      first.go();
    }
  }
}
