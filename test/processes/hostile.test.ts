import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { native } from '../../native-bindings/bindings.js';
import { apis } from '../../src/protocol/apis.js';
import { encodeRequestFrame } from '../../src/protocol/frames.js';
import { makeBatch } from '../unit/ingest/make-batch.js';
import { type AgentProcess, scratchFolder, startAgent } from './agent.js';
import { Neighbour, residentBytesPeak } from './neighbour.js';
import { fetchBytes, framed, header, produce, produceRequest, readValues, WireClient } from './wire.js';

const MiB = 2 ** 20;
const memoryBytes = 512 * MiB;
const folder = scratchFolder('hostile');
let agent: AgentProcess;
let neighbour: Neighbour;

beforeAll(async () => {
  agent = await startAgent(['--bucket', `file:${folder.path}`, '--memory', `${memoryBytes}B`]);
  neighbour = await Neighbour.start(agent, 'neighbour');
});

/** After every attack: the neighbour goes on and the memory has never been above what was promised. */
afterEach(async () => {
  await neighbour.served();
  if (process.platform === 'linux') expect(residentBytesPeak(agent.process.pid!)).toBeLessThan(memoryBytes);
});

afterAll(async () => {
  const differences = await neighbour.stop();
  const code = await agent.stop();
  folder.remove();
  expect(differences).toEqual([]);
  expect(code).toBe(0);
});

