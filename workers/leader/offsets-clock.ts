import type { Command, ExpiringGroup } from '../../src/metadata/journal.wire.js';
import { ROWS_PER_ENTRY_MAX } from '../../src/metadata/limits.js';
import { isOver } from '../../src/metadata/offset-expiry.js';
import type { Outcome } from '../../src/metadata/outcomes.js';
import { consumes, generationOf } from '../../src/metadata/subscription.js';
import { topicIdBytes } from '../../src/metadata/topic-id.js';
import type { ConsumerGroupView, GroupView, MetadataView, TopicView } from '../../src/metadata/view.js';
import type { Log } from '../../src/telemetry/log.js';
import type { Timer, World } from '../../src/world/world.js';
import { ExpiryTime } from './expiry-time.js';
import { ignoreLost } from './leadership-lost.js';

export interface OffsetsClockSettings {
  /** How long offsets are kept (offsets.retention.minutes). */
  readonly offsetsRetentionMs: number;
  /** Between two looks (offsets.retention.check.interval.ms). */
  readonly offsetsCheckMs: number;
}

export interface OffsetsDeps {
  readonly world: Pick<World, 'clock' | 'timers'>;
  readonly view: () => MetadataView & { readonly timeMs: number };
  /** The journal store's clock; undefined: it has none. */
  readonly storeMs: () => number | undefined;
  /** Appends a command of the leader's own and rejects with `LeadershipLost` when leadership ends first. */
  readonly propose: (command: Command) => Promise<Outcome>;
  readonly log: Log;
}

/**
 * Lets committed offsets go that were kept long enough, and groups that have none and no members. It looks at a bounded
 * number of rows a turn and proposes a bounded number a command: neither this thread nor an apply stands still for it.
 */
export class OffsetsClock {
  readonly #settings: OffsetsClockSettings;
  readonly #deps: OffsetsDeps;
  #time: ExpiryTime | undefined;
  #timer: Timer | undefined;

  constructor(settings: OffsetsClockSettings, deps: OffsetsDeps) {
    this.#settings = settings;
    this.#deps = deps;
  }

  /** Leadership begins. */
  start(): void {
    this.#time = new ExpiryTime(this.#deps.world.clock, this.#deps.storeMs);
    this.#arm(this.#time);
  }

  /** Leadership is over. */
  stop(): void {
    this.#time = undefined;
    this.#timer?.cancel();
  }

  #arm(time: ExpiryTime): void {
    this.#timer = this.#deps.world.timers.after(this.#settings.offsetsCheckMs, () => this.#look(time));
  }

  #look(time: ExpiryTime): void {
    const nowMs = time.nowMs(this.#deps.view().timeMs);
    if (nowMs === undefined) {
      this.#deps.log.warn({}, 'Clocks disagree by a minute or more: no committed offset expires until they agree');
      this.#arm(time);
      return;
    }
    this.#go(time, nowMs, slices(this.#deps.view(), nowMs, this.#settings.offsetsRetentionMs));
  }

  /** One slice after the other, each in a turn of its own; the next look after the last. */
  #go(time: ExpiryTime, nowMs: number, left: Iterator<readonly ExpiringGroup[]>): void {
    if (this.#time !== time) {
      return;
    }
    const { done, value: groups } = left.next();
    if (done === true) {
      this.#arm(time);
      return;
    }
    const next = () => this.#go(time, nowMs, left);
    if (groups.length === 0) {
      this.#timer = this.#deps.world.timers.after(0, next);
      return;
    }
    const value = { nowMs, retentionMs: this.#settings.offsetsRetentionMs, groups: [...groups] };
    this.#deps.propose({ kind: { $case: 'expireOffsets', value } }).then(next, ignoreLost);
  }
}

/** An offset that is due; without a partition: a group that has none, and no members. */
interface Due {
  readonly group: GroupView | ConsumerGroupView;
  readonly topic?: TopicView;
  readonly partition?: number;
}

/** What is due, by slices of so many rows looked at as one command may touch (a group cut in two counts in both). The metadata may change between two slices. */
function* slices(view: MetadataView, nowMs: number, retentionMs: number): Generator<readonly ExpiringGroup[]> {
  let looked = 0;
  let slice: Due[] = [];
  for (const due of look(view, nowMs, retentionMs)) {
    if (due !== undefined) {
      slice.push(due);
    }
    looked += 1;
    if (looked === ROWS_PER_ENTRY_MAX - 1) {
      yield byGroup(slice);
      looked = 0;
      slice = [];
    }
  }
  yield byGroup(slice);
}

/** Every row once: undefined when it is not due. */
function* look(view: MetadataView, nowMs: number, retentionMs: number): Generator<Due | undefined> {
  for (const group of [...view.groups(), ...view.consumerGroups()]) {
    let hasOffsets = false;
    for (const offset of view.committedOffsets(group.groupId)) {
      hasOffsets = true;
      const isDue = isOver(group, offset, nowMs, retentionMs) && !consumes(group, offset.topic);
      yield isDue ? { group, topic: view.topicByName(offset.topic)!, partition: offset.partition } : undefined;
    }
    yield hasOffsets || group.state !== 'Empty' || group.members.size > 0 ? undefined : { group };
  }
}

function byGroup(slice: readonly Due[]): ExpiringGroup[] {
  const groups = new Map<Due['group'], Map<string, number[]>>();
  for (const { group, topic, partition } of slice) {
    const topics = groups.get(group) ?? new Map<string, number[]>();
    groups.set(group, topics);
    if (topic !== undefined && partition !== undefined) {
      const partitions = topics.get(topic.topicId);
      if (partitions === undefined) {
        topics.set(topic.topicId, [partition]);
      } else {
        partitions.push(partition);
      }
    }
  }
  return Array.from(groups, ([group, topics]) => ({
    group: group.groupId,
    generation: generationOf(group),
    topics: Array.from(topics, ([topicId, partitions]) => ({ topicId: topicIdBytes(topicId), partitions })),
  }));
}
