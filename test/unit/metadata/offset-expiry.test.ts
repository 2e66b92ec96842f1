import { describe, expect, test } from 'vitest';
import { Metadata } from '../../../src/metadata/metadata.js';
import type { Outcome } from '../../../src/metadata/outcomes.js';
import { consumerSubscription, encodeVersioned } from '../../../src/protocol/consumer-protocol.js';
import { error, G, Story } from './group-story.js';
import { command, topicId } from './journal-maker.js';

const DAY = 86_400_000;

/** What a consumer of these topics tells when it joins. */
function consumes(...topics: string[]) {
  const subscription = encodeVersioned(consumerSubscription, 1, { topics });
  return { protocols: [{ name: 'range', metadata: new Uint8Array(Buffer.concat(subscription.slices)) }] };
}

/** Topics orders (id 1) and logs (id 2) of two partitions; time passes when a test says so. */
class OffsetStory extends Story {
  constructor() {
    super();
    this.journal.createTopic(this.epoch, 'orders', 1, 2);
    this.journal.createTopic(this.epoch, 'logs', 2, 2);
  }

  /** A Stable group of one member, `a`. */
  consuming(...topics: string[]): this {
    this.join('a', consumes(...topics));
    this.sync('a', this.group.generation);
    return this;
  }

  committed(topic: string, partition = 0): number | undefined {
    return this.journal.metadata.committedOffset(G, topic, partition)?.offset;
  }

  commits(generation: number, memberId: string, topic = 'orders', retentionMs?: number): Outcome {
    const offsets = [{ topic, partition: 0, offset: 5, leaderEpoch: 0, metadata: '' }];
    return this.commit(generation, memberId, { offsets, retentionMs });
  }

  /** The leader lets go what is due of these topics, `days` after now. */
  expireAfter(days: number, topics = [1, 2], generation = this.group.generation): Outcome {
    return this.journal.bare(
      command('expireOffsets', {
        nowMs: this.journal.timeMs + days * DAY,
        retentionMs: 7 * DAY,
        groups: [{ group: G, generation, topics: topics.map((id) => ({ topicId: topicId(id), partitions: [0, 1] })) }],
      }),
    );
  }

  delete(topics: readonly { readonly id: number; readonly partitions: number[] }[], group = G): Outcome {
    const named = topics.map(({ id, partitions }) => ({ topicId: topicId(id), partitions }));
    return this.journal.send(this.epoch, command('deleteOffsets', { group, topics: named }));
  }

  remove(member: string, laterMs: number): this {
    this.journal.timeMs += laterMs;
    this.leave(member);
    return this;
  }
}

describe('offsets expire', () => {
  test('of a group without members: a retention after the last one went, however late they were committed', () => {
    const story = new OffsetStory().consuming('orders');
    story.commits(1, 'a');
    story.remove('a', 5 * DAY);
    story.journal.timeMs += 6 * DAY;
    story.commits(-1, '', 'logs');
    story.expireAfter(0.9);
    expect([story.committed('orders'), story.committed('logs')]).toEqual([5, 5]);
    story.expireAfter(1);
    expect(story.journal.metadata.group(G)).toBeUndefined();
  });

  test('that no group ever consumed: a retention after they were committed', () => {
    const story = new OffsetStory();
    story.commits(-1, '', 'orders');
    story.journal.timeMs += DAY;
    story.commits(-1, '', 'logs');
    story.expireAfter(6);
    expect([story.committed('orders'), story.committed('logs')]).toEqual([undefined, 5]);
    story.expireAfter(7);
    expect(story.journal.metadata.group(G)).toBeUndefined();
  });

  test('of a Stable group of consumers: a retention after they were committed, as the leader saw their topics unused', () => {
    const story = new OffsetStory().consuming('orders');
    story.commits(1, 'a', 'logs');
    story.expireAfter(6.9, [2]);
    expect(story.committed('logs')).toBe(5);
    story.expireAfter(7, [2], 0);
    expect(story.committed('logs')).toBe(5);
    story.expireAfter(7, [2]);
    expect([story.committed('logs'), story.group.state]).toEqual([undefined, 'Stable']);
  });

  test('never of a group that rebalances, nor of one with members that are no consumers', () => {
    const rebalancing = new OffsetStory().consuming('orders');
    rebalancing.commits(1, 'a', 'logs');
    rebalancing.join('b', consumes('orders'));
    rebalancing.expireAfter(100);
    expect(rebalancing.committed('logs')).toBe(5);
    const other = new OffsetStory();
    other.join('a', { protocolType: 'connect' });
    other.sync('a', 1);
    other.commits(1, 'a', 'logs');
    other.expireAfter(100);
    expect(other.committed('logs')).toBe(5);
  });

  test('by the retention that their own commit brought (OffsetCommit v2 to v4)', () => {
    const story = new OffsetStory();
    story.commits(-1, '', 'orders', 2 * DAY);
    story.commits(-1, '', 'logs', 30 * DAY);
    story.expireAfter(1.9);
    expect([story.committed('orders'), story.committed('logs')]).toEqual([5, 5]);
    story.expireAfter(2);
    expect([story.committed('orders'), story.committed('logs')]).toEqual([undefined, 5]);
    story.expireAfter(29);
    expect(story.committed('logs')).toBe(5);
    story.commits(-1, '', 'logs');
    story.expireAfter(7);
    expect(story.journal.metadata.group(G)).toBeUndefined();
  });

  test('together with their bytes; snapshots keep what decides', () => {
    const story = new OffsetStory().consuming('orders');
    const before = story.journal.metadata.bytes;
    story.commits(1, 'a', 'orders');
    story.commits(1, 'a', 'logs', 3 * DAY);
    story.remove('a', DAY);
    const { metadata } = story.journal;
    const copy = Metadata.fromSnapshot(metadata.snapshot());
    expect(copy.group(G)!.emptySinceMs).toBe(story.journal.timeMs);
    expect([copy.committedOffset(G, 'orders', 0), copy.committedOffset(G, 'logs', 0)]).toEqual([
      metadata.committedOffset(G, 'orders', 0),
      metadata.committedOffset(G, 'logs', 0),
    ]);
    expect(copy.committedOffset(G, 'logs', 0)!.expireMs).toBe(story.journal.timeMs + 2 * DAY);
    story.expireAfter(7);
    expect(metadata.bytes).toBeLessThan(before);
    expect(Metadata.fromSnapshot(metadata.snapshot()).bytes).toBe(metadata.bytes);
  });

  test('no more than an apply can bear', () => {
    const story = new OffsetStory();
    const partitions = Array.from({ length: 4096 }, (_, partition) => partition);
    const groups = [{ group: G, generation: 0, topics: [{ topicId: topicId(1), partitions }] }];
    const value = { nowMs: 0, retentionMs: 0, groups };
    expect(error(story.journal.bare(command('expireOffsets', value)))).toBe(42);
  });

  test('and a group that keeps a reserved member id stays', () => {
    const story = new OffsetStory();
    story.commits(-1, '');
    story.join('r', { requireKnownMember: true });
    story.expireAfter(7);
    expect(story.committed('orders')).toBeUndefined();
    expect(story.summary).toBe('Empty 0 - [r]');
  });
});

