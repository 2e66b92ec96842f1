import { describe, expect, test } from 'vitest';
import type { JoinGroup, SyncGroup } from '../../../src/metadata/journal.wire.js';
import { error, G, Story } from './group-story.js';
import { command } from './journal-maker.js';

describe('joining', () => {
  test('a first member forms generation 1 at once without an initial delay, leads, and makes it Stable by its sync', () => {
    const story = new Story();
    expect(story.join('a')).toEqual({ kind: 'joined', error: 0, memberId: 'a', joinPhase: undefined });
    expect(story.summary).toBe('CompletingRebalance 1 a [a]');
    expect(story.group.protocolName).toBe('range');
    const outcome = story.sync('a', 1, { assignments: [{ memberId: 'a', assignment: Uint8Array.of(7) }] });
    expect(outcome).toEqual({ kind: 'synced', assignment: Uint8Array.of(7) });
    expect(story.summary).toBe('Stable 1 a [a]');
  });

  test('an empty group waits for its first members until the leader completes the join phase', () => {
    const story = new Story();
    const first = story.join('a', { initialDelayMs: 3000 });
    expect(first).toMatchObject({ kind: 'joined', joinPhase: 1 });
    story.join('b', { initialDelayMs: 3000 });
    expect(story.summary).toBe('PreparingRebalance 0 a [a b]');
    expect(story.group).toMatchObject({ inInitialDelay: true, initialDelayMs: 3000 });
    expect(error(story.complete(7))).toBe(22);
    expect(story.complete()).toEqual({ kind: 'done' });
    expect(story.summary).toBe('CompletingRebalance 1 a [a b]');
    expect(error(story.complete())).toBe(22);
  });

  test('a newcomer starts a join phase that ends when the others joined again', () => {
    const story = new Story().stable('a', 'b');
    expect(story.join('c')).toMatchObject({ joinPhase: 3 });
    expect(story.summary).toBe('PreparingRebalance 2 a [a b c]');
    expect(error(story.sync('a', 2))).toBe(27);
    expect(story.join('b', { knownMember: true })).toMatchObject({ joinPhase: 3 });
    expect(story.join('a', { knownMember: true })).toMatchObject({ joinPhase: undefined });
    expect(story.summary).toBe('CompletingRebalance 3 a [a b c]');
    const assigned = [...story.group.members.values()].map(({ assignment }) => assignment.length);
    expect(assigned).toEqual([1, 1, 0]);
  });

  test('members that do not join again are removed when the leader completes the join phase; another leads', () => {
    const story = new Story().stable('a', 'b');
    story.join('c');
    story.join('b', { knownMember: true });
    story.complete();
    expect(story.summary).toBe('CompletingRebalance 3 b [b c]');
  });

  test('a lost answer is given again; other metadata or a leader that joins again means a rebalance', () => {
    const story = new Story().stable('a', 'b');
    expect(story.join('b', { knownMember: true })).toMatchObject({ joinPhase: undefined });
    expect(story.summary).toBe('Stable 2 a [a b]');
    story.join('b', { knownMember: true, protocols: [{ name: 'range', metadata: Uint8Array.of(2) }] });
    expect(story.summary).toBe('PreparingRebalance 2 a [a b]');
    story.join('a', { knownMember: true });
    expect(story.summary).toBe('CompletingRebalance 3 a [a b]');
    expect(story.join('a', { knownMember: true })).toMatchObject({ joinPhase: undefined });
    expect(story.summary).toBe('CompletingRebalance 3 a [a b]');
    story.sync('a', 3);
    story.join('a', { knownMember: true });
    expect(story.summary).toBe('PreparingRebalance 3 a [a b]');
  });

  test('a reserved member id (KIP-394) is no member, and the join phase waits for it', () => {
    const story = new Story().stable('a');
    expect(story.join('b', { requireKnownMember: true })).toEqual({
      kind: 'joined',
      error: 79,
      memberId: 'b',
      joinPhase: undefined,
    });
    expect(story.summary).toBe('Stable 1 a [a b]');
    expect(story.group.members.get('b')!.pending).toBe(true);
    expect(error(story.sync('b', 1))).toBe(25);
    story.join('c');
    story.join('a', { knownMember: true });
    expect(story.summary).toBe('PreparingRebalance 1 a [a b c]');
    story.join('b', { knownMember: true });
    expect(story.summary).toBe('CompletingRebalance 2 a [a c b]');
  });

  test('a reserved member id can leave', () => {
    const story = new Story().stable('a');
    story.join('b', { requireKnownMember: true });
    expect(story.leave('b')).toEqual({ kind: 'members-left', errors: [0] });
    expect(story.group.members.has('b')).toBe(false);
  });

  test('a reserved member id goes by ExpireMembers, and a group that never was more goes with it', () => {
    const story = new Story();
    story.join('a', { requireKnownMember: true });
    expect(story.summary).toBe('Empty 0 - [a]');
    const bytes = story.journal.metadata.bytes;
    expect(error(story.expire(1, 'a'))).toBe(22);
    expect(story.expire(0, 'a')).toEqual({ kind: 'done' });
    expect(story.journal.metadata.group(G)).toBeUndefined();
    expect(story.journal.metadata.bytes).toBeLessThan(bytes);
  });

  test('a protocol named twice counts once', () => {
    const story = new Story();
    const twice = ['x', 'x'].map((name, at) => ({ name, metadata: Uint8Array.of(at) }));
    story.join('a', { protocols: twice });
    expect(story.group.protocolName).toBe('x');
    expect(story.group.members.get('a')!.protocols).toEqual(twice.slice(0, 1));
  });

  test('the protocol is chosen by votes among those that all support', () => {
    const story = new Story();
    const protocols = (...names: string[]) => names.map((name) => ({ name, metadata: Uint8Array.of(0) }));
    story.join('a', { initialDelayMs: 1, protocols: protocols('x', 'range', 'sticky') });
    story.join('b', { protocols: protocols('sticky', 'range') });
    story.join('c', { protocols: protocols('sticky', 'range') });
    expect(error(story.join('d', { protocols: protocols('x') }))).toBe(23);
    story.complete();
    expect(story.group.protocolName).toBe('sticky');
    expect(story.group.members.size).toBe(3);
  });

  test.each<[string, number, Partial<JoinGroup>]>([
    ['an empty group id', 24, { group: '' }],
    ['no member id', 42, { memberId: '' }],
    ['no session timeout', 26, { sessionTimeoutMs: 0 }],
    ['no protocol', 23, { protocols: [] }],
    ['another protocol type', 23, { protocolType: 'connect' }],
    ['an unknown member', 25, { knownMember: true }],
    ['an unknown static member', 25, { knownMember: true, instanceId: 'i' }],
    ['a member id that is taken', 42, { memberId: 'a' }],
    ['a full group', 81, { groupSizeMax: 2 }],
  ])('%s is refused with %i and changes nothing', (_, code, more) => {
    const story = new Story().stable('a', 'b');
    expect(error(story.join('x', more))).toBe(code);
    expect(story.summary).toBe('Stable 2 a [a b]');
  });

  test.each<[string, number, Partial<JoinGroup>]>([
    ['a known member', 25, { knownMember: true }],
    ['no protocol type', 23, { protocolType: '' }],
    ['no protocols', 23, { protocols: [] }],
  ])('a group does not begin with %s', (_, code, more) => {
    const story = new Story();
    expect(error(story.join('x', more))).toBe(code);
    expect(story.journal.metadata.group(G)).toBeUndefined();
  });
});

