import { describe, expect, it } from 'vitest';
import type { ConsumerHeartbeat } from '../../../src/metadata/journal.wire.js';
import { Metadata } from '../../../src/metadata/metadata.js';
import { consumerAssignment, decodeVersioned } from '../../../src/protocol/consumer-protocol.js';
import { errors } from '../../../src/protocol/errors.js';
import { assignment, ConsumerStory, G, subscription } from './consumer-group-story.js';
import { command, topicId } from './journal-maker.js';

const refusal = (error: keyof typeof errors) => ({ kind: 'refused', error: errors[error].code });
const owned = (...partitions: number[]) => ({ topics: [{ topicId: topicId(1), partitions }] });

describe('a classic group and a member of the consumer protocol', () => {
  it('everyone keeps what it has; classic members are told to join again and get their share', () => {
    const story = new ConsumerStory().stableClassic();
    story.join('n');
    expect(story.classic).toBeUndefined();
    expect(story.group).toMatchObject({ groupEpoch: 3, assignmentEpoch: 3 });
    expect([story.owned('c1'), story.owned('c2'), story.owned('n')]).toEqual([[0, 1], [2, 3], []]);
    expect(story.sync('c1', 2)).toMatchObject(refusal('REBALANCE_IN_PROGRESS'));
    // It says what it has with its JoinGroup, and stays at its epoch until it has less.
    const has = (partitions: number[]) => ({
      knownMember: true,
      protocols: [{ name: 'range', metadata: subscription(['t'], [{ topic: 't', partitions }]) }],
    });
    expect(story.classicJoin('c1', has([0, 1]))).toMatchObject({ kind: 'joined', error: 0, joinPhase: undefined });
    const target = [...story.group.target('c1').values()].flat();
    if (target.length < 2) {
      expect(story.group.members.get('c1')).toMatchObject({ epoch: 2, state: 'unrevoked-partitions' });
      story.classicJoin('c1', has(target));
    }
    story.classicJoin('c2', has([...story.group.target('c2').values()].flat()));
    expect(story.group.members.get('c1')!.epoch).toBe(3);
    const answer = story.sync('c1', 3);
    expect(answer.kind).toBe('synced');
    const bytes = answer.kind === 'synced' ? answer.assignment! : new Uint8Array(0);
    expect(decodeVersioned(consumerAssignment, bytes)).toMatchObject({
      version: 1,
      value: { assignedPartitions: [{ topic: 't', partitions: target }] },
    });
    story.beat('n', 3, { owned: owned() });
    expect([...story.owned('c1'), ...story.owned('c2'), ...story.owned('n')].sort()).toEqual([0, 1, 2, 3]);
  });

  it('when the last member of the consumer protocol goes, the group is classic again and rebalances', () => {
    const story = new ConsumerStory().stableClassic();
    story.join('n');
    const { groupEpoch } = story.group;
    story.beat('n', -1);
    expect(story.group).toBeUndefined();
    expect(story.classic).toMatchObject({
      state: 'PreparingRebalance',
      generation: groupEpoch,
      protocolType: 'consumer',
      protocolName: 'range',
    });
    expect([...story.classic.members.keys()]).toEqual(['c1', 'c2']);
    expect(decodeVersioned(consumerAssignment, story.classic.members.get('c2')!.assignment).value).toMatchObject({
      assignedPartitions: [{ topic: 't' }],
    });
  });

  it('members go on committing across both changes', () => {
    const story = new ConsumerStory().stableClassic();
    story.join('n');
    expect(story.commit('c1', 2)).toEqual({
      kind: 'offsets-committed',
      errors: [0, 0],
    });
    story.classicJoin('c2', { knownMember: true });
    story.classicJoin('c1', { knownMember: true });
    const { epoch } = story.group.members.get('c1')!;
    story.beat('n', -1);
    expect(story.classic.generation).toBe(epoch);
    expect(story.commit('c1', epoch)).toEqual({ kind: 'offsets-committed', errors: [0, 0] });
  });

  it('does not take a member in whose group consumes otherwise, or whose assignment it cannot read', () => {
    const connect = new ConsumerStory();
    connect.classicJoin('c1', { protocolType: 'connect' });
    connect.sync('c1', 1, { c1: new Uint8Array(1) });
    expect(connect.join('n')).toMatchObject(refusal('GROUP_ID_NOT_FOUND'));
    for (const bytes of [Uint8Array.of(0, 1, 9), assignment([0], Uint8Array.of(1))]) {
      const story = new ConsumerStory();
      story.classicJoin('c1');
      story.sync('c1', 1, { c1: bytes });
      expect(story.join('n')).toMatchObject(refusal('GROUP_ID_NOT_FOUND'));
      expect(story.classic.state).toBe('Stable');
    }
    const doubled = new ConsumerStory();
    doubled.classicJoin('c1');
    doubled.classicJoin('c2');
    doubled.classicJoin('c1', { knownMember: true });
    doubled.sync('c1', 2, { c1: assignment([0, 1]), c2: assignment([1, 2]) });
    expect(doubled.join('n')).toMatchObject(refusal('GROUP_ID_NOT_FOUND'));
  });

  it.each([-1, -(2 ** 31), 4, 2 ** 31 - 1])('a share of partition %i, which does not exist, is none', (partition) => {
    const story = new ConsumerStory();
    story.classicJoin('c1');
    story.sync('c1', 1, { c1: assignment([0, partition]) });
    story.join('n');
    expect(story.owned('c1')).toEqual([0]);
    const { metadata } = story.journal;
    expect(Metadata.fromSnapshot(metadata.snapshot()).digest).toBe(metadata.digest);
  });

  it('classic members must fit: protocol, known id, room', () => {
    const story = new ConsumerStory();
    story.join('n');
    expect(story.classicJoin('c', { protocolType: 'connect' })).toMatchObject(refusal('INCONSISTENT_GROUP_PROTOCOL'));
    expect(story.classicJoin('c', { requireKnownMember: true })).toMatchObject({
      kind: 'joined',
      error: errors.MEMBER_ID_REQUIRED.code,
    });
    expect(story.group.members.has('c')).toBe(false);
    story.classicJoin('c');
    const other = { protocols: [{ name: 'sticky', metadata: subscription(['t']) }] };
    expect(story.classicJoin('d', other)).toMatchObject(refusal('INCONSISTENT_GROUP_PROTOCOL'));
    expect(story.classicJoin('d', { groupSizeMax: 2 })).toMatchObject(refusal('GROUP_MAX_SIZE_REACHED'));
    expect(story.sync('n', 1)).toMatchObject(refusal('UNKNOWN_MEMBER_ID'));
    expect(story.sync('c', 7)).toMatchObject(refusal('ILLEGAL_GENERATION'));
    expect(story.beat('c', 1)).toMatchObject({ kind: 'consumer-heartbeat' });
    expect(story.group.members.get('c')!.classic).toBeUndefined();
  });

  it('a static member that comes back with the classic protocol, the last of the other one, makes the group classic', () => {
    const story = new ConsumerStory();
    story.join('n', { instanceId: 'i' });
    expect(story.classicJoin('c', { instanceId: 'i' })).toMatchObject({ kind: 'joined', error: 0 });
    expect(story.classic).toMatchObject({ state: 'Stable', generation: 1 });
    expect(decodeVersioned(consumerAssignment, story.classic.members.get('c')!.assignment).value).toMatchObject({
      assignedPartitions: [{ topic: 't', partitions: [0, 1, 2, 3] }],
    });
  });

  it('a classic join finds an empty consumer group: a classic group, which keeps the offsets', () => {
    const story = new ConsumerStory();
    story.join('n');
    story.commit('n', 1);
    story.beat('n', -1);
    expect(story.classicJoin('c', { knownMember: true })).toMatchObject(refusal('UNKNOWN_MEMBER_ID'));
    expect(story.group.state).toBe('Empty');
    story.classicJoin('c');
    expect(story.group).toBeUndefined();
    expect(story.journal.metadata.committedOffset(G, 't', 3)!.offset).toBe(5);
  });
});

