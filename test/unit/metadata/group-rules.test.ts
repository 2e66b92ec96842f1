import { describe, expect, test } from 'vitest';
import { SIZE, textBytes } from '../../../src/metadata/limits.js';
import { Metadata } from '../../../src/metadata/metadata.js';
import { Snapshot } from '../../../src/metadata/snapshot.wire.js';
import { error, G, Story } from './group-story.js';
import { command, JournalMaker } from './journal-maker.js';

describe('a full group', () => {
  test('forgets the member that it refuses when its id was only reserved', () => {
    const story = new Story().stable('a', 'b');
    story.join('c', { requireKnownMember: true });
    const bytes = story.journal.metadata.bytes;
    const refusal = story.join('c', { knownMember: true, groupSizeMax: 2 });
    expect(refusal).toEqual({ kind: 'joined', error: 81, memberId: '', joinPhase: undefined });
    expect(story.summary).toBe('Stable 2 a [a b]');
    expect(story.journal.metadata.bytes).toBeLessThan(bytes);
    expect(story.journal.lastChanges!.groups).toEqual(new Set([G]));
  });

  test('sheds the members that join again last when the limit was lowered, and goes on with the others', () => {
    const story = new Story().stable('a', 'b', 'c');
    story.join('a', { knownMember: true, groupSizeMax: 2 });
    story.join('b', { knownMember: true, groupSizeMax: 2 });
    expect(story.summary).toBe('PreparingRebalance 3 a [a b c]');
    expect(story.join('c', { knownMember: true, groupSizeMax: 2 })).toMatchObject({ error: 81 });
    expect(story.summary).toBe('CompletingRebalance 4 a [a b]');
  });

  test('takes a repeated join of a member that it already waits with', () => {
    const story = new Story().stable('a', 'b', 'c');
    story.join('a', { knownMember: true, groupSizeMax: 2 });
    story.join('b', { knownMember: true, groupSizeMax: 2 });
    expect(story.join('a', { knownMember: true, groupSizeMax: 2 })).toMatchObject({ error: 0 });
    expect(story.summary).toBe('PreparingRebalance 3 a [a b c]');
  });
});

describe('a reserved member id that runs out', () => {
  test('does not disturb a group that has its assignments', () => {
    const story = new Story().stable('a', 'b');
    story.join('c', { requireKnownMember: true });
    expect(story.expire(2, 'c')).toEqual({ kind: 'done' });
    expect(story.summary).toBe('Stable 2 a [a b]');
  });

  test('lets a join phase go on that waited for it', () => {
    const story = new Story().stable('a', 'b');
    story.join('c', { requireKnownMember: true });
    story.join('a', { knownMember: true });
    story.join('b', { knownMember: true, protocols: [{ name: 'range', metadata: Uint8Array.of(9) }] });
    expect(story.summary).toBe('PreparingRebalance 2 a [a b c]');
    story.expire(2, 'c');
    expect(story.summary).toBe('CompletingRebalance 3 a [a b]');
  });

  test('ends the first wait of a new group, too, when everyone else is there (as in Kafka)', () => {
    const story = new Story();
    story.join('a', { initialDelayMs: 3000 });
    story.join('b', { requireKnownMember: true });
    story.expire(0, 'b');
    expect(story.summary).toBe('CompletingRebalance 1 a [a]');
  });
});

const protocols = (...names: string[]) => names.map((name) => ({ name, metadata: Uint8Array.of(0) }));

describe('a reserved member id costs and decides nothing', () => {
  test('of what its client told no metadata are kept', () => {
    const story = new Story().stable('a');
    const { bytes } = story.journal.metadata;
    const metadata = new Uint8Array(1024 * 1024);
    story.join('b', { requireKnownMember: true, protocols: [{ name: 'range', metadata }] });
    expect(story.journal.metadata.bytes - bytes).toBeLessThan(1024);
    story.join('b', { knownMember: true, protocols: [{ name: 'range', metadata }] });
    expect(story.journal.metadata.bytes - bytes).toBeGreaterThan(metadata.length);
  });

  test('it has no vote, not even in a snapshot that tells its protocols (as in Kafka)', () => {
    const story = new Story();
    story.join('a', { initialDelayMs: 1, protocols: protocols('range', 'sticky') });
    story.join('b', { initialDelayMs: 1, protocols: protocols('range', 'sticky') });
    for (const id of ['c', 'd', 'e']) {
      story.join(id, { requireKnownMember: true, protocols: protocols('sticky', 'range') });
    }
    const snapshot = Snapshot.decode(story.journal.metadata.snapshot());
    const reserved = snapshot.groups[0]!.members.filter(({ pending }) => pending);
    expect(reserved.map((row) => row.protocols)).toEqual([[], [], []]);
    story.complete();
    expect(story.group.protocolName).toBe('range');

    for (const row of reserved) {
      row.protocols = protocols('sticky');
      snapshot.bytes += SIZE.groupProtocol + textBytes('sticky') + 1;
    }
    const restored = Metadata.fromSnapshot(Snapshot.encode(snapshot).finish());
    expect(restored.group(G)!.members.get('c')!.protocols).toEqual(protocols('sticky'));
    new JournalMaker(restored).bare(command('completeJoin', { group: G, joinPhase: restored.group(G)!.joinPhase }));
    expect(restored.group(G)!.protocolName).toBe('range');
  });
});

