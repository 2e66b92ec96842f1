import type { Changes } from '../metadata/outcomes.js';

/** Waiting fetches by partition: an advance wakes those that wait for it, and only those. */
export class Wakeups {
  readonly #waiting = new Map<string, Set<() => void>>();

  /** Runs `wake` on every advance of one of the partitions until the returned function is called. */
  watch(partitions: readonly { readonly topicId: string; readonly partition: number }[], wake: () => void): () => void {
    const keys = partitions.map(keyOf);
    for (const key of keys) {
      let wakes = this.#waiting.get(key);
      if (wakes === undefined) {
        wakes = new Set();
        this.#waiting.set(key, wakes);
      }
      wakes.add(wake);
    }
    return () => {
      for (const key of keys) {
        const wakes = this.#waiting.get(key);
        wakes?.delete(wake);
        if (wakes?.size === 0) this.#waiting.delete(key);
      }
    };
  }

  /** A deleted topic wakes everyone: its readers must hear of it, and it happens rarely. */
  applied(changes: Changes): void {
    const woken = new Set<() => void>();
    if (changes.topicsChanged) for (const wakes of this.#waiting.values()) for (const wake of wakes) woken.add(wake);
    for (const advanced of changes.advanced)
      for (const wake of this.#waiting.get(keyOf(advanced)) ?? []) woken.add(wake);
    for (const wake of woken) wake();
  }
}

function keyOf(partition: { readonly topicId: string; readonly partition: number }): string {
  return `${partition.topicId}/${partition.partition}`;
}
