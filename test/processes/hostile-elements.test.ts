import { afterAll, beforeAll, expect, test } from 'vitest';
import { apis } from '../../src/protocol/apis.js';
import { REQUEST_ELEMENTS_MAX } from '../../src/protocol/codec.js';
import { encodeRequestFrame } from '../../src/protocol/frames.js';
import { type AgentProcess, scratchFolder, startAgent } from './agent.js';
import { Neighbour, residentBytesPeak } from './neighbour.js';
import { WireClient } from './wire.js';

const memoryBytes = 512 * 2 ** 20;
const PARTITIONS = 2_000;
/** One less for the topic that they are in. */
const ELEMENTS = REQUEST_ELEMENTS_MAX - 1;
const ABREAST = 24;
/** Of the neighbour, which is served all the while. */
const ROUNDS_MAX = 3_000;
const folder = scratchFolder('elements');
let agent: AgentProcess;
let neighbour: Neighbour;

beforeAll(async () => {
  agent = await startAgent(['--bucket', `file:${folder.path}`, '--memory', `${memoryBytes}B`]);
  neighbour = await Neighbour.start(agent, 'neighbour');
  const owner = await WireClient.connect(agent.kafka);
  await owner.call(apis.createTopics, 2, {
    topics: [{ name: 'wide', numPartitions: PARTITIONS, replicationFactor: 1, assignments: [], configs: [] }],
  });
  owner.reset();
});

afterAll(async () => {
  const differences = await neighbour.stop();
  expect(await agent.stop()).toBe(0);
  folder.remove();
  expect(differences).toEqual([]);
});

const each = <T>(make: (partition: number) => T): T[] =>
  Array.from({ length: ELEMENTS }, (_, n) => make(n % PARTITIONS));

const cases = [
  {
    what: 'names of no topic',
    frame: encodeRequestFrame(apis.metadata, 1, 1, 'h', { topics: each(() => ({ name: '' })) }),
  },
  {
    what: 'the name of one wide topic',
    frame: encodeRequestFrame(apis.metadata, 1, 1, 'h', { topics: each(() => ({ name: 'wide' })) }),
  },
  {
    what: 'partitions whose offset is asked for',
    frame: encodeRequestFrame(apis.listOffsets, 5, 1, 'h', {
      replicaId: -1,
      topics: [{ name: 'wide', partitions: each((partitionIndex) => ({ partitionIndex, timestamp: -1 })) }],
    }),
  },
  {
    what: 'partitions that records are waited for of',
    frame: encodeRequestFrame(apis.fetch, 4, 1, 'h', {
      maxWaitMs: 600_000,
      minBytes: 1,
      topics: [
        {
          topic: 'wide',
          partitions: each((partition) => ({ partition, fetchOffset: 0, partitionMaxBytes: 100 })),
        },
      ],
    }),
  },
  {
    what: 'partitions whose offset is committed',
    frame: encodeRequestFrame(apis.offsetFetch, 7, 1, 'h', {
      groupId: 'g',
      topics: [{ name: 'wide', partitionIndexes: each((partition) => partition) }],
    }),
  },
];

// The frames are half a megabyte or less; what is made of them has a budget of its own, and a fetch that waits gives way.
test.each(cases)(
  '24 connections at once, each with 32,767 $what, stay within --memory',
  { timeout: 120_000 },
  async ({ frame }) => {
    const bytes = Buffer.concat(frame.slices);
    const clients = await Promise.all(Array.from({ length: ABREAST }, () => WireClient.connect(agent.kafka)));
    for (const client of clients) client.socket.write(bytes);
    await neighbour.served();
    // The last one waits for nobody and may wait for ten minutes: the others have had their turn.
    const answers = clients.map(async (client) => (await client.frame()) !== undefined);
    let answered = 0;
    for (const answer of answers) void answer.then((whole) => (answered += whole ? 1 : 0));
    for (let n = 0; answered < ABREAST - 1; n += 1) {
      if (n === ROUNDS_MAX) expect.fail(`${answered} of ${ABREAST} were answered`);
      await neighbour.served(1);
    }
    for (const client of clients) client.reset();
    await Promise.all(clients.map(({ closed }) => closed));
    await neighbour.served();
    if (process.platform === 'linux') expect(residentBytesPeak(agent.process.pid!)).toBeLessThan(memoryBytes);
  },
);
