import { describe, expect, test } from 'vitest';
import { errors } from '../../../src/protocol/errors.js';
import { consumerAssignment, encodeVersioned } from '../../../src/protocol/consumer-protocol.js';
import { consumes } from '../../../src/metadata/subscription.js';
import { assignment, ConsumerStory, G, subscription } from './consumer-group-story.js';
import { command } from './journal-maker.js';

const refusal = (error: keyof typeof errors) => ({ kind: 'refused', error: errors[error].code });
const NAMES_MAX = 16_384;
const MIB = 2 ** 20;
/** Of this thread's own CPU; without its bound the work takes seconds. */
const APPLY_MS_MAX = 1_000;

const names = (count: number, prefix = '') => Array.from({ length: count }, (_, n) => `${prefix}${n}`);
const range = (metadata: Uint8Array) => ({ protocols: [{ name: 'range', metadata }] });
const subscribed = (topics: string[]) => range(subscription(topics));

class Story extends ConsumerStory {
  get bytes(): number {
    return this.journal.metadata.bytes;
  }

  /** Full, with so much beside the group that a member more or less does not end it. */
  full(): this {
    for (let id = 100; id < 200; id += 1) this.journal.createTopic(this.epoch, `beside${id}`, id);
    this.limit(this.bytes - 1_000);
    return this;
  }

  limit(metadataBytesMax: number): void {
    this.journal.bare(command('setLimits', { metadataBytesMax, producerRowsMax: 0 }));
  }

  /** A classic group whose members are these. */
  classicOf(metadata: readonly Uint8Array[]): this {
    for (const [at, one] of metadata.entries()) this.classicJoin(`c${at}`, { ...range(one), groupSizeMax: 0 });
    return this;
  }

  cpuMs(work: () => void): number {
    const before = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1_000;
  }
}

describe('what a member says', () => {
  test('a classic member of a consumer group subscribes to so many topics, and to no more', () => {
    const story = new Story();
    story.join('n');
    const before = story.bytes;
    expect(story.classicJoin('c', subscribed(names(NAMES_MAX + 1)))).toMatchObject(refusal('UNKNOWN_SERVER_ERROR'));
    expect(story.bytes - before).toBeLessThan(1_000);
    expect(story.group.isSubscribed('0')).toBe(false);
    expect(story.classicJoin('c', subscribed(names(NAMES_MAX)))).toMatchObject({ kind: 'joined', error: 0 });
    expect(story.group.isSubscribed(`${NAMES_MAX - 1}`)).toBe(true);
  });

  test('so does one of the consumer protocol', () => {
    const story = new Story();
    const topics = (count: number) => ({ topics: { names: names(count) }, owned: { topics: [] } });
    expect(story.beat('n', 0, topics(NAMES_MAX + 1))).toMatchObject(refusal('INVALID_REQUEST'));
    expect(story.group).toBeUndefined();
    expect(story.beat('n', 0, topics(NAMES_MAX))).toMatchObject({ kind: 'consumer-heartbeat' });
  });

  test('metadata for a protocol, and an assignment, have 1 MiB', () => {
    const story = new Story();
    const protocolType = 'connect';
    expect(story.classicJoin('c', { protocolType, ...range(new Uint8Array(MIB + 1)) })).toMatchObject(
      refusal('UNKNOWN_SERVER_ERROR'),
    );
    expect(story.classic).toBeUndefined();
    story.classicJoin('c', { protocolType, ...range(new Uint8Array(MIB)) });
    expect(story.sync('c', 1, { c: new Uint8Array(MIB + 1) })).toMatchObject(refusal('UNKNOWN_SERVER_ERROR'));
    expect(story.sync('c', 1, { c: new Uint8Array(MIB) })).toMatchObject({ kind: 'synced' });
  });

  test('one topic many times over costs no more than its partitions do', () => {
    const story = new Story();
    story.journal.createTopic(story.epoch, 'wide', 2, 4_096);
    story.join('n');
    const owned = Array.from({ length: 30_000 }, (_, n) => ({ topic: 'wide', partitions: [n % 4_096] }));
    const metadata = subscription(['wide'], owned);
    const spentMs = story.cpuMs(() => expect(story.classicJoin('c', range(metadata)).kind).toBe('joined'));
    expect(spentMs).toBeLessThan(APPLY_MS_MAX);
  });

  test('when members of a classic group tell more than can be read, they may consume anything', () => {
    const story = new Story().classicOf([subscription(names(60_000)), subscription(['t'])]);
    story.classicJoin('c0', { knownMember: true, ...subscribed(names(60_000)) });
    expect([consumes(story.classic, 't'), consumes(story.classic, 'other')]).toEqual([true, false]);
    story.classicJoin('c2', subscribed(names(60_000, 'x')));
    for (const id of ['c0', 'c1']) {
      const topics = id === 'c0' ? names(60_000) : ['t'];
      story.classicJoin(id, { knownMember: true, ...subscribed(topics) });
    }
    expect(consumes(story.classic, 'other')).toBe(true);
  });
});