describe('static members', () => {
  function withStatic(): Story {
    const story = new Story();
    story.join('s1', { instanceId: 's', initialDelayMs: 1 });
    story.join('a', { initialDelayMs: 1 });
    story.complete();
    story.sync('s1', 1, {
      assignments: [
        { memberId: 's1', assignment: Uint8Array.of(1) },
        { memberId: 'a', assignment: Uint8Array.of(2) },
      ],
    });
    return story;
  }

  test('come back to a Stable group without a rebalance, keep their assignment, and fence the former member id', () => {
    const story = withStatic();
    expect(story.join('s2', { instanceId: 's' })).toEqual({
      kind: 'joined',
      error: 0,
      memberId: 's2',
      joinPhase: undefined,
      replacedLeaderId: 's1',
    });
    expect(story.summary).toBe('Stable 1 s2 [a s2]');
    expect(story.sync('s2', 1, { instanceId: 's' })).toEqual({ kind: 'synced', assignment: Uint8Array.of(1) });
    expect(error(story.sync('s1', 1, { instanceId: 's' }))).toBe(82);
    expect(error(story.join('s1', { instanceId: 's', knownMember: true }))).toBe(82);
    expect(error(story.commit(1, 's1', { instanceId: 's' }))).toBe(82);
    expect(error(story.sync('s1', 1))).toBe(25);
  });

  test('rebalance a Stable group when they change the protocol that it would choose', () => {
    const story = new Story();
    const both = ['range', 'sticky'].map((name) => ({ name, metadata: Uint8Array.of(1) }));
    story.join('s1', { instanceId: 's', protocols: both });
    story.sync('s1', 1);
    story.join('s2', { instanceId: 's', protocols: both.slice(0, 1) });
    expect([story.summary, story.group.protocolName]).toEqual(['Stable 1 s2 [s2]', 'range']);
    story.join('s3', { instanceId: 's', protocols: both.toReversed() });
    expect([story.summary, story.group.protocolName]).toEqual(['CompletingRebalance 2 s3 [s3]', 'sticky']);
  });

  test('rebalance a group that is still completing, whose leader may assign to the former id', () => {
    const story = withStatic();
    story.join('b');
    story.join('s1', { instanceId: 's', knownMember: true });
    story.join('a', { knownMember: true });
    expect(story.group.state).toBe('CompletingRebalance');
    expect(story.join('s2', { instanceId: 's' })).toMatchObject({ joinPhase: 3 });
    expect(story.summary).toBe('PreparingRebalance 2 s2 [a b s2]');
  });

  test('stay when they do not join again; a phase that no one joined starts over', () => {
    const story = withStatic();
    story.join('b');
    story.complete();
    expect(story.summary).toBe('CompletingRebalance 2 b [s1 b]');
    story.leave('b');
    expect(story.summary).toBe('PreparingRebalance 2 s1 [s1]');
    story.journal.timeMs += 60_000;
    expect(story.complete()).toEqual({ kind: 'done' });
    expect(story.summary).toBe('PreparingRebalance 2 s1 [s1]');
    expect(story.group.joinStartedMs).toBe(story.journal.timeMs);
    story.expire(2, 's1');
    expect(story.summary).toBe('Empty 3 - []');
  });

  test('are removed by their instance id alone', () => {
    const story = withStatic();
    const outcome = story.journal.send(
      story.epoch,
      command('leaveGroup', {
        group: G,
        members: [
          { memberId: 'a', instanceId: 's' },
          { memberId: '', instanceId: 's' },
          { memberId: '', instanceId: 'nobody' },
          { memberId: 'wrong', instanceId: 's' },
        ],
      }),
    );
    expect(outcome).toEqual({ kind: 'members-left', errors: [82, 0, 25, 25] });
    expect(story.summary).toBe('PreparingRebalance 1 a [a]');
  });
});

