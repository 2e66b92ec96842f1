/**
 * Requests that wait until their group has moved on. An entry that touched a group but not its stage (see `stageOf`) wakes
 * nobody: while a thousand members join one after the other, those who came first need not look a thousand times.
 */
export class GroupWaiters {
  readonly #byGroup = new Map<string, Waiting>();
  readonly #stageOf: ((group: string) => string) | undefined;
  #closed = false;

  /**
   * `stageOf` names where a group stands: it changes whenever a `look` may find something else than before. Without it
   * every entry that touches the group wakes everyone.
   */
  constructor(stageOf?: (group: string) => string) {
    this.#stageOf = stageOf;
  }

  /**
   * Resolves with the first value that `look` gives other than undefined: it is asked now and whenever the group's stage
   * has changed. Undefined when `signal` aborts (the client is gone) or the engine closes.
   */
  wait<T>(group: string, signal: AbortSignal, look: () => T | undefined): Promise<T | undefined> {
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
        wake: () => {
          const value = look();
          if (value !== undefined) {
            end(value);
          }
        },
        giveUp,
      };
      signal.addEventListener('abort', giveUp, { once: true });
      const waiting = this.#byGroup.get(group);
      if (waiting === undefined) {
        this.#byGroup.set(group, { stage: this.#stageOf?.(group), waiters: new Set([waiter]) });
      } else {
        waiting.waiters.add(waiter);
      }
    });
  }

  /** Groups that an entry touched. */
  changed(groups: ReadonlySet<string>): void {
    for (const group of groups) {
      const waiting = this.#byGroup.get(group);
      if (waiting === undefined) {
        continue;
      }
      const stage = this.#stageOf?.(group);
      if (stage === undefined || stage !== waiting.stage) {
        waiting.stage = stage;
        for (const waiter of [...waiting.waiters]) {
          waiter.wake();
        }
      }
    }
  }

  get isEmpty(): boolean {
    return this.#byGroup.size === 0;
  }

  close(): void {
    this.#closed = true;
    for (const { waiters } of [...this.#byGroup.values()]) {
      for (const waiter of [...waiters]) {
        waiter.giveUp();
      }
    }
  }

  #remove(group: string, waiter: Waiter): void {
    const waiters = this.#byGroup.get(group)?.waiters;
    waiters?.delete(waiter);
    if (waiters?.size === 0) {
      this.#byGroup.delete(group);
    }
  }
}

interface Waiting {
  /** When its waiters last looked, or the first of them came. */
  stage: string | undefined;
  readonly waiters: Set<Waiter>;
}

interface Waiter {
  wake(): void;
  giveUp(): void;
}
