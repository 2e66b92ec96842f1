/** Requests that wait until their group has moved on. Each looks again after every entry that touched its group. */
export class GroupWaiters {
  readonly #byGroup = new Map<string, Set<Waiter>>();
  #closed = false;

  /**
   * Resolves with the first value that `look` gives other than undefined: it is asked now and after every change of the
   * group. Undefined when `signal` aborts (the client is gone) or the engine closes.
   */
  wait<T>(group: string, memberId: string, signal: AbortSignal, look: () => T | undefined): Promise<T | undefined> {
    const found = look();
    if (found !== undefined || signal.aborted || this.#closed) {
      return Promise.resolve(found);
    }
    return new Promise((resolve) => {
      const end = (value: T | undefined): void => {
        signal.removeEventListener('abort', giveUp);
        this.#remove(group, waiter);
        resolve(value);
      };
      const giveUp = (): void => end(undefined);
      const waiter: Waiter = {
        memberId,
        wake: () => {
          const value = look();
          if (value !== undefined) {
            end(value);
          }
        },
        giveUp,
      };
      signal.addEventListener('abort', giveUp, { once: true });
      const waiters = this.#byGroup.get(group);
      if (waiters === undefined) {
        this.#byGroup.set(group, new Set([waiter]));
      } else {
        waiters.add(waiter);
      }
    });
  }

  /** Groups that an entry touched. */
  changed(groups: ReadonlySet<string>): void {
    for (const group of groups) {
      for (const waiter of [...(this.#byGroup.get(group) ?? [])]) {
        waiter.wake();
      }
    }
  }

  /** Members whose request waits, by group. */
  *members(): Iterable<readonly [group: string, memberIds: readonly string[]]> {
    for (const [group, waiters] of this.#byGroup) {
      yield [group, [...waiters].map((waiter) => waiter.memberId)];
    }
  }

  get isEmpty(): boolean {
    return this.#byGroup.size === 0;
  }

  close(): void {
    this.#closed = true;
    for (const waiters of [...this.#byGroup.values()]) {
      for (const waiter of [...waiters]) {
        waiter.giveUp();
      }
    }
  }

  #remove(group: string, waiter: Waiter): void {
    const waiters = this.#byGroup.get(group);
    waiters?.delete(waiter);
    if (waiters?.size === 0) {
      this.#byGroup.delete(group);
    }
  }
}

interface Waiter {
  readonly memberId: string;
  wake(): void;
  giveUp(): void;
}
