import fc from 'fast-check';
import { expect, test } from 'vitest';
import { namedEntity } from '../../../src/metadata/client-quotas.js';
import { decodeEntry, EntryRefused } from '../../../src/metadata/entry.js';
import type { Command } from '../../../src/metadata/journal.wire.js';
import { Entry } from '../../../src/metadata/journal.wire.js';
import { Metadata } from '../../../src/metadata/metadata.js';
import type { ConsumerGroupView } from '../../../src/metadata/view.js';
import { SnapshotRefused } from '../../../src/metadata/snapshot-format.js';
import { aim, anyCommand, migrating } from './any-command.js';
import { command, JournalMaker, topicId } from './journal-maker.js';

interface Step {
  readonly command: Command;
  readonly stream: number;
  /** Sends the stream's former number again, without confirming it. */
  readonly repeat: boolean;
  readonly register: boolean;
}

const steps = (minLength: number, maxLength: number, commands = anyCommand) => {
  const step: fc.Arbitrary<Step> = fc.record({
    command: commands,
    stream: fc.integer({ min: 0, max: 1 }),
    repeat: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
    register: fc.integer({ min: 0, max: 29 }).map((n) => n === 0),
  });
  return fc.array(step, { minLength, maxLength, size: 'max' });
};

/** Runs the steps on a new journal, checking invariants that hold after every entry. */
function run(steps: readonly Step[], applied = (_journal: JournalMaker) => {}): JournalMaker {
  const journal = new JournalMaker();
  let epoch = journal.register();
  let incarnation = 1;
  journal.createTopic(epoch, 'c', 3, 3);
  const last = [1, 0];
  const generations = new Map<string, number>();
  for (const { command: drawn, stream, repeat, register } of steps) {
    journal.timeMs++;
    const sent = aim(drawn, journal.metadata);
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
    for (const group of journal.metadata.consumerGroups()) {
      checkConsumerGroup(group);
    }
    for (const groupId of generations.keys()) {
      if (journal.metadata.group(groupId) === undefined) {
        generations.delete(groupId);
      }
    }
    applied(journal);
  }
  return journal;
}

/** Every partition has one owner, and the group knows it; epochs are in order. */
function checkConsumerGroup(group: ConsumerGroupView): void {
  expect(group.assignmentEpoch).toBeLessThanOrEqual(group.groupEpoch);
  const owners = new Map<string, string>();
  const instances: string[] = [];
  for (const { memberId, instanceId, epoch, state, assigned, revoking } of group.members.values()) {
    instances.push(...(instanceId === undefined ? [] : [instanceId]));
    expect(epoch).toBeLessThanOrEqual(group.assignmentEpoch);
    expect(revoking.size > 0).toBe(state === 'unrevoked-partitions' && epoch !== -2);
    for (const [id, partitions] of [...assigned, ...revoking]) {
      for (const partition of partitions.keys()) {
        expect(owners.get(`${id}/${partition}`)).toBeUndefined();
        owners.set(`${id}/${partition}`, memberId);
        expect(group.ownerOf(id, partition)).toBe(memberId);
      }
    }
  }
  expect(new Set(instances).size).toBe(instances.length);
}

/** All that a replica's readers can see. */
function everything(metadata: Metadata): unknown {
  const { revision, timeMs, term, leader, bytes, bytesMax, producerRowsMax, extentCount, digest } = metadata;
  const agents = [...metadata.agents()].map(({ name, nodeId, agentEpoch, open, zone, listeners }) => {
    return { name, nodeId, agentEpoch, open, zone, listeners };
  });
  const topics = [...metadata.topics()].map(({ topicId: id, name, configs, configsRevision, partitions }) => {
    const views = partitions.map(({ logStartOffset, highWatermark, bytes: stored }, partition) => {
      const extents: unknown[] = [];
      metadata.scanExtents(id, partition, 0, (extent) => extents.push(extent) > 0);
      return { logStartOffset, highWatermark, stored, extents };
    });
    return { id, name, configs: [...configs], configsRevision, views };
  });
  const groups = [...metadata.groups()].map((view) => {
    const { groupId, state, generation, joinPhase, protocolType, protocolName, leaderId, joinStartedMs } = view;
    const { rebalanceTimeoutMs, inInitialDelay, initialDelayMs } = view;
    const members = [...view.members].map(([id, member]) => [id, { ...member }]);
    const offsets = [...metadata.committedOffsets(groupId)];
    const phase = { joinPhase, joinStartedMs, rebalanceTimeoutMs, inInitialDelay, initialDelayMs };
    return { groupId, state, generation, protocolType, protocolName, leaderId, phase, members, offsets };
  });
  const consumerGroups = [...metadata.consumerGroups()].map((view) => {
    const { groupId, state, groupEpoch, assignmentEpoch, assignor, members, targets, regexes } = view;
    const offsets = [...metadata.committedOffsets(groupId)];
    const subscribed = ['a.b', 'c', 'd', 'gone'].filter((topic) => view.isSubscribed(topic));
    return { groupId, state, groupEpoch, assignmentEpoch, assignor, members, targets, regexes, offsets, subscribed };
  });
  const resources = [4, 16, 32].flatMap((type) =>
    Array.from(metadata.resourcesWithConfigs(type), (name) => ({ type, name, ...metadata.configsOf(type, name) })),
  );
  const quotas = Array.from(metadata.clientQuotas(), ({ entity, values }) => ({ entity, values: [...values] }));
  const whole = { revision, timeMs, term, leader, bytes, bytesMax, producerRowsMax, extentCount, digest };
  return { whole, agents, topics, groups, consumerGroups, resources, quotas };
}

