import { expect, test } from 'vitest';
import { LaneConnection } from '../../../src/ingest/lane-connection.js';
import { LaneLink } from '../../../src/ingest/lane-link.js';
import { decodeDescriptor, type ToIngest } from '../../../src/ingest/messages.js';
import { RingReader } from '../../../src/threads/ring.js';
import type { WorkerThread } from '../../../src/threads/threads.js';
import { LaneHarness } from './lane-harness.js';

/** A link whose lane is the test: `give` requests, read the ring, count the wakes. */
function link(batchBytes: number) {
  const { world, init } = new LaneHarness({ batchBytes });
  const lane = new LaneLink(world, init, { id: 1, lastNumber: 0 });
  const connection = new LaneConnection(1, { link: lane });
  let wakes = 0;
  const post = (message: ToIngest): void => {
    if (message.type === 'wake') wakes += 1;
  };
  lane.attach({ post } as unknown as WorkerThread);
  const reader = new RingReader(init.requests);
  const give = (bytes: number): void =>
    connection.give({
      incoming: {
        connection: 1,
        correlationId: 1,
        apiVersion: 9,
        receivedMs: 0,
        pieces: [{ position: 0, length: bytes }],
        released: () => {},
        answered: () => {},
      },
      connection,
      bytes,
      topicsRevision: 0,
      id: undefined,
      turnsHeard: 0,
      fails: false,
      released: false,
      answered: false,
    });
  const drain = (): number => {
    let records = 0;
    for (; reader.peek() !== undefined; records += 1) reader.advance();
    return records;
  };
  return { lane, give, drain, reader, wakes: () => wakes };
}

test('a lane that sleeps is woken by the first request and no other', () => {
  const { give, reader, wakes } = link(8 << 20);
  expect(reader.sleep(false)).toBe(true);
  give(10);
  give(10);
  expect(wakes()).toBe(1);
});

for (const [batchBytes, bytes] of [
  [8 << 20, 256 << 10],
  [1000, 1000],
] as const) {
  test(`one that naps is woken once ${bytes} bytes wait, with segments of ${batchBytes}`, () => {
    const { give, drain, reader, wakes } = link(batchBytes);
    for (let round = 1; round <= 2; round += 1) {
      drain();
      expect(reader.sleep(true)).toBe(true);
      give(bytes / 2);
      give(bytes / 2 - 1);
      expect(wakes()).toBe(round - 1);
      give(1);
      give(1);
      expect(wakes()).toBe(round);
    }
  });
}

test('a request that waits for place in the ring says what was heard when it was given, not when it is written', () => {
  const { lane, give, drain, reader } = link(8 << 20);
  // A record has 48 bytes and more: some of these do not fit.
  const count = lane.init.requests.byteLength / 48;
  for (let given = 0; given < count; given += 1) give(1);
  lane.turnsHeard = 1;
  give(1);
  lane.turnsHeard = 2;
  const inRing = drain();
  lane.flush();
  const heard: number[] = [];
  for (let record = reader.peek(); record !== undefined; record = reader.peek()) {
    heard.push(decodeDescriptor(record).turnsHeard);
    reader.advance();
  }
  expect(inRing).toBeLessThan(count);
  expect(heard.at(-1)).toBe(1);
  expect(new Set(heard.slice(0, -1))).toEqual(new Set([0]));
});