describe('commits in a consumer group', () => {
  it('at the epoch of the member, or an older one since which it has had the partition', () => {
    const story = new ConsumerStory();
    story.join('a');
    expect(story.commit('a', 1)).toEqual({ kind: 'offsets-committed', errors: [0, 0] });
    expect(story.commit('a', 2)).toMatchObject(refusal('STALE_MEMBER_EPOCH'));
    expect(story.commit('x', 1)).toMatchObject(refusal('UNKNOWN_MEMBER_ID'));
    expect(story.commit('', -1)).toMatchObject(refusal('UNKNOWN_MEMBER_ID'));
    expect(story.commit('a', 1, { memberEpochs: false })).toMatchObject(refusal('UNSUPPORTED_VERSION'));
    story.join('b');
    story.beat('a', 1, { owned: owned(0, 1, 2, 3) });
    // What it has yet to give up is still its own.
    expect(story.commit('a', 1)).toEqual({ kind: 'offsets-committed', errors: [0, 0] });
    story.beat('a', 1, { owned: owned(0, 1) });
    story.beat('b', 2, { owned: owned() });
    expect(story.owned('b')).toEqual([2, 3]);
    expect(story.commit('a', 1)).toEqual({
      kind: 'offsets-committed',
      errors: [0, errors.STALE_MEMBER_EPOCH.code],
    });
    expect(story.commit('b', 1)).toMatchObject({
      errors: [errors.STALE_MEMBER_EPOCH.code, errors.STALE_MEMBER_EPOCH.code],
    });
  });

  it('without a member only while there is none', () => {
    const story = new ConsumerStory();
    story.join('a');
    story.beat('a', -1);
    expect(story.commit('', -1)).toEqual({ kind: 'offsets-committed', errors: [0, 0] });
  });

  it('a topic that members consume is not deleted from, another is', () => {
    const story = new ConsumerStory();
    story.join('a');
    story.commit('a', 1);
    const remove = () =>
      story.journal.send(
        story.epoch,
        command('deleteOffsets', { group: G, topics: [{ topicId: topicId(1), partitions: [0] }] }),
      );
    expect(remove()).toMatchObject({ errors: [errors.GROUP_SUBSCRIBED_TO_TOPIC.code] });
    story.beat('a', 1, { topics: { names: [] } });
    expect(remove()).toMatchObject({ errors: [0] });
  });
});