describe('syncing', () => {
  test('followers wait for the leader; members it does not name get nothing', () => {
    const story = new Story();
    story.join('a', { initialDelayMs: 1 });
    story.join('b');
    story.complete();
    expect(story.sync('b', 1)).toEqual({ kind: 'synced', assignment: undefined });
    expect([...story.group.members.values()].map(({ synced }) => synced)).toEqual([false, true]);
    story.sync('a', 1, { assignments: [{ memberId: 'stranger', assignment: Uint8Array.of(1) }] });
    expect(story.sync('b', 1)).toEqual({ kind: 'synced', assignment: new Uint8Array(0) });
  });

  test.each<[string, number, string, number, Partial<SyncGroup>]>([
    ['an unknown group', 25, 'a', 1, { group: 'nobody' }],
    ['an unknown member', 25, 'x', 1, {}],
    ['an older generation', 22, 'a', 0, {}],
    ['a newer generation', 22, 'a', 2, {}],
    ['another protocol type', 23, 'a', 1, { protocolType: 'connect' }],
    ['another protocol', 23, 'a', 1, { protocolName: 'sticky' }],
  ])('%s is refused with %i', (_, code, memberId, generation, more) => {
    expect(error(new Story().stable('a').sync(memberId, generation, more))).toBe(code);
  });
});

describe('leaving and expiring', () => {
  test('the last member to leave empties the group at the next generation', () => {
    const story = new Story().stable('a');
    expect(story.leave('a', 'a', 'x')).toEqual({ kind: 'members-left', errors: [0, 25, 25] });
    expect(story.summary).toBe('Empty 2 - []');
    expect(story.group.protocolName).toBeUndefined();
  });

  test('a member that leaves during the join phase may complete it', () => {
    const story = new Story().stable('a', 'b');
    story.join('c');
    story.join('a', { knownMember: true });
    story.leave('b');
    expect(story.summary).toBe('CompletingRebalance 3 a [a c]');
  });

  test('an expired member means a rebalance; a stale command is refused', () => {
    const story = new Story().stable('a', 'b');
    expect(error(story.expire(1, 'b'))).toBe(22);
    expect(story.expire(2, 'b', 'stranger')).toEqual({ kind: 'done' });
    expect(story.summary).toBe('PreparingRebalance 2 a [a]');
    expect(story.journal.lastChanges!.groups).toEqual(new Set([G]));
  });

  test('members of an unknown group are unknown', () => {
    expect(new Story().leave('a')).toEqual({ kind: 'members-left', errors: [25] });
  });
});

describe('deleting a group', () => {
  test('is for empty groups', () => {
    const story = new Story().stable('a');
    const remove = () => error(story.journal.send(story.epoch, command('deleteGroup', { group: G })));
    expect(remove()).toBe(68);
    story.leave('a');
    expect(remove()).toBe(0);
    expect(story.journal.metadata.group(G)).toBeUndefined();
    expect(remove()).toBe(69);
  });
});
