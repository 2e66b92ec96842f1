import type { FromLeader } from '../../src/cluster/messages.js';
import type { Journal } from '../../src/journal/journal.js';
import { StoreError } from '../../src/objects/store.js';

/**
 * Requests for a fresh revision (docs/ARCHITECTURE.md, The journal), each answered by a look at the journal begun after it came: a
 * read that finds the next slot absent and above the boundary, or a create that filled the next slot. A leader in good
 * standing looks, too: only the journal knows whether it still is one.
 */
export class Barriers {
  readonly #journal: Journal;
  readonly #post: (message: FromLeader) => void;
  #waiting: number[] = [];
  #reading = false;

  constructor(journal: Journal, post: (message: FromLeader) => void) {
    this.#journal = journal;
    this.#post = post;
  }

  add(id: number): void {
    this.#waiting.push(id);
  }

  /** Those that a look begun now will answer. */
  take(): readonly number[] {
    const taken = this.#waiting;
    this.#waiting = [];
    return taken;
  }

  /** The look said nothing; they wait for another one. */
  putBack(ids: readonly number[]): void {
    this.#waiting.unshift(...ids);
  }

  answer(ids: readonly number[], revision: number): void {
    for (const id of ids) {
      this.#post({ type: 'barrier', id, revision });
    }
  }

  fail(ids: readonly number[], error: StoreError): void {
    for (const id of ids) {
      this.#post({ type: 'barrier-failed', id, reason: error.message });
    }
  }

  /**
   * One journal read for all that wait and, once that has answered them, for those that came meanwhile. `last` is the
   * leader's last revision. False when the slot after it was full, by an entry of its own that has just landed or by
   * another leader's: its next append tells.
   */
  async read(last: () => number): Promise<boolean> {
    while (!this.#reading && this.#waiting.length > 0) {
      this.#reading = true;
      const ids = this.take();
      const revision = last();
      try {
        const absent = (await this.#journal.read(revision + 1)) === undefined;
        const kept = await this.#journal.readBoundary();
        if (!absent || (kept?.boundary.revision ?? 0) > revision) {
          this.putBack(ids);
          return false;
        }
        this.answer(ids, revision);
      } catch (error) {
        if (!(error instanceof StoreError)) {
          throw error;
        }
        this.fail(ids, error);
      } finally {
        this.#reading = false;
      }
    }
    return true;
  }
}
