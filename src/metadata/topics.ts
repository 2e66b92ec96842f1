import { errors } from '../protocol/errors.js';
import { configsBytes, configsOf, mixConfigs } from './configs.js';
import type { AlterTopicConfigs, CreatePartitions, CreateTopic, DeleteTopic } from './journal.wire.js';
import type { RemovedExtent } from './extents.js';
import type { Ledger } from './limits.js';
import { PARTITIONS_PER_TOPIC_MAX, SIZE, TOPIC_CONFIGS_MAX, textBytes } from './limits.js';
import type { Outcome, Refused } from './outcomes.js';
import { DONE, refused, SUPERSEDED } from './outcomes.js';
import { Partition } from './partition.js';
import type { Producers } from './producers.js';
import type { Segments } from './segments.js';
import { topicIdText } from './topic-id.js';
import type { TopicView } from './view.js';

export class Topic implements TopicView {
  readonly topicId: string;
  readonly name: string;
  readonly partitions: Partition[];
  configs: ReadonlyMap<string, string>;
  configsRevision = 0;
  /** Groups that committed an offset in this topic. Found again from the offsets when a snapshot is loaded. */
  readonly committedBy = new Set<string>();

  constructor(topicId: string, name: string, partitions: number, configs: ReadonlyMap<string, string>) {
    this.topicId = topicId;
    this.name = name;
    this.partitions = Array.from({ length: partitions }, (_, index) => new Partition(topicId, index));
    this.configs = configs;
  }

  /** Bytes counted for the topic without its extents and producers. */
  get ownBytes(): number {
    const { name, partitions, configs } = this;
    return SIZE.topic + 2 * textBytes(name) + partitions.length * SIZE.partition + configsBytes(configs);
  }
}

/**
 * Topics by name and id. A deleted topic is unlinked at once and its rows are retired later, at most a set number an
 * entry, oldest deletion first.
 */
export class Topics {
  readonly #ledger: Ledger;
  readonly #segments: Segments;
  readonly #producers: Producers;
  readonly byName = new Map<string, Topic>();
  readonly byId = new Map<string, Topic>();
  /** Names with `.` written as `_`: two topics must not meet there (Kafka's metric names would). */
  readonly #collapsed = new Map<string, string>();
  /** Deleted topics with rows left, in the order of deletion. */
  readonly retiring: Topic[] = [];
  /** Partitions with extents wholly below their log start, in the order in which they came to have them. */
  readonly trimming = new Set<Partition>();
  extentCount = 0;

  constructor(ledger: Ledger, segments: Segments, producers: Producers) {
    this.#ledger = ledger;
    this.#segments = segments;
    this.#producers = producers;
  }

  /** The name of the topic that one of this name is or would collide with. */
  like(name: string): string | undefined {
    return this.#collapsed.get(collapse(name));
  }

  create(command: CreateTopic): Outcome {
    const topicId = topicIdText(command.topicId);
    if (topicId === undefined || this.byId.has(topicId) || this.retiring.some((topic) => topic.topicId === topicId)) {
      return refused(errors.INVALID_REQUEST.code, 'the topic id is not 16 fresh bytes');
    }
    const flaw = topicNameFlaw(command.name);
    if (flaw !== undefined) {
      return refused(errors.INVALID_TOPIC_EXCEPTION.code, flaw);
    }
    if (this.byName.has(command.name)) {
      return refused(errors.TOPIC_ALREADY_EXISTS.code, `Topic '${command.name}' already exists.`);
    }
    const collides = this.like(command.name);
    if (collides !== undefined) {
      return refused(
        errors.INVALID_TOPIC_EXCEPTION.code,
        `Topic '${command.name}' collides with existing topic: ${collides} ('.' and '_' count as one)`,
      );
    }
    if (command.partitions < 1 || command.partitions > PARTITIONS_PER_TOPIC_MAX) {
      return refused(
        errors.INVALID_PARTITIONS.code,
        `Number of partitions must be from 1 to ${PARTITIONS_PER_TOPIC_MAX}.`,
      );
    }
    if (command.configs.length > TOPIC_CONFIGS_MAX) {
      return refused(errors.INVALID_REQUEST.code, `more than ${TOPIC_CONFIGS_MAX} configs`);
    }
    if (this.#ledger.full) {
      return refused(errors.REQUEST_TIMED_OUT.code, 'the metadata is full');
    }
    const configs = new Map(command.configs.map(({ name, value }) => [name, value]));
    this.link(new Topic(topicId, command.name, command.partitions, configs));
    this.#ledger.digest.text(topicId);
    this.#ledger.digest.text(command.name);
    for (const [name, value] of configs) {
      this.#ledger.digest.text(name);
      this.#ledger.digest.text(value);
    }
    return { kind: 'topic-created', topicId };
  }