describe('OffsetDelete', () => {
  const deleted = (...errors: number[]) => ({ kind: 'offsets-deleted', errors });

  test('of a group without members forgets what is asked', () => {
    const story = new OffsetStory();
    story.commits(-1, '', 'orders');
    story.commits(-1, '', 'logs');
    const { metadata } = story.journal;
    expect(story.delete([{ id: 1, partitions: [0, 1, 2] }])).toEqual(deleted(0, 0, 3));
    expect([story.committed('orders'), story.committed('logs')]).toEqual([undefined, 5]);
    expect(Metadata.fromSnapshot(metadata.snapshot()).bytes).toBe(metadata.bytes);
    expect(story.journal.lastChanges!.groups).toEqual(new Set([G]));
  });

  test('of consumers is for topics that none of them consumes', () => {
    const story = new OffsetStory().consuming('orders');
    story.commits(1, 'a', 'orders');
    story.commits(1, 'a', 'logs');
    const both = [1, 2].map((id) => ({ id, partitions: [0] }));
    expect(story.delete(both)).toEqual(deleted(86, 0));
    expect([story.committed('orders'), story.committed('logs')]).toEqual([5, undefined]);
    story.leave('a');
    expect(story.delete(both)).toEqual(deleted(0, 0));
  });

  test('takes no topic for unused while it is not known what a member consumes', () => {
    const first = new OffsetStory();
    first.join('a', { ...consumes('logs'), initialDelayMs: 3000 });
    expect(first.delete([{ id: 1, partitions: [0] }])).toEqual(deleted(86));
    const strange = new OffsetStory();
    strange.join('a', { protocols: [{ name: 'range', metadata: Uint8Array.of(0, 0, 0, 0, 0, 9) }] });
    expect(strange.delete([{ id: 1, partitions: [0] }])).toEqual(deleted(86));
  });

  test('knows what members consume who joined, left and changed their minds', () => {
    const story = new OffsetStory().consuming('orders');
    const orders = () => story.delete([{ id: 1, partitions: [0] }]);
    expect(orders()).toEqual(deleted(86));
    story.join('a', { ...consumes('logs'), knownMember: true });
    expect(orders()).toEqual(deleted(0));
    story.sync('a', 2);
    story.join('b', consumes('orders'));
    story.join('a', { ...consumes('logs'), knownMember: true });
    expect(orders()).toEqual(deleted(86));
    story.leave('b');
    story.join('a', { ...consumes('logs'), knownMember: true });
    expect(orders()).toEqual(deleted(0));
  });

  test('is refused for members that are no consumers, and for a group that is none', () => {
    const story = new OffsetStory();
    story.join('a', { protocolType: 'connect' });
    expect(error(story.delete([{ id: 1, partitions: [0] }]))).toBe(68);
    expect(error(story.delete([], 'nobody'))).toBe(69);
  });
});