test('a member that is expired twice in one command goes once', () => {
  const story = new Story().stable('a', 'b');
  story.join('c', { requireKnownMember: true });
  const bytes = story.journal.metadata.bytes;
  story.expire(2, 'c', 'c');
  expect(Metadata.fromSnapshot(story.journal.metadata.snapshot()).bytes).toBeLessThan(bytes);
});

test('a reserved member id that leaves means a rebalance all the same (as in Kafka)', () => {
  const story = new Story().stable('a');
  story.join('b', { requireKnownMember: true });
  story.leave('b');
  expect(story.summary).toBe('PreparingRebalance 1 a [a]');
});

test('a member that leaves during the first wait of a new group does not end it', () => {
  const story = new Story();
  story.join('a', { initialDelayMs: 3000 });
  story.join('b', { initialDelayMs: 3000 });
  story.leave('b');
  expect(story.summary).toBe('PreparingRebalance 0 a [a]');
});

test('a known member of an unknown group is unknown, whatever its protocols', () => {
  expect(error(new Story().join('x', { knownMember: true, protocols: [], protocolType: '' }))).toBe(25);
});

describe('a member is new until a join phase that it takes part in is over', () => {
  test('also when it is in a snapshot', () => {
    const story = new Story().stable('a');
    story.join('b');
    const isNew = () => [...story.group.members.values()].map((member) => member.isNew);
    expect(isNew()).toEqual([false, true]);
    const copy = Metadata.fromSnapshot(story.journal.metadata.snapshot()).group(G)!;
    expect([...copy.members.values()].map((member) => member.isNew)).toEqual([false, true]);
    story.join('a', { knownMember: true });
    expect(isNew()).toEqual([false, false]);
  });

  test('and a static member that takes its place over is not', () => {
    const story = new Story().stable('a');
    story.join('s1', { instanceId: 's' });
    story.join('s2', { instanceId: 's' });
    expect(story.group.members.get('s2')!.isNew).toBe(false);
  });
});

test('a static member that comes back from elsewhere is described as it was (as in Kafka)', () => {
  const story = new Story();
  story.join('s1', { instanceId: 's', clientId: 'before', clientHost: '/192.0.2.1' });
  story.sync('s1', 1);
  story.join('s2', { instanceId: 's', clientId: 'after', clientHost: '/192.0.2.2', sessionTimeoutMs: 7777 });
  expect(story.group.members.get('s2')).toMatchObject({
    clientId: 'before',
    clientHost: '/192.0.2.1',
    sessionTimeoutMs: 7777,
  });
});

test('assignments stay until the leader shares out anew; those of a leader that never did are gone', () => {
  const story = new Story().stable('a', 'b');
  const assigned = () => [...story.group.members.values()].map(({ assignment }) => assignment.length);
  story.join('a', { knownMember: true });
  story.join('b', { knownMember: true });
  expect([story.group.state, ...assigned()]).toEqual(['CompletingRebalance', 1, 1]);
  expect(story.sync('b', 3)).toEqual({ kind: 'synced', assignment: undefined });
  story.join('c');
  expect(assigned()).toEqual([0, 0, 0]);
});

test('without an initial delay a first member waits for nobody, not even for those who were given an id', () => {
  const story = new Story();
  story.join('a', { requireKnownMember: true });
  story.join('b', { requireKnownMember: true });
  story.join('a', { knownMember: true });
  expect(story.summary).toBe('CompletingRebalance 1 a [b a]');
});

describe('the longest rebalance timeout counts', () => {
  test('of the members that are there, not of reserved ids', () => {
    const story = new Story();
    story.join('a', { rebalanceTimeoutMs: 500, initialDelayMs: 1 });
    story.join('b', { rebalanceTimeoutMs: 900, initialDelayMs: 1 });
    story.join('c', { rebalanceTimeoutMs: 900, initialDelayMs: 1 });
    story.join('d', { rebalanceTimeoutMs: 5000, requireKnownMember: true });
    expect(story.group.rebalanceTimeoutMs).toBe(900);
    story.leave('b');
    expect(story.group.rebalanceTimeoutMs).toBe(900);
    story.join('c', { rebalanceTimeoutMs: 100, knownMember: true });
    expect(story.group.rebalanceTimeoutMs).toBe(500);
    story.leave('a');
    expect(story.group.rebalanceTimeoutMs).toBe(100);
  });
});

test('SyncGroup that names an empty protocol is refused, one that names none is not checked', () => {
  const story = new Story().stable('a');
  expect(error(story.sync('a', 1, { protocolType: '' }))).toBe(23);
  expect(error(story.sync('a', 1, { protocolName: '' }))).toBe(23);
  expect(error(story.sync('a', 1, { protocolType: 'consumer' }))).toBe(0);
});

test('a group whose last member left while an id is reserved is not deleted before it is Empty', () => {
  const story = new Story().stable('a');
  story.join('b', { requireKnownMember: true });
  story.leave('a');
  const remove = () => error(story.journal.send(story.epoch, command('deleteGroup', { group: G })));
  expect(story.summary).toBe('PreparingRebalance 1 - [b]');
  expect(remove()).toBe(68);
  story.complete();
  expect(story.summary).toBe('Empty 2 - [b]');
  expect(remove()).toBe(0);
  expect(story.journal.metadata.group(G)).toBeUndefined();
});
