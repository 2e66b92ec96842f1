import type { Outcome } from '../../src/metadata/outcomes.js';

/** One encoded `Forwarded` that waits to be appended. */
export interface Queued {
  readonly bytes: Uint8Array;
  /** For the leader's own commands; others learn their outcomes by applying. */
  readonly own?: { settle(outcome: Outcome): void; lose(): void };
}

/** What the next entries will hold, in order of arrival. */
export class CommandQueue {
  #items: Queued[] = [];

  get empty(): boolean {
    return this.#items.length === 0;
  }

  push(item: Queued): void {
    this.#items.push(item);
  }

  /** The first ones, up to these bounds, but at least one. */
  take(bytesMax: number, commandsMax: number): readonly Queued[] {
    let bytes = 0;
    let count = 0;
    while (count < Math.min(this.#items.length, commandsMax)) {
      bytes += this.#items[count]!.bytes.length;
      if (count > 0 && bytes > bytesMax) {
        break;
      }
      count += 1;
    }
    return this.#items.splice(0, count);
  }

  /** Leadership is over: forwarded commands come again by their agents, own ones are no longer this worker's. */
  clear(): void {
    const items = this.#items;
    this.#items = [];
    for (const { own } of items) {
      own?.lose();
    }
  }
}
