import type { Message } from '../../protocol/codec.js';
import { consumerAssignment, consumerSubscription, decodeVersioned } from '../../protocol/consumer-protocol.js';
import type { SomeField, StructOut } from '../../protocol/definition.js';
import { ProtocolError } from '../../protocol/protocol-error.js';
import { OPAQUE_ELEMENTS_MAX, SUBSCRIBED_NAMES_MAX } from '../limits.js';
import type { Topics } from '../topics.js';
import { ascending, NO_TARGET, type Target } from './partitions.js';

interface OfTopic {
  readonly topic: string;
  readonly partitions: readonly number[];
}

export interface Subscription {
  readonly topics: readonly string[];
  readonly ownedPartitions: readonly OfTopic[];
  readonly rackId: string | null;
}

/**
 * Reads what members of the classic protocol put into their opaque bytes, in all no more than an apply can bear: a few
 * bytes stand for a name or a partition, which costs a hundred times as much once it is known.
 */
export class OpaqueReader {
  readonly #room = { left: OPAQUE_ELEMENTS_MAX };
  readonly #names = new Set<string>();

  /** What a consumer says in its JoinGroup; undefined when the bytes are no subscription, or too much. */
  subscription(metadata: Uint8Array): Subscription | undefined {
    const found = this.#read(consumerSubscription, metadata);
    for (const name of found?.topics ?? []) {
      this.#names.add(name);
      if (this.#names.size > SUBSCRIBED_NAMES_MAX) {
        return undefined;
      }
    }
    return found;
  }

  /** Undefined: the bytes are no assignment, too much, or carry data of a client's own assignor, which would be lost. */
  assignment(topics: Topics, bytes: Uint8Array): Target | undefined {
    if (bytes.length === 0) {
      return NO_TARGET;
    }
    const found = this.#read(consumerAssignment, bytes);
    return found === undefined || (found.userData?.length ?? 0) > 0
      ? undefined
      : targetByName(topics, found.assignedPartitions);
  }

  #read<F extends SomeField>(message: Message<F>, bytes: Uint8Array): StructOut<F> | undefined {
    try {
      return decodeVersioned(message, bytes, this.#room).value;
    } catch (error) {
      if (error instanceof ProtocolError) {
        return undefined;
      }
      throw error;
    }
  }
}

/** Topics and partitions that do not exist are left out. */
export function targetByName(topics: Topics, named: readonly OfTopic[]): Target {
  const found = new Map<string, Set<number>>();
  for (const { topic: name, partitions } of named) {
    const topic = topics.byName.get(name);
    for (const partition of topic === undefined ? [] : partitions) {
      if (topic?.partitions[partition] !== undefined) {
        const known = found.get(topic.topicId) ?? new Set();
        found.set(topic.topicId, known.add(partition));
      }
    }
  }
  return new Map(Array.from(found, ([topicId, partitions]) => [topicId, [...partitions].sort(ascending)]));
}
