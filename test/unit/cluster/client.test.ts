// How an agent follows the journal: what the leader streams, and what it must read itself.
import { expect, test } from 'vitest';
import { Client } from '../../../src/cluster/client.js';
import type { CommandLink } from '../../../src/cluster/command-link.js';
import { Replica } from '../../../src/cluster/replica.js';
import { objectJournal } from '../../../src/journal/drivers/objects.js';
import type { Journal } from '../../../src/journal/journal.js';
import { MemoryStore } from '../../../src/objects/drivers/memory.js';
import { silentLog } from '../../../src/telemetry/log.js';
import { VirtualWorld } from '../ingest/virtual-world.js';
import { entriesOf } from './entries.js';

const entries = entriesOf(8);

/** A client at revision 0 before a journal of eight entries, whose reads the test holds until `release`. */
async function follow() {
  const world = new VirtualWorld();
  const held = objectJournal(new MemoryStore(), 'c');
  for (const [index, bytes] of entries.entries()) await held.append(index + 1, bytes);
  const gate = Promise.withResolvers<void>();
  const journal: Journal = {
    ...held,
    async read(revision) {
      await gate.promise;
      return held.read(revision);
    },
  };
  const replica = new Replica();
  const registration = { name: 'a', incarnation: new Uint8Array(16), zone: '', listeners: [] };
  const client = new Client(world, journal, replica, registration, 1 << 20, silentLog, () => {});
  const failures: string[] = [];
  client.start({} as CommandLink).catch((error: Error) => failures.push(error.name));
  const stream = (...revisions: number[]): void => {
    for (const revision of revisions) client.entry(revision, entries[revision - 1]!);
  };
  const release = async (): Promise<void> => {
    gate.resolve();
    await world.pass(1_000);
  };
  return { journal: held, replica, failures, stream, release };
}

test('entries that were never streamed are read from the journal', async () => {
  const { replica, failures, stream, release } = await follow();
  stream(4);
  await release();
  expect(failures).toEqual([]);
  expect(replica.revision).toBe(8);
});

test('entries that are read while others of them are streamed stand where they stand in the journal', async () => {
  const { replica, failures, stream, release } = await follow();
  stream(4, 1, 2);
  expect(replica.revision).toBe(2);
  await release();
  expect(failures).toEqual([]);
  expect(replica.revision).toBe(8);
});

for (const streamed of [
  { what: 'ends the agent, which has fallen behind', revisions: [], failures: ['FellBehind'], revision: 0 },
  { what: 'does no harm to one that was streamed past it', revisions: [1, 2, 3, 4], failures: [], revision: 5 },
]) {
  test(`a journal trimmed while it is read ${streamed.what}`, async () => {
    const { journal, replica, failures, stream, release } = await follow();
    stream(5, ...streamed.revisions);
    await journal.writeBoundary({ format: 1, revision: 4, snapshots: [], terms: [1] }, undefined);
    await release();
    expect(failures).toEqual(streamed.failures);
    expect(replica.revision).toBe(streamed.revision);
  });
}