describe('a classic group that becomes a consumer group', () => {
  const classic = (count: number, metadata: (at: number) => Uint8Array) =>
    new Story().classicOf(Array.from({ length: count }, (_, at) => metadata(at)));

  test.each([
    ['different names', 3, (at: number) => subscription(names(6_000, `${at}-`))],
    ['names', 5, () => subscription(names(NAMES_MAX))],
    ['bytes', 40, (at: number) => subscription(names(100_000, `${at}`))],
  ])('has so many %s, and no more', (_name, count, metadata) => {
    const story = classic(count, metadata);
    const before = story.bytes;
    const spentMs = story.cpuMs(() =>
      expect(story.join('n', { groupSizeMax: 0 })).toMatchObject(refusal('GROUP_ID_NOT_FOUND')),
    );
    expect(spentMs).toBeLessThan(APPLY_MS_MAX);
    expect(story.bytes - before).toBeLessThan(1_000);
    expect(story.classic.members.size).toBe(count);
  });

  test('names that its members share count once', () => {
    const story = classic(3, () => subscription(names(NAMES_MAX)));
    const before = story.bytes;
    expect(story.join('n')).toMatchObject({ kind: 'consumer-heartbeat' });
    expect(story.bytes - before).toBeLessThan(20 * MIB);
  });

  test('needs room for what it will be', () => {
    const story = classic(2, () => subscription(names(NAMES_MAX)));
    story.limit(story.bytes + MIB);
    expect(story.join('n')).toMatchObject(refusal('COORDINATOR_LOAD_IN_PROGRESS'));
    expect(story.classic.members.size).toBe(2);
    story.limit(64 * MIB);
    expect(story.join('n')).toMatchObject({ kind: 'consumer-heartbeat' });
  });

  test('of assignments it reads so much, too', () => {
    const story = new Story().classicOf([subscription(['t'])]);
    const assignedPartitions = [{ topic: 't', partitions: Array.from({ length: 100_000 }, (_, n) => n % 4) }];
    const { slices } = encodeVersioned(consumerAssignment, 1, { assignedPartitions, userData: null });
    story.sync('c0', 1, { c0: new Uint8Array(Buffer.concat(slices)) });
    expect(story.join('n')).toMatchObject(refusal('GROUP_ID_NOT_FOUND'));
  });
});

describe('when the metadata is full, and the sixteenth beyond it', () => {
  test('a member of a classic group joins again with as much as before, not with more', () => {
    const story = new Story().stableClassic();
    story.limit(1);
    const again = { knownMember: true };
    const before = story.bytes;
    expect(story.classicJoin('c1', { ...again, ...subscribed(['t', 'u']) })).toMatchObject(
      refusal('COORDINATOR_LOAD_IN_PROGRESS'),
    );
    expect(story.classic).toMatchObject({ state: 'Stable', generation: 2 });
    expect(story.classicJoin('c1', { ...again, ...subscribed(['u']) })).toMatchObject({ kind: 'joined', error: 0 });
    expect(story.bytes).toBeLessThan(before + 1_000);
  });

  test('a leader shares out as much as before, not more', () => {
    const story = new Story().stableClassic();
    story.classicJoin('c1', { knownMember: true });
    story.classicJoin('c2', { knownMember: true });
    story.limit(1);
    const { generation } = story.classic;
    const more = { c1: assignment([0, 1]), c2: assignment([2, 3, 4]) };
    expect(story.sync('c1', generation, more)).toMatchObject(refusal('COORDINATOR_NOT_AVAILABLE'));
    expect(story.classic.state).toBe('CompletingRebalance');
    const same = { c1: assignment([0]), c2: assignment([1, 2, 3]) };
    expect(story.sync('c1', generation, same)).toMatchObject({ kind: 'synced' });
    expect(story.classic.state).toBe('Stable');
  });

  test('members of a consumer group go on, and subscribe to no more', () => {
    const story = new Story();
    story.join('n');
    story.classicJoin('c');
    story.assign();
    story.limit(1);
    const epoch = () => story.group.members.get('n')!.epoch;
    const more = { topics: { names: ['t', 'u'] }, owned: { topics: [] } };
    expect(story.beat('n', epoch(), more)).toMatchObject(refusal('COORDINATOR_LOAD_IN_PROGRESS'));
    const again = { knownMember: true };
    expect(story.classicJoin('c', { ...again, ...subscribed(['t', 'u']) })).toMatchObject(
      refusal('COORDINATOR_LOAD_IN_PROGRESS'),
    );
    expect(story.group.isSubscribed('u')).toBe(false);
    expect(story.beat('n', epoch(), { owned: { topics: [] } })).toMatchObject({ kind: 'consumer-heartbeat' });
    expect(story.classicJoin('c', again)).toMatchObject({ kind: 'joined', error: 0 });
    expect(story.beat('x', 0, more)).toMatchObject(refusal('COORDINATOR_LOAD_IN_PROGRESS'));
    expect([...story.group.members.keys()]).toEqual(['n', 'c']);
  });
});

describe('a group that is there lives on in full metadata', () => {
  const again = { knownMember: true };

  test('what one had who died is shared out among the others', () => {
    const story = new Story().stableClassic().full();
    story.journal.bare(command('expireMembers', { group: G, generation: story.classic.generation, memberIds: ['c2'] }));
    expect(story.classicJoin('x')).toMatchObject(refusal('COORDINATOR_LOAD_IN_PROGRESS'));
    story.classicJoin('c1', again);
    const all = { c1: assignment([0, 1, 2, 3]) };
    expect(story.sync('c1', story.classic.generation, all)).toMatchObject({ kind: 'synced' });
    expect(story.classic.state).toBe('Stable');
  });

  test('a member of a consumer group tells more of itself', () => {
    const story = new Story();
    story.join('n');
    story.classicJoin('c');
    story.assign();
    story.full();
    expect(story.classicJoin('c', { ...again, ...subscribed(['t', 'u']) })).toMatchObject({ kind: 'joined', error: 0 });
    expect(story.join('x')).toMatchObject(refusal('COORDINATOR_LOAD_IN_PROGRESS'));
  });
});