describe('a connection that sends no Kafka request is closed', () => {
  const int32 = (value: number): number[] => [24, 16, 8, 0].map((bits) => (value >>> bits) & 0xff);
  const cases: readonly (readonly [name: string, bytes: Uint8Array])[] = [
    ['unknown API', framed(header(77, 0))],
    ['negative API', framed([0xff, 0xff, 0, 0, 0, 0, 0, 7, 0, 0])],
    ['an API that Kafka has and Weft has not', framed(header(36, 2))],
    ['version above', framed(header(3, 99))],
    ['version below', framed(header(1, 0))],
    ['client id longer than the frame', framed([0, 3, 0, 1, 0, 0, 0, 7, 0x7f, 0xff, 1, 2])],
    ['client id longer than a Produce frame', framed([0, 0, 0, 9, 0, 0, 0, 7, 0x7f, 0xff, 1, 2])],
    ['shorter than any header', framed([0, 3, 0, 1])],
    ['empty frame', framed([])],
    ['body truncated', framed(header(3, 1), [0, 0, 0, 2, 0, 5, 0x61])],
    ['Produce body truncated', framed(header(0, 3), [0xff, 0xff, 0, 1, 0, 0])],
    ['100,000 topics', framed(header(3, 1), int32(100_000), new Uint8Array(200_000))],
    ['2^31 - 1 topics', framed(header(3, 1), [0x7f, 0xff, 0xff, 0xff])],
    ['2^31 - 1 topics to produce to', framed(header(0, 3), [0xff, 0xff, 0, 1, ...int32(1000), 0x7f, 0xff, 0xff, 0xff])],
    ['2^30 topics in 4 MB of zeros', framed(header(3, 1), int32(2 ** 30), new Uint8Array(4_000_000))],
    ['2 million empty names', framed(header(3, 1), int32(2_000_000), new Uint8Array(4_000_000))],
    ['negative count where none may be', framed(header(20, 0), int32(-5))],
    ['varint without an end', framed(header(3, 9), [0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff])],
    ['2^28 tags', framed(header(3, 9), [0xff, 0xff, 0xff, 0x7f])],
    ['negative length', Uint8Array.of(0x80, 0, 0, 1, 0, 3, 0, 1)],
    ['2 GiB declared', Uint8Array.of(0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 9)],
    ['33 MiB declared for Produce', Uint8Array.of(...int32(33 * MiB), 0, 0, 0, 9)],
    ['5 MiB declared for Metadata', Uint8Array.of(...int32(5 * MiB), 0, 3, 0, 9)],
    ['TLS', Uint8Array.of(0x16, 3, 1, 0, 200, 1, 0, 0, 196, 3, 3, ...new Uint8Array(200))],
    ['HTTP', Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')],
    ['HTTP/2', Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')],
  ];
  test.each(cases)('%s', async (_name, bytes) => {
    const client = await WireClient.connect(agent.kafka);
    await client.raw(bytes);
    await client.closed;
    expect(client.receivedBytes).toBe(0);
  });
});

test('an ApiVersions request of a future version is answered with v0 and error 35', async () => {
  const client = await WireClient.connect(agent.kafka);
  await client.raw(framed(header(18, 99), [1, 2, 3]));
  const answer = await client.receive(apis.apiVersions, 0, 7);
  expect(answer).toMatchObject({ errorCode: 35, apiKeys: [{ apiKey: 18, minVersion: 0, maxVersion: 4 }] });
  expect((await client.call(apis.metadata, 9, { topics: [] })).brokers.length).toBe(1);
  client.reset();
});

describe('a bad batch has the error that Kafka gives, and its good neighbour in the request is stored', () => {
  const counts = (count: number, lastDelta: number) => (batch: DataView) => {
    batch.setInt32(57, count);
    batch.setInt32(23, lastDelta);
  };
  const changed = (change: (batch: DataView) => void, repaired: boolean): Uint8Array => {
    const bytes = makeBatch({ values: ['a', 'b', 'c'] });
    const view = new DataView(bytes.buffer);
    change(view);
    if (repaired) view.setUint32(17, native.crc32c(bytes, 21, bytes.length - 21, 0));
    return bytes;
  };
  const good = makeBatch({ values: ['good'] });
  const cases: readonly (readonly [name: string, records: Uint8Array, errorCode: number])[] = [
    ['bad CRC', changed((batch) => batch.setUint32(17, 1), false), 2],
    ['a flipped bit', changed((batch) => batch.setUint8(70, batch.getUint8(70) ^ 4), false), 2],
    ['magic 1', changed((batch) => batch.setInt8(16, 1), false), 87],
    ['magic 3', changed((batch) => batch.setInt8(16, 3), false), 2],
    ['more records declared than there are', changed(counts(4, 3), true), 87],
    ['fewer declared than there are', changed(counts(2, 1), true), 87],
    ['count and last offset disagree', changed((batch) => batch.setInt32(23, 1), true), 87],
    ['2^31 - 1 records', changed(counts(0x7fff_ffff, 0x7fff_fffe), true), 87],
    ['no records', changed(counts(0, -1), true), 87],
    ['a length beyond the bytes', changed((batch) => batch.setInt32(8, 1_000_000), false), 87],
    ['a negative length', changed((batch) => batch.setInt32(8, -1), false), 2],
    ['two batches', Buffer.concat([good, good]), 87],
    ['a control batch', changed((batch) => batch.setInt16(21, 0x20), true), 87],
    ['gzip that is none', changed((batch) => batch.setInt16(21, 1), true), 87],
    ['an unknown compression', changed((batch) => batch.setInt16(21, 6), true), 87],
    ['larger than message-bytes-max', makeBatch({ values: ['x'.repeat(1_100_000)] }), 10],
  ];
  const topic = 'bad-batches';
  let stored = 0;
  test.each(cases)('%s', async (_name, records, errorCode) => {
    const client = await WireClient.connect(agent.kafka);
    await client.call(apis.createTopics, 2, {
      topics: [{ name: topic, numPartitions: 2, replicationFactor: 1, assignments: [], configs: [] }],
    });
    const parts = [records, good].map((bytes, index) => ({ index, records: { slices: [bytes], bytes: bytes.length } }));
    const { responses } = await client.call(apis.produce, 9, {
      acks: -1,
      timeoutMs: 30_000,
      topicData: [{ name: topic, partitionData: parts }],
    });
    expect(responses[0]!.partitionResponses).toMatchObject([{ errorCode }, { errorCode: 0, baseOffset: stored }]);
    stored += 1;
    expect(await readValues(client, topic, 0)).toEqual([]);
    expect(await readValues(client, topic, 1)).toEqual(Array.from({ length: stored }, () => 'good'));
    client.reset();
  });
});

test('clients that vanish in the middle of a request leave nothing of it', async () => {
  const topic = 'vanished';
  const watcher = await WireClient.connect(agent.kafka);
  await watcher.call(apis.metadata, 9, { topics: [{ name: topic }] });
  const records = makeBatch({ values: ['x'.repeat(500_000)] });
  const whole = Buffer.concat(encodeRequestFrame(apis.produce, 9, 1, 'v', produceRequest(topic, 0, records)).slices);
  const cuts = [1, 3, 4, 5, 11, 12, 20, 60, 4_095, 4_096, 4_100, 65_536, 262_144, whole.length - 1];
  await Promise.all(
    cuts.flatMap((cut) =>
      [true, false].map(async (resets) => {
        const client = await WireClient.connect(agent.kafka);
        await client.raw(whole.subarray(0, cut));
        if (resets) client.reset();
        else client.socket.end();
        await client.closed;
      }),
    ),
  );
  await neighbour.served();
  expect(await readValues(watcher, topic, 0)).toEqual([]);
  // A client gone after its last byte: its record may be there, whole; here it is, once.
  expect(await produce(watcher, topic, 0, records)).toMatchObject({ errorCode: 0, baseOffset: 0 });
  watcher.reset();
});

test('300 connections that declare 30 MB each and send nothing, or 64 KiB and stall, hold neither memory nor neighbours up', async () => {
  const clients = await Promise.all(
    Array.from({ length: 300 }, async (_, n) => {
      const client = await WireClient.connect(agent.kafka);
      const start = Buffer.alloc(n % 2 === 0 ? 8 : 65_536);
      start.writeInt32BE(30_000_000);
      start.writeInt16BE(9, 6);
      client.socket.write(start);
      return client;
    }),
  );
  await neighbour.served(50);
  // Others wait: the first of them is closed as stalled.
  await Promise.race(clients.map(({ closed }) => closed));
  await neighbour.served();
  for (const client of clients) client.reset();
  await Promise.all(clients.map(({ closed }) => closed));
  // Their share of memory is free again: a request as large as theirs, whole.
  const client = await WireClient.connect(agent.kafka);
  const parts = Array.from({ length: 20 }, (_, index) => {
    const bytes = makeBatch({ values: ['x'.repeat(1_000_000)] });
    return { index, records: { slices: [bytes], bytes: bytes.length } };
  });
  await client.call(apis.createTopics, 2, {
    topics: [{ name: 'large', numPartitions: 20, replicationFactor: 1, assignments: [], configs: [] }],
  });
  const { responses } = await client.call(apis.produce, 9, {
    acks: -1,
    timeoutMs: 30_000,
    topicData: [{ name: 'large', partitionData: parts }],
  });
  expect(responses[0]!.partitionResponses.map(({ errorCode }) => errorCode)).toEqual(parts.map(() => 0));
  client.reset();
});

test('1,000 idle connections, and half a length from each, cost a neighbour nothing', async () => {
  const clients: WireClient[] = [];
  for (let n = 0; n < 1_000; n += 1) clients.push(await WireClient.connect(agent.kafka));
  await neighbour.served();
  for (const client of clients) client.socket.write(Buffer.of(0, 0));
  await neighbour.served();
  expect(clients.filter(({ isClosed }) => isClosed).length).toBe(0);
  for (const client of clients) client.reset();
  await Promise.all(clients.map(({ closed }) => closed));
});

test('clients that send many requests and never read are not read any more, and hold bounded memory', async () => {
  const owner = await WireClient.connect(agent.kafka);
  await owner.call(apis.createTopics, 2, {
    topics: [{ name: 'wide', numPartitions: 2_000, replicationFactor: 1, assignments: [], configs: [] }],
  });
  for (let n = 0; n < 8; n += 1) await produce(owner, 'wide', 0, makeBatch({ values: ['x'.repeat(1_000_000)] }));
  const partitions = [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 8 * MiB }];
  const fetch = { maxWaitMs: 0, minBytes: 1, maxBytes: 8 * MiB, topics: [{ topic: 'wide', partitions }] };
  const clients = await Promise.all(
    Array.from({ length: 40 }, async (_, n) => {
      const client = await WireClient.connect(agent.kafka);
      client.socket.pause();
      for (let at = 0; at < 500; at += 1) {
        if (n % 2 === 0) client.send(apis.metadata, 1, { topics: null });
        else client.send(apis.fetch, 11, fetch);
      }
      return client;
    }),
  );
  await neighbour.served(50);
  expect(clients.every(({ isClosed }) => !isClosed)).toBe(true);
  for (const client of clients) client.reset();
  await Promise.all(clients.map(({ closed }) => closed));
  expect((await fetchBytes(owner, 'wide', 0, 0)).errorCode).toBe(0);
  owner.reset();
});

test('offsets that are not in the log, and byte limits that fit nothing', async () => {
  const client = await WireClient.connect(agent.kafka);
  await client.call(apis.metadata, 9, { topics: [{ name: 'offsets' }] });
  for (const value of ['a', 'b']) await produce(client, 'offsets', 0, makeBatch({ values: [value] }));
  for (const offset of [-1, -2, 3, 1e6, Number.MAX_SAFE_INTEGER]) {
    expect(await fetchBytes(client, 'offsets', 0, offset), `offset ${offset}`).toMatchObject({ errorCode: 1 });
  }
  for (const bytesMax of [0, 1, -1, -(2 ** 31), 2 ** 31 - 1]) {
    const { errorCode } = await fetchBytes(client, 'offsets', 0, 0, bytesMax);
    expect(errorCode, `${bytesMax} bytes`).toBe(0);
  }
  expect((await fetchBytes(client, 'offsets', 0, 0, 1)).records.length).toBeGreaterThan(0);
  expect((await fetchBytes(client, 'offsets', 0, 2)).records.length).toBe(0);
  client.reset();
});