  /** At most as many partitions as a topic may have, so at most that many rows an entry. */
  createPartitions(command: CreatePartitions): Outcome {
    const topic = this.#named(command.topicId);
    const flaw = topic === undefined ? UNKNOWN : partitionsFlaw(topic, command.partitions);
    if (topic === undefined || flaw !== undefined) {
      return flaw!;
    }
    if (this.#ledger.full) {
      return refused(errors.REQUEST_TIMED_OUT.code, 'the metadata is full');
    }
    const before = topic.ownBytes;
    for (let index = topic.partitions.length; index < command.partitions; index++) {
      topic.partitions.push(new Partition(topic.topicId, index));
    }
    this.#ledger.bytes += topic.ownBytes - before;
    this.#ledger.digest.text(topic.topicId);
    this.#ledger.digest.number(topic.partitions.length);
    return DONE;
  }

  alterConfigs(command: AlterTopicConfigs, revision: number): Outcome {
    const topic = this.#named(command.topicId);
    if (topic === undefined) {
      return UNKNOWN;
    }
    if (topic.configsRevision !== command.expectedRevision) {
      return SUPERSEDED;
    }
    const configs = configsOf(command.configs);
    if (configs === undefined) {
      return refused(errors.INVALID_REQUEST.code, `more than ${TOPIC_CONFIGS_MAX} configs`);
    }
    const grownBytes = configsBytes(configs) - configsBytes(topic.configs);
    if (grownBytes > 0 && this.#ledger.full) {
      return refused(errors.REQUEST_TIMED_OUT.code, 'the metadata is full');
    }
    topic.configs = configs;
    topic.configsRevision = revision;
    this.#ledger.bytes += grownBytes;
    this.#ledger.digest.text(topic.topicId);
    mixConfigs(this.#ledger, configs);
    return DONE;
  }

  #named(idBytes: Uint8Array): Topic | undefined {
    const topicId = topicIdText(idBytes);
    return topicId === undefined ? undefined : this.byId.get(topicId);
  }

  delete(command: DeleteTopic): Outcome {
    const topic = this.#named(command.topicId);
    if (topic === undefined) {
      return refused(errors.UNKNOWN_TOPIC_ID.code, 'This server does not host this topic ID.');
    }
    this.byName.delete(topic.name);
    this.byId.delete(topic.topicId);
    this.#collapsed.delete(collapse(topic.name));
    this.retiring.push(topic);
    for (const partition of topic.partitions) {
      this.trimming.delete(partition);
    }
    this.#ledger.digest.text(topic.topicId);
    return DONE;
  }

  /** Adds a topic that was judged before. */
  link(topic: Topic): void {
    this.byName.set(topic.name, topic);
    this.byId.set(topic.topicId, topic);
    this.#collapsed.set(collapse(topic.name), topic.name);
    this.#ledger.bytes += topic.ownBytes;
  }

  /** Adds a deleted topic whose rows are not all retired yet. */
  linkRetiring(topic: Topic): void {
    this.retiring.push(topic);
    this.#ledger.bytes += topic.ownBytes;
  }

  addExtent(
    partition: Partition,
    records: number,
    maxTimestamp: number,
    segment: number,
    position: number,
    length: number,
  ): void {
    partition.extents.append(partition.highWatermark, records, maxTimestamp, segment, position, length);
    partition.highWatermark += records;
    partition.bytes += length;
    this.#segments.addExtent(segment, length);
    this.extentCount++;
    this.#ledger.bytes += SIZE.extent;
    this.#ledger.digest.number(partition.highWatermark);
    this.#ledger.digest.number(position);
    this.#ledger.digest.number(length);
    this.#ledger.digest.number(maxTimestamp);
  }

