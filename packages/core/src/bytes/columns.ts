/** Growable typed-array columns: what a builder of a large table appends to, several times smaller than arrays of objects. */

const FIRST_CAPACITY = 64;

/** A growing column of unsigned 32-bit numbers. */
export class U32Column {
  #values: Uint32Array<ArrayBuffer> = new Uint32Array(FIRST_CAPACITY);
  length = 0;

  push(value: number): void {
    if (this.length === this.#values.length) {
      const grown = new Uint32Array(Math.ceil(this.#values.length * 1.6));
      grown.set(this.#values);
      this.#values = grown;
    }
    this.#values[this.length++] = value;
  }

  /** Makes the column longer by so many values, which are to be set through what it returns: good until the next push. */
  extend(count: number): Uint32Array {
    const length = this.length + count;
    if (length > this.#values.length) {
      const grown = new Uint32Array(Math.max(length, Math.ceil(this.#values.length * 1.6)));
      grown.set(this.#values);
      this.#values = grown;
    }
    this.length = length;
    return this.#values;
  }

  at(index: number): number {
    return this.#values[index]!;
  }

  set(index: number, value: number): void {
    this.#values[index] = value;
  }

  /** Forgets the values from `length` on, keeps the memory. */
  truncate(length: number): void {
    this.length = length;
  }

  /** Forgets all values, keeps the memory. */
  clear(): void {
    this.length = 0;
  }

  /** The values so far and room for more, without the cost of a view; good until the next push. */
  get values(): Uint32Array {
    return this.#values;
  }

  /** The values so far; a view that later pushes do not change in length. */
  view(): Uint32Array {
    return this.#values.subarray(0, this.length);
  }
}

/** A growing column of numbers up to 2^53: file offsets. */
export class F64Column {
  #values: Float64Array<ArrayBuffer> = new Float64Array(FIRST_CAPACITY);
  length = 0;

  push(value: number): void {
    if (this.length === this.#values.length) {
      const grown = new Float64Array(Math.ceil(this.#values.length * 1.6));
      grown.set(this.#values);
      this.#values = grown;
    }
    this.#values[this.length++] = value;
  }

  at(index: number): number {
    return this.#values[index]!;
  }

  set(index: number, value: number): void {
    this.#values[index] = value;
  }

  /** Forgets all values, keeps the memory. */
  clear(): void {
    this.length = 0;
  }

  view(): Float64Array {
    return this.#values.subarray(0, this.length);
  }
}
