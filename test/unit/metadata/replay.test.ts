import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeEntry, EntryRefused } from '../../../src/metadata/entry.js';
import type { Command } from '../../../src/metadata/journal.wire.js';
import { Entry } from '../../../src/metadata/journal.wire.js';
import { Metadata } from '../../../src/metadata/metadata.js';
import { SnapshotRefused } from '../../../src/metadata/snapshot-format.js';
import { command, JournalMaker, segment, topicId } from './journal-maker.js';

const small = fc.integer({ min: 0, max: 3 });
const bytes = fc.uint8Array({ maxLength: 4 });
const member = fc.constantFrom('a', 'b', 'c', 'd');
const group = fc.constantFrom('g', 'h');
const instance = fc.constantFrom(undefined, undefined, 'i', 'j');
const protocols = fc.array(fc.record({ name: fc.constantFrom('range', 'sticky'), metadata: bytes }), { maxLength: 2 });

/** Commands that collide often: few names, few numbers. */
const anyCommand: fc.Arbitrary<Command> = fc.oneof(
  fc
    .record({ name: fc.constantFrom('a.b', 'a_b', 'c', ''), id: small, partitions: small })
    .map(({ name, id, partitions }) =>
      command('createTopic', {
        name,
        topicId: topicId(id),
        partitions,
        configs: [{ name: 'retention.ms', value: '1' }],
      }),
    ),
  small.map((id) => command('deleteTopic', { topicId: topicId(id) })),
  small.map((count) => command('allocateProducerIds', { count })),
  fc
    .record({
      number: fc.integer({ min: 0, max: 60 }),
      partitions: fc.array(
        fc.record({
          topic: small.map(topicId),
          partition: fc.integer({ min: 0, max: 1 }),
          batches: fc.array(
            fc.record({
              records: fc.integer({ min: 1, max: 3 }),
              timestamp: fc.integer({ min: -5, max: 5 }),
              producer: fc.option(fc.tuple(small, fc.integer({ min: 0, max: 1 }), fc.integer({ min: 0, max: 5 })), {
                nil: undefined,
              }),
            }),
            { minLength: 1, maxLength: 4 },
          ),
        }),
        { maxLength: 4 },
      ),
    })
    .map(({ number, partitions }) =>
      segment(
        number,
        partitions.map((p) => ({
          ...p,
          batches: p.batches.map(({ producer, ...batch }) => (producer === undefined ? batch : { ...batch, producer })),
        })),
      ),
    ),
  fc.constant(command('skipNumber', {})),
  fc
    .constantFrom(0, 3000, 20_000)
    .map((metadataBytesMax) => command('setLimits', { metadataBytesMax, producerRowsMax: 2 })),
  fc
    .record({
      group,
      memberId: member,
      knownMember: fc.boolean(),
      instanceId: instance,
      protocols,
      requireKnownMember: fc.boolean(),
    })
    .map((join) =>
      command('joinGroup', {
        ...join,
        clientId: 'client',
        clientHost: '/host',
        sessionTimeoutMs: 10,
        rebalanceTimeoutMs: 20,
        protocolType: 'consumer',
        initialDelayMs: join.memberId === 'a' ? 3 : 0,
        groupSizeMax: 3,
      }),
    ),
  fc
    .record({ group, memberId: member, generation: small, instanceId: instance, assignment: bytes })
    .map(({ assignment, ...sync }) =>
      command('syncGroup', {
        ...sync,
        protocolType: '',
        protocolName: '',
        assignments: [{ memberId: sync.memberId, assignment }],
      }),
    ),
  fc
    .record({ group, members: fc.array(fc.record({ memberId: member, instanceId: instance }), { maxLength: 2 }) })
    .map((leave) => command('leaveGroup', leave)),
  fc
    .record({
      group,
      memberId: fc.constantFrom('', 'a', 'b'),
      generation: fc.integer({ min: -1, max: 3 }),
      topic: fc.constantFrom('a.b', 'c'),
      offset: small,
    })
    .map(({ topic, offset, ...commit }) =>
      command('commitOffsets', {
        ...commit,
        offsets: [{ topic, partition: 0, offset, leaderEpoch: 0, metadata: 'm' }],
      }),
    ),
  fc
    .record({ group, generation: small, memberIds: fc.array(member, { maxLength: 2 }) })
    .map((e) => command('expireMembers', e)),
  fc.record({ group, joinPhase: fc.integer({ min: 1, max: 5 }) }).map((c) => command('completeJoin', c)),
  group.map((id) => command('deleteGroup', { group: id })),
);

