/** Something that is done for all who wait for it: who asks while it is done gets the next time, which begins after. */
export class Rounds {
  readonly #once: () => Promise<void>;
  #running: Promise<void> = Promise.resolve();
  #next: Promise<void> | undefined;

  constructor(once: () => Promise<void>) {
    this.#once = once;
  }

  /** Resolves at the end of a round that began after the call. */
  next(): Promise<void> {
    this.#next ??= this.#running.then(() => {
      this.#next = undefined;
      this.#running = this.#once();
      return this.#running;
    });
    return this.#next;
  }
}