  /** Moves a log start up, at most to the high watermark. What then lies wholly below it goes with `trim`. */
  raiseLogStart(partition: Partition, offset: number): void {
    partition.logStartOffset = offset;
    this.#ledger.digest.number(partition.index);
    this.#ledger.digest.number(offset);
    if (partition.hasExtentBelowLogStart) {
      this.trimming.add(partition);
    }
  }

  /** Drops up to `rowsMax` extents that lie wholly below their log start. */
  trim(rowsMax: number): void {
    let left = rowsMax;
    for (const partition of this.trimming) {
      for (; left > 0 && partition.hasExtentBelowLogStart; left--) {
        this.#dropExtent(partition, partition.extents.removeFirst()!);
      }
      this.#ledger.digest.number(partition.extents.count);
      if (left === 0 && partition.hasExtentBelowLogStart) {
        return;
      }
      this.trimming.delete(partition);
    }
  }

  #dropExtent(partition: Partition, { segment, length }: RemovedExtent): void {
    this.#segments.removeExtent(segment, length);
    partition.bytes -= length;
    this.extentCount--;
    this.#ledger.bytes -= SIZE.extent;
  }

  /**
   * Retires up to `rowsMax` rows of deleted topics, and returns how many more it might have. `dropOffsets` drops a group's offsets in a topic, at once, as one row.
   */
  retire(rowsMax: number, dropOffsets: (groupId: string, topicId: string) => void): number {
    let left = rowsMax;
    while (left > 0) {
      const topic = this.retiring[0];
      if (topic === undefined) {
        return left;
      }
      for (const partition of topic.partitions) {
        left -= this.#retirePartition(partition, left);
        if (left <= 0) {
          return 0;
        }
      }
      for (const groupId of topic.committedBy) {
        dropOffsets(groupId, topic.topicId);
        topic.committedBy.delete(groupId);
        if (--left <= 0) {
          return 0;
        }
      }
      this.retiring.shift();
      this.#ledger.bytes -= topic.ownBytes;
      this.#ledger.digest.text(topic.topicId);
      left--;
    }
    return left;
  }

  #retirePartition(partition: Partition, rowsMax: number): number {
    let rows = 0;
    while (rows < rowsMax) {
      const removed = partition.extents.removeLast();
      if (removed === undefined) {
        break;
      }
      this.#dropExtent(partition, removed);
      rows++;
    }
    for (const row of partition.producers.values()) {
      if (rows >= rowsMax) {
        break;
      }
      this.#producers.remove(row);
      rows++;
    }
    return rows;
  }
}

/** The topic was there when the command was made: its name is what the client knows. */
const UNKNOWN = refused(errors.UNKNOWN_TOPIC_OR_PARTITION.code, '');

/** Why a topic cannot get this number of partitions (Kafka: INVALID_PARTITIONS, 37), or undefined. */
export function partitionsFlaw(topic: TopicView, partitions: number): Refused | undefined {
  const { name, partitions: present } = topic;
  if (partitions > present.length && partitions <= PARTITIONS_PER_TOPIC_MAX) {
    return undefined;
  }
  let flaw = `Topic ${name} has ${present.length} partition(s) now; ${partitions} would not be an increase.`;
  if (partitions === present.length) {
    flaw = `Topic already has ${present.length} partition(s).`;
  } else if (partitions > present.length) {
    flaw = `Number of partitions must be at most ${PARTITIONS_PER_TOPIC_MAX}.`;
  }
  return refused(errors.INVALID_PARTITIONS.code, flaw);
}

/** What is wrong with a topic's name (Kafka: Topic.validate), or undefined. */
export function topicNameFlaw(name: string): string | undefined {
  if (name === '' || name === '.' || name === '..') {
    return "Topic name is invalid: it must not be empty, '.' or '..'";
  }
  if (name.length > 249) {
    return 'Topic name is invalid: it is longer than 249 characters';
  }
  if (!/^[a-zA-Z0-9._-]+$/.test(name)) {
    return "Topic name is invalid: it contains a character other than ASCII alphanumerics, '.', '_' and '-'";
  }
  return undefined;
}

function collapse(name: string): string {
  return name.replaceAll('.', '_');
}