describe('a target assignment', () => {
  const target = (memberId: string, partitions: number[], instanceId?: string) => ({
    memberId,
    instanceId,
    topics: [{ topicId: topicId(1), partitions }],
  });

  it('takes effect with its last slice, and only after the first', () => {
    const story = new ConsumerStory();
    story.beat('a', 0, { topics: { names: ['t'] } });
    story.beat('b', 0, { topics: { names: ['t'] } });
    const slice = (first: boolean, last: boolean, ...targets: ReturnType<typeof target>[]) =>
      story.journal.bare(command('assignTargets', { group: G, epoch: 2, first, last, targets }));
    expect(slice(false, true, target('b', [1]))).toMatchObject(refusal('ILLEGAL_GENERATION'));
    expect(slice(true, false, target('a', [0]))).toEqual({ kind: 'done' });
    expect([story.group.assignmentEpoch, story.group.target('a').size]).toEqual([0, 0]);
    expect(slice(false, true, target('b', [1]))).toEqual({ kind: 'done' });
    expect([story.group.assignmentEpoch, story.group.target('a').size, story.group.target('b').size]).toEqual([
      2, 1, 1,
    ]);
    expect(slice(true, true)).toMatchObject(refusal('ILLEGAL_GENERATION'));
  });

  it('finds a static member that came back since it was computed, and skips those that left', () => {
    const story = new ConsumerStory();
    story.join('a', { instanceId: 'i' });
    story.join('b');
    story.beat('a', -2, { instanceId: 'i' });
    story.beat('a2', 0, { instanceId: 'i', topics: { names: ['t'] }, owned: { topics: [] } });
    story.journal.createTopic(story.epoch, 'u', 2);
    story.beat('b', -1);
    const { groupEpoch } = story.group;
    story.journal.bare(
      command('assignTargets', {
        group: G,
        epoch: groupEpoch,
        first: true,
        last: true,
        targets: [target('a', [0, 1, 2, 3], 'i'), target('b', [])],
      }),
    );
    expect([...story.group.targets.keys()]).toEqual(['a2']);
    expect([...story.group.target('a2').values()]).toEqual([[0, 1, 2, 3]]);
  });
});

it('an administrator removes members of any protocol: by id, by instance id', () => {
  const story = new ConsumerStory();
  story.join('a', { instanceId: 'i' });
  story.join('b');
  story.classicJoin('c');
  const leave = (...members: { memberId: string; instanceId?: string }[]) =>
    story.journal.send(story.epoch, command('leaveGroup', { group: G, members }));
  expect(
    leave({ memberId: '', instanceId: 'i' }, { memberId: 'b' }, { memberId: 'x' }, { memberId: '', instanceId: 'j' }),
  ).toMatchObject({ errors: [0, 0, errors.UNKNOWN_MEMBER_ID.code, errors.UNKNOWN_MEMBER_ID.code] });
  expect([...story.classic.members.keys()]).toEqual(['c']);
});

it('a heartbeat that changes nothing is known by the reader; one that does is not answered by it', () => {
  const story = new ConsumerStory();
  story.join('a');
  const same: ConsumerHeartbeat = {
    group: G,
    memberId: 'a',
    memberEpoch: 1,
    topics: undefined,
    owned: undefined,
    clientId: 'client',
    clientHost: '/host',
    groupSizeMax: 5,
  };
  const { metadata } = story.journal;
  expect(metadata.consumerHeartbeat(same)).toMatchObject({ kind: 'consumer-heartbeat', epoch: 1 });
  expect(metadata.consumerHeartbeat({ ...same, memberEpoch: 2 })).toMatchObject(refusal('FENCED_MEMBER_EPOCH'));
  for (const more of [
    { rackId: 'r' },
    { topics: { names: ['u'] } },
    { regex: 'u' },
    { clientHost: '/other' },
    { assignor: 'range' },
    { memberEpoch: -1 },
    { memberId: 'b', memberEpoch: 0 },
  ]) {
    expect(metadata.consumerHeartbeat({ ...same, ...more }), JSON.stringify(more)).toBeUndefined();
  }
});