interface Step {
  readonly command: Command;
  readonly stream: number;
  /** Sends the stream's former number again, without confirming it. */
  readonly repeat: boolean;
  readonly register: boolean;
}

const anyStep: fc.Arbitrary<Step> = fc.record({
  command: anyCommand,
  stream: fc.integer({ min: 0, max: 1 }),
  repeat: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
  register: fc.integer({ min: 0, max: 29 }).map((n) => n === 0),
});

/** Runs the steps on a new journal, checking invariants that hold after every entry. */
function run(steps: readonly Step[]): JournalMaker {
  const journal = new JournalMaker();
  let epoch = journal.register();
  let incarnation = 1;
  const last = [0, 0];
  const generations = new Map<string, number>();
  for (const { command: sent, stream, repeat, register } of steps) {
    journal.timeMs++;
    if (register) {
      epoch = journal.register('agent', ++incarnation);
      last.fill(0);
    }
    const number = Math.max(1, last[stream]! + (repeat ? 0 : 1));
    const before = journal.metadata.bytes;
    const [outcome] = journal.entry([
      { agentEpoch: epoch, stream, number, confirmed: Math.max(0, number - 3), command: sent },
    ]);
    if (number > last[stream]!) {
      last[stream] = number;
    } else {
      // A repeat changes nothing but what an entry itself does; a register just before may have retired rows.
      expect(outcome).toBeDefined();
      expect(journal.metadata.bytes).toBeLessThanOrEqual(before);
    }
    for (const { groupId, generation, members, leaderId, state } of journal.metadata.groups()) {
      if (sent.kind?.$case !== 'deleteGroup') {
        expect(generation).toBeGreaterThanOrEqual(generations.get(groupId) ?? 0);
      }
      generations.set(groupId, generation);
      const active = [...members.values()].filter(({ pending }) => !pending);
      expect(active.length > 0).toBe(leaderId !== undefined);
      expect(active.length > 0 || state === 'Empty' || state === 'PreparingRebalance').toBe(true);
      if (leaderId !== undefined) {
        expect(active.map(({ memberId }) => memberId)).toContain(leaderId);
      }
      const instances = active.flatMap(({ instanceId }) => instanceId ?? []);
      expect(new Set(instances).size).toBe(instances.length);
    }
    for (const groupId of generations.keys()) {
      if (journal.metadata.group(groupId) === undefined) {
        generations.delete(groupId);
      }
    }
  }
  return journal;
}

test('two replicas agree byte for byte, and a snapshot midway with the rest of the journal equals a full replay', () => {
  fc.assert(
    fc.property(fc.array(anyStep, { minLength: 1, maxLength: 80 }), fc.nat(), (steps, cut) => {
      const { metadata, entries } = run(steps);
      const replica = new Metadata();
      let restored = new Metadata();
      const middle = cut % entries.length;
      for (const [at, entry] of entries.entries()) {
        // Through the wire, as a follower gets it.
        replica.apply(decodeEntry(Entry.encode(entry).finish()));
        restored.apply(entry);
        if (at === middle) {
          restored = Metadata.fromSnapshot(restored.snapshot());
        }
      }
      expect(replica.digest).toBe(metadata.digest);
      expect(restored.digest).toBe(metadata.digest);
      const snapshot = metadata.snapshot();
      expect(Buffer.compare(replica.snapshot(), snapshot)).toBe(0);
      expect(Buffer.compare(restored.snapshot(), snapshot)).toBe(0);
    }),
    { numRuns: 300 },
  );
});

