/** A deletion whose outcome is not known: it may have happened, and may still happen. */
export interface Asked {
  /** No log start comes further by it. */
  readonly upTo: number;
}

/**
 * Between which offsets each partition's log start is, by what the model administrators were told and have asked for.
 * Keys are those of the ledger.
 */
export class LogStarts {
  readonly #told = new Map<string, number>();
  readonly #asked = new Map<string, Set<Asked>>();

  /** Before a deletion is sent. Up to infinity: it names no offset but the end. */
  asking(key: string, upTo: number): Asked {
    const asked = { upTo };
    const doubts = this.#asked.get(key) ?? new Set();
    this.#asked.set(key, doubts.add(asked));
    return asked;
  }

  /** It was answered: the log start was there at that moment; undefined when it was refused. */
  answered(key: string, asked: Asked, lowWatermark: number | undefined): void {
    this.#asked.get(key)?.delete(asked);
    if (lowWatermark !== undefined) this.#told.set(key, Math.max(this.atLeast(key), lowWatermark));
  }

  /** Someone was told that the log start is here: it never goes back. */
  atLeast(key: string): number {
    return this.#told.get(key) ?? 0;
  }

  /** No deletion that was ever asked for brings it further. */
  atMost(key: string): number {
    let most = this.atLeast(key);
    for (const { upTo } of this.#asked.get(key) ?? []) most = Math.max(most, upTo);
    return most;
  }
}
