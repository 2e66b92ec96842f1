/**
 * What one fetch session (KIP-227) remembers: the partitions that its client fetches, in the order in which they are
 * served, and what the client was last told about each. A request without a session has such a list too, for its own life.
 */
import type { FetchPartition } from '../fetch/engine-contract.js';
import type { MetadataView } from '../metadata/view.js';
import { errors } from '../protocol/errors.js';

/** Measured with V8 on 64 bits, rounded up: an entry of a list, a topic of it beside its name, a session. */
const PARTITION_BYTES = 192;
const TOPIC_BYTES = 512;
const LIST_BYTES = 1_024;

/** A topic of a list: named by its id (v13+) or by its name, and what the metadata made of it for the present request. */
export class ListedTopic {
  readonly reference: string;
  readonly partitions = new Map<number, ListedPartition>();
  /** Empty while unknown. */
  topicId = '';
  partitionsCount = 0;
  #knownName: string | undefined;

  constructor(reference: string) {
    this.reference = reference;
  }

  /** Looks it up: names and ids may come, go and come back as another topic between two requests of a session. */
  resolve(view: MetadataView, byId: boolean): void {
    const topic = byId ? view.topicById(this.reference) : view.topicByName(this.reference);
    this.topicId = topic?.topicId ?? '';
    this.partitionsCount = topic?.partitions.length ?? 0;
    if (byId && topic !== undefined) this.#knownName = topic.name;
    if (byId && topic === undefined && this.#knownName !== undefined) {
      // As Kafka, which remembers the name: what has its name now has another id.
      this.partitionsCount = view.topicByName(this.#knownName)?.partitions.length ?? 0;
    }
  }

  /**
   * Kafka's error for a partition that cannot be read, else 0: an id never seen is UNKNOWN_TOPIC_ID (100); one whose topic
   * was deleted UNKNOWN_TOPIC_OR_PARTITION (3), and INCONSISTENT_TOPIC_ID (103) if another has its name since.
   */
  errorOf(partition: number, byId: boolean): number {
    const exists = partition >= 0 && partition < this.partitionsCount;
    if (this.topicId !== '') return exists ? 0 : errors.UNKNOWN_TOPIC_OR_PARTITION.code;
    if (byId && this.#knownName === undefined) return errors.UNKNOWN_TOPIC_ID.code;
    return (exists ? errors.INCONSISTENT_TOPIC_ID : errors.UNKNOWN_TOPIC_OR_PARTITION).code;
  }
}

/** A partition of a list: the engine reads it as it is, so that an idle request copies nothing. */
export class ListedPartition implements FetchPartition {
  readonly topic: ListedTopic;
  readonly partition: number;
  offset = 0;
  bytesMax = 0;
  /** As the client was last told; -1 when it was not, or was told an error. */
  highWatermark = -1;
  logStartOffset = -1;

  constructor(topic: ListedTopic, partition: number) {
    this.topic = topic;
    this.partition = partition;
  }

  get topicId(): string {
    return this.topic.topicId;
  }
}

/** What a Fetch request names. */
export interface AskedTopic {
  readonly reference: string;
  readonly partitions: readonly {
    readonly partition: number;
    readonly fetchOffset: number;
    readonly partitionMaxBytes: number;
  }[];
}

export interface ForgottenTopic {
  readonly reference: string;
  readonly partitions: readonly number[];
}

/** Each partition once, in the order in which it is served. */
export class FetchList {
  readonly byId: boolean;
  readonly #topics = new Map<string, ListedTopic>();
  /** Replaced, never changed: a request that waits keeps the one that it began with. */
  #partitions: readonly ListedPartition[] = [];
  #topicBytes = 0;

  constructor(byId: boolean) {
    this.byId = byId;
  }

  get partitions(): readonly ListedPartition[] {
    return this.#partitions;
  }

  /** Memory that it takes, counted rather than measured. */
  get bytes(): number {
    return LIST_BYTES + this.#topicBytes + this.#partitions.length * PARTITION_BYTES;
  }

  /** Adds partitions at the end, and changes those that are there where they are. Of duplicates the last one counts. */
  ask(asked: readonly AskedTopic[]): void {
    const added: ListedPartition[] = [];
    for (const { reference, partitions } of asked) {
      for (const { partition, fetchOffset, partitionMaxBytes } of partitions) {
        const topic = this.#topic(reference);
        let listed = topic.partitions.get(partition);
        if (listed === undefined) {
          listed = new ListedPartition(topic, partition);
          topic.partitions.set(partition, listed);
          added.push(listed);
        }
        listed.offset = fetchOffset;
        listed.bytesMax = Math.max(0, partitionMaxBytes);
      }
    }
    if (added.length > 0) this.#partitions = [...this.#partitions, ...added];
  }

  forget(forgotten: readonly ForgottenTopic[]): void {
    const gone = new Set<ListedPartition>();
    for (const { reference, partitions } of forgotten) {
      const topic = this.#topics.get(reference);
      if (topic === undefined) continue;
      for (const partition of partitions) {
        const listed = topic.partitions.get(partition);
        if (listed === undefined) continue;
        topic.partitions.delete(partition);
        gone.add(listed);
      }
      if (topic.partitions.size === 0) {
        this.#topics.delete(reference);
        this.#topicBytes -= bytesOf(reference);
      }
    }
    if (gone.size > 0) this.#partitions = this.#partitions.filter((listed) => !gone.has(listed));
  }

  resolve(view: MetadataView): void {
    for (const topic of this.#topics.values()) topic.resolve(view, this.byId);
  }

  /** Those that were just served come last the next time. */
  moveToEnd(served: readonly ListedPartition[]): void {
    const moved = new Set(served);
    this.#partitions = [...this.#partitions.filter((listed) => !moved.has(listed)), ...served];
  }

  #topic(reference: string): ListedTopic {
    let topic = this.#topics.get(reference);
    if (topic === undefined) {
      topic = new ListedTopic(reference);
      this.#topics.set(reference, topic);
      this.#topicBytes += bytesOf(reference);
    }
    return topic;
  }
}

function bytesOf(reference: string): number {
  return TOPIC_BYTES + 2 * reference.length;
}