test('when everything is deleted, every byte is given back', () => {
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 60 }), (steps) => {
      const journal = run(steps);
      const { metadata } = journal;
      const remove = (given: Command) => journal.send(agent, given);
      const agent = journal.register('other', 200);
      for (const { groupId, generation, members } of [...metadata.groups()]) {
        journal.bare(command('expireMembers', { group: groupId, generation, memberIds: [...members.keys()] }));
        remove(command('deleteGroup', { group: groupId }));
      }
      for (const id of [0, 1, 2, 3]) {
        remove(command('deleteTopic', { topicId: topicId(id) }));
      }
      for (const { agentEpoch } of metadata.agents()) {
        journal.bare(command('closeAgentEpoch', { agentEpoch }));
      }
      const bare = new JournalMaker();
      bare.register();
      bare.register('other', 200);
      bare.bare(command('closeAgentEpoch', { agentEpoch: 1 }));
      bare.bare(command('closeAgentEpoch', { agentEpoch: 2 }));
      expect([metadata.extentCount, metadata.bytes]).toEqual([0, bare.metadata.bytes]);
    }),
    { numRuns: 100 },
  );
});

test('damaged entries are refused as a whole or decided by the rules, on all replicas alike', () => {
  fc.assert(
    fc.property(
      fc.array(anyStep, { minLength: 5, maxLength: 20 }),
      fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 4 }),
      (steps, wounds) => {
        const { entries } = run(steps);
        const one = new Metadata();
        const two = new Metadata();
        for (const entry of entries) {
          const healthy = Entry.encode(entry).finish();
          const damaged = healthy.slice();
          for (const [at, value] of wounds) {
            damaged[at % damaged.length] = value;
          }
          const before = one.snapshot();
          try {
            one.apply(decodeEntry(damaged));
            two.apply(decodeEntry(damaged));
          } catch (error) {
            expect(error).toBeInstanceOf(EntryRefused);
            expect(Buffer.compare(one.snapshot(), before)).toBe(0);
            one.apply(entry);
            two.apply(entry);
          }
          expect(one.digest).toBe(two.digest);
          expect(Metadata.fromSnapshot(one.snapshot()).bytes).toBe(one.bytes);
        }
      },
    ),
    { numRuns: 100 },
  );
});

test('damaged snapshots are refused or lead to a state that counts its own bytes', () => {
  fc.assert(
    fc.property(
      fc.array(anyStep, { minLength: 20, maxLength: 40 }),
      fc.nat(),
      fc.integer({ min: 1, max: 255 }),
      (steps, at, flip) => {
        const snapshot = run(steps).metadata.snapshot();
        snapshot[at % snapshot.length]! ^= flip;
        try {
          Metadata.fromSnapshot(snapshot).snapshot();
        } catch (error) {
          expect(error).toBeInstanceOf(SnapshotRefused);
        }
      },
    ),
    { numRuns: 200 },
  );
});

test('entries of another format, out of order or with an unknown command stop the replica', () => {
  const journal = new JournalMaker();
  journal.register();
  const next = { ...journal.entries[0]!, revision: 2 };
  const { metadata } = journal;
  const before = metadata.digest;
  expect(() => metadata.apply({ ...next, format: 2 })).toThrow(EntryRefused);
  expect(() => metadata.apply({ ...next, revision: 1 })).toThrow(EntryRefused);
  expect(() => metadata.apply({ ...next, revision: 3 })).toThrow(EntryRefused);
  const unknown = { agentEpoch: 0, stream: 0, number: 0, confirmed: 0, command: { kind: undefined } };
  expect(() => metadata.apply({ ...next, commands: [...next.commands, unknown] })).toThrow(EntryRefused);
  expect(() => decodeEntry(Uint8Array.of(0xff, 0xff))).toThrow(EntryRefused);
  expect(metadata.digest).toBe(before);
  expect(metadata.revision).toBe(1);
});
