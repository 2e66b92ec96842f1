/** At most so many pieces of work at once; the others wait, first come, first served. */
export class Turns {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(abreastMax: number) {
    this.#free = abreastMax;
  }

  async take<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free === 0) await new Promise<void>((start) => this.#waiting.push(start));
    else this.#free -= 1;
    try {
      return await work();
    } finally {
      // The turn goes to the next one itself, so nobody who comes now is before it.
      const next = this.#waiting.shift();
      if (next === undefined) this.#free += 1;
      else next();
    }
  }
}
