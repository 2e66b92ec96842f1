import type { Changes } from '../metadata/outcomes.js';

type Wake = () => void;

/** Nearly all partitions have one that waits: no set is made for that one. */
type Waiting = Wake | Set<Wake>;

/** Waiting fetches by topic id and partition: an advance or the end of a topic wakes those that wait for it, and only those. */
export class Wakeups {
  readonly #topics = new Map<string, Map<number, Waiting>>();

  /** Runs `wake` on every advance of one of the partitions until the returned function is called. */
  watch(partitions: readonly { readonly topicId: string; readonly partition: number }[], wake: Wake): () => void {
    // Kept, because a list's topic may be another one when the wait is over.
    const ids = partitions.map(({ topicId }) => topicId);
    for (let i = 0; i < ids.length; i += 1) this.#add(ids[i]!, partitions[i]!.partition, wake);
    return () => {
      for (let i = 0; i < ids.length; i += 1) this.#remove(ids[i]!, partitions[i]!.partition, wake);
    };
  }

  /** A deleted topic wakes those that wait for any of it: they must hear that it is gone. */
  applied({ advanced, deletedTopics }: Pick<Changes, 'advanced' | 'deletedTopics'>): void {
    const woken = new Set<Wake>();
    for (const topicId of deletedTopics) {
      for (const waiting of this.#topics.get(topicId)?.values() ?? []) gather(waiting, woken);
    }
    for (const { topicId, partition } of advanced) gather(this.#topics.get(topicId)?.get(partition), woken);
    for (const wake of woken) wake();
  }

  #add(topicId: string, partition: number, wake: Wake): void {
    let topic = this.#topics.get(topicId);
    if (topic === undefined) {
      topic = new Map();
      this.#topics.set(topicId, topic);
    }
    const waiting = topic.get(partition);
    if (waiting === undefined) topic.set(partition, wake);
    else if (typeof waiting !== 'function') waiting.add(wake);
    else if (waiting !== wake) topic.set(partition, new Set([waiting, wake]));
  }

  #remove(topicId: string, partition: number, wake: Wake): void {
    const topic = this.#topics.get(topicId);
    const waiting = topic?.get(partition);
    if (waiting instanceof Set) {
      waiting.delete(wake);
      if (waiting.size > 0) return;
    } else if (waiting !== wake) return;
    topic!.delete(partition);
    if (topic!.size === 0) this.#topics.delete(topicId);
  }
}

function gather(waiting: Waiting | undefined, into: Set<Wake>): void {
  if (typeof waiting === 'function') into.add(waiting);
  else if (waiting !== undefined) for (const wake of waiting) into.add(wake);
}