test('two replicas agree byte for byte, and a snapshot midway with the rest of the journal equals a full replay', () => {
  fc.assert(
    fc.property(steps(60, 120), fc.nat(), (taken, cut) => {
      const { metadata, entries } = run(taken);
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
      expect(everything(Metadata.fromSnapshot(snapshot))).toEqual(everything(metadata));
    }),
    { numRuns: 300 },
  );
});

test('after any command the state can be written down and read again', () => {
  fc.assert(
    fc.property(steps(20, 40, migrating), (taken) => {
      run(taken, ({ metadata }) => {
        const snapshot = metadata.snapshot();
        expect(Buffer.compare(Metadata.fromSnapshot(snapshot).snapshot(), snapshot)).toBe(0);
      });
    }),
    { numRuns: 200 },
  );
});

test('time never goes back, whatever the entries say', () => {
  const journal = new JournalMaker();
  const { timeMs } = journal;
  const agentEpoch = journal.register();
  journal.createTopic(agentEpoch, 'c', 3);
  journal.timeMs -= 1000;
  const offsets = [{ topic: 'c', partition: 0, offset: 1, leaderEpoch: 0, metadata: '' }];
  journal.send(agentEpoch, command('commitOffsets', { group: 'g', generation: -1, memberId: '', offsets }));
  expect(journal.metadata.committedOffset('g', 'c', 0)!.committedMs).toBe(timeMs);
});

test('when everything is deleted, every byte is given back', () => {
  fc.assert(
    fc.property(steps(40, 80), (taken) => {
      const journal = run(taken);
      const { metadata } = journal;
      const remove = (given: Command) => journal.send(agent, given);
      const agent = journal.register('other', 200);
      for (const { groupId, generation, members } of [...metadata.groups()]) {
        journal.bare(command('expireMembers', { group: groupId, generation, memberIds: [...members.keys()] }));
        remove(command('deleteGroup', { group: groupId }));
      }
      for (const { groupId, members } of [...metadata.consumerGroups()]) {
        const gone = [...members.values()].map(({ memberId, epoch }) => ({ memberId, memberEpoch: epoch }));
        // On the way it may become a classic group.
        for (const member of gone) {
          journal.bare(command('expireConsumerMembers', { group: groupId, members: [member] }));
        }
        const classic = metadata.group(groupId);
        if (classic !== undefined) {
          const memberIds = [...classic.members.keys()];
          journal.bare(command('expireMembers', { group: groupId, generation: classic.generation, memberIds }));
        }
        remove(command('deleteGroup', { group: groupId }));
      }
      for (const resourceType of [4, 16, 32]) {
        for (const resourceName of [...metadata.resourcesWithConfigs(resourceType)]) {
          const expectedRevision = metadata.configsOf(resourceType, resourceName).configsRevision;
          remove(command('alterResourceConfigs', { resourceType, resourceName, expectedRevision, configs: [] }));
        }
      }
      for (const { entity, values } of [...metadata.clientQuotas()]) {
        const ops = Array.from(values.keys(), (key) => ({ key, value: undefined }));
        remove(command('alterClientQuotas', { alterations: [{ ...namedEntity(entity), ops }] }));
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
      steps(20, 30),
      fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 4 }),
      (taken, wounds) => {
        const { entries } = run(taken);
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
    fc.property(steps(30, 50), fc.nat(), fc.integer({ min: 1, max: 255 }), (taken, at, flip) => {
      const snapshot = run(taken).metadata.snapshot();
      snapshot[at % snapshot.length]! ^= flip;
      try {
        Metadata.fromSnapshot(snapshot).snapshot();
      } catch (error) {
        expect(error).toBeInstanceOf(SnapshotRefused);
      }
    }),
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
