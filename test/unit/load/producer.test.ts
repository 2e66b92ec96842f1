import { expect, test } from 'vitest';
import { AfterAck } from '../../../bench/load/after-ack.js';
import { Gathering, type Pace } from '../../../bench/load/gathering.js';
import { partitionOfKey } from '../../../bench/load/murmur2.js';
import { ProduceFrames } from '../../../bench/load/produce-frame.js';
import { Producer } from '../../../bench/load/producer.js';
import { Tally } from '../../../bench/load/tally.js';
import { type Shape, Templates } from '../../../bench/load/templates.js';
import { native } from '../../../native-bindings/bindings.js';
import { apis } from '../../../src/protocol/apis.js';
import { errors } from '../../../src/protocol/errors.js';
import { readRequestHeader } from '../../../src/protocol/frames.js';
import { BatchHeader, CRC_START } from '../../../src/records/header.js';
import { FakeBroker, type FakePart, FakeTime } from './fake-broker.js';

const PARTITIONS = 4;
const SECOND = 1_000;

interface Setup {
  readonly shape?: Partial<Shape>;
  readonly pace?: Partial<Pace>;
  readonly seed?: number;
  readonly acks?: number;
  readonly inFlightMax?: number;
  readonly answerAtMs?: (atMs: number) => number;
  readonly codeOf?: (request: number, part: FakePart) => number;
  readonly consumed?: true;
}

function start(setup: Setup = {}) {
  const time = new FakeTime();
  const shape: Shape = {
    sizes: { kind: 'fixed', bytes: 100 },
    keys: { kind: 'none' },
    codec: 'none',
    batchBytes: 16_384,
    batchRecords: 10,
    ...setup.shape,
  };
  const pace: Pace = {
    startMs: 0,
    endMs: 10 * SECOND,
    intervalMs: 1,
    arrivals: 'even',
    lingerMs: 5,
    requestBytes: 1 << 20,
    ...setup.pace,
  };
  const seed = setup.seed ?? 1;
  const counting = { tally: new Tally() };
  const partitions = Array.from({ length: PARTITIONS }, (_, i) => i);
  const gathering = new Gathering(new Templates(shape, PARTITIONS, seed), partitions, pace, seed, 2, 0);
  const broker = new FakeBroker(time, setup.answerAtMs ?? ((atMs) => atMs + 2), setup.codeOf);
  const afterAck = setup.consumed && new AfterAck(counting);
  let producers = 7;
  const producer = new Producer(
    gathering,
    new ProduceFrames('topic', setup.acks ?? -1, 30_000),
    {
      acks: setup.acks ?? -1,
      inFlightMax: setup.inFlightMax ?? 5,
      partitions: PARTITIONS,
      runId: 1,
      newProducerId: async () => {
        producers += 1;
        return { id: producers, epoch: 0 };
      },
      afterAck,
    },
    { id: 7, epoch: 0 },
    time,
    time,
    counting,
  );
  producer.attach(broker);
  return { time, broker, producer, afterAck, tally: counting.tally };
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
const recordsOf = ({ parts }: { readonly parts: readonly FakePart[] }): number =>
  sum(parts.map(({ records }) => records));

test('a server that stalls for a second shows in the percentiles: every record that was due meanwhile counts its wait', () => {
  const stalled = (atMs: number): number => (atMs >= 2 * SECOND && atMs < 3 * SECOND ? 3 * SECOND : atMs + 2);
  const { time, tally, producer } = start({ answerAtMs: stalled });
  time.runUntil(20 * SECOND);
  expect(tally.produced.records).toBe(10_000);
  expect(producer.isDone).toBe(true);
  const { ack } = tally.times;
  // Linger and two milliseconds without the stall.
  expect(ack.percentile(0.5)).toBeLessThan(10);
  // A tenth of the records were due in that second; half of them waited more than half of it.
  expect(ack.percentile(0.95)).toBeGreaterThan(400);
  expect(ack.percentile(0.99)).toBeGreaterThan(850);
  expect(ack.summary().max).toBeGreaterThan(990);
});

test('what is due does not depend on the server: a slow one gets the same records at larger requests', () => {
  const shape = { batchRecords: 200 };
  const fast = start({ shape });
  const slow = start({ shape, answerAtMs: (atMs) => atMs + 300, inFlightMax: 1 });
  for (const { time } of [fast, slow]) time.runUntil(20 * SECOND);
  expect(sum(slow.broker.requests.map(recordsOf))).toBe(sum(fast.broker.requests.map(recordsOf)));
  expect(slow.broker.requests.length).toBeLessThan(fast.broker.requests.length / 10);
});

test('a server that is too slow leaves records unsent, and they are told', () => {
  const { time, tally, producer } = start({ answerAtMs: (atMs) => atMs + 1000, inFlightMax: 1 });
  time.runUntil(10 * SECOND);
  producer.stop();
  const unsent = producer.unsent(time.nowMs());
  expect(unsent).toBeGreaterThan(9_000);
  expect(tally.produced.records + producer.unanswered + unsent).toBe(10_000);
});

test('a batch leaves when it has lingered, or at once when it is full', () => {
  const lingering = start({ pace: { endMs: 100 } });
  lingering.time.runUntil(200);
  const { broker } = lingering;
  expect(broker.requests.slice(0, 3).map(({ atMs, parts }) => [atMs, parts.length, parts[0]!.records])).toEqual([
    [5, 1, 6],
    [11, 1, 6],
    [17, 1, 6],
  ]);
  const full = start({ pace: { endMs: 100, lingerMs: 50 } });
  full.time.runUntil(200);
  expect(full.broker.requests.slice(0, 2).map(({ atMs, parts }) => [atMs, parts[0]!.records])).toEqual([
    [9, 10],
    [19, 10],
  ]);
});

test('records that are gathered many at a time are those gathered one by one', () => {
  const requests = (lookMs: number): number[][] => {
    const { broker, time, producer } = start({
      pace: { intervalMs: 0.07, endMs: 100, lingerMs: 3 },
      shape: { batchRecords: 100 },
    });
    for (let ms = 0; ms <= 200; ms += lookMs) {
      time.runUntil(ms);
      producer.pump(time.nowMs());
    }
    return broker.requests.map(({ atMs, parts }) => [atMs, ...parts.map(({ records }) => records)]);
  };
  // The last leaves as soon as somebody sees that no more will come.
  expect(requests(0.01).slice(0, -1)).toEqual(requests(200).slice(0, -1));
  expect(sum(requests(200).flatMap((request) => request.slice(1)))).toBe(Math.ceil(100 / 0.07));
});

test('the same seed sends the same bytes, another seed others', () => {
  const bytes = (seed: number): Buffer => {
    const { time, broker } = start({
      seed,
      shape: { sizes: { kind: 'lognormal', median: 100, p99: 900 }, keys: { kind: 'zipf', count: 1000, exponent: 1 } },
      pace: { arrivals: 'poisson', endMs: SECOND },
    });
    time.runUntil(2 * SECOND);
    return Buffer.concat(broker.requests.map((request) => request.bytes));
  };
  expect(bytes(4).equals(bytes(4))).toBe(true);
  expect(bytes(4).equals(bytes(5))).toBe(false);
});

test('poisson arrivals have the rate and are irregular', () => {
  const { time, broker, tally } = start({ pace: { arrivals: 'poisson', lingerMs: 0 }, shape: { batchRecords: 1 } });
  time.runUntil(20 * SECOND);
  expect(Math.abs(tally.produced.records - 10_000)).toBeLessThan(5 * Math.sqrt(10_000));
  const gaps = broker.requests.slice(1).map(({ atMs }, index) => atMs - broker.requests[index]!.atMs);
  const mean = sum(gaps) / gaps.length;
  const variance = sum(gaps.map((gap) => (gap - mean) ** 2)) / gaps.length;
  expect(variance / mean ** 2).toBeCloseTo(1, 0);
  expect(variance / mean ** 2).toBeGreaterThan(0.8);
});

test('keys decide partitions as in Kafka, and a request has one batch of a partition', () => {
  const { time, broker } = start({
    shape: { keys: { kind: 'zipf', count: 500, exponent: 1 } },
    pace: { intervalMs: 0.2 },
  });
  time.runUntil(20 * SECOND);
  expect(new Set(broker.requests.flatMap(({ parts }) => parts.map(({ partition }) => partition))).size).toBe(
    PARTITIONS,
  );
  for (const { parts } of broker.requests) {
    expect(new Set(parts.map(({ partition }) => partition)).size).toBe(parts.length);
    for (const { partition, keys } of parts) {
      for (const key of keys) expect(partitionOfKey(Buffer.from(key), PARTITIONS)).toBe(partition);
    }
  }
});

test('flat out, a request has full batches of all partitions as far as it holds them', () => {
  const all = start({ pace: { intervalMs: 0, endMs: 50 } });
  all.time.runUntil(100);
  expect(all.broker.requests.length).toBeGreaterThan(50);
  for (const { parts } of all.broker.requests) expect(parts.map(({ records }) => records)).toEqual([10, 10, 10, 10]);
  const two = start({ pace: { intervalMs: 0, endMs: 50, requestBytes: 3_000 } });
  two.time.runUntil(100);
  for (const { parts } of two.broker.requests) expect(parts).toHaveLength(2);
});

/** The sequences that a broker would accept: each partition's from 0, without gap. */
function expectGapless(parts: readonly FakePart[]): void {
  const next = new Map<number, number>();
  for (const { partition, sequence, records } of parts) {
    expect(sequence).toBe(next.get(partition) ?? 0);
    next.set(partition, sequence + records);
  }
}

test('what is refused for now is sent again in order with the same sequences, and counts from when it was due', () => {
  const accepted: FakePart[] = [];
  const next = new Map<number, number>();
  const { time, broker, tally } = start({
    pace: { endMs: 500 },
    // Five in flight.
    answerAtMs: (atMs) => atMs + 60,
    codeOf: (request, part) => {
      if (request >= 20 && request < 23) return errors.NOT_LEADER_OR_FOLLOWER.code;
      if (part.sequence !== (next.get(part.partition) ?? 0)) return errors.OUT_OF_ORDER_SEQUENCE_NUMBER.code;
      next.set(part.partition, part.sequence + part.records);
      accepted.push(part);
      return 0;
    },
  });
  time.runUntil(5 * SECOND);
  expect(tally.produced.records).toBe(500);
  expect(tally.failedRecords).toBe(0);
  expect(tally.errors.get('Produce: NOT_LEADER_OR_FOLLOWER')).toBeGreaterThan(2);
  expectGapless(accepted);
  expect(sum(accepted.map(({ records }) => records))).toBe(500);
  // The three, and the two in flight behind the first of them, which has all partitions: all once more, as they were.
  const sent = broker.requests.map(({ parts }) => parts.map(({ partition, sequence }) => [partition, sequence]));
  expect(sent[20]).toHaveLength(PARTITIONS);
  expect(sent.slice(25, 30)).toEqual(sent.slice(20, 25));
  expect(tally.retriedRequests).toBe(5);
  expect(tally.times.ack.summary().max).toBeGreaterThan(100);
});

test('after a refusal for good the rest goes under a new producer id with sequences from 0', async () => {
  const { time, broker, tally } = start({
    pace: { endMs: 500 },
    codeOf: (request) => (request === 20 ? errors.MESSAGE_TOO_LARGE.code : 0),
  });
  for (let ms = 10; ms <= 2 * SECOND; ms += 10) {
    time.runUntil(ms);
    // The new id comes as a promise.
    await Promise.resolve();
  }
  const lost = recordsOf(broker.requests[20]!);
  expect(tally.failedRecords).toBe(lost);
  expect(tally.produced.records).toBe(500 - lost);
  const parts = broker.requests.flatMap((request) => request.parts);
  for (const id of [7, 8]) expectGapless(parts.filter(({ producerId }) => producerId === id));
  expect(new Set(parts.map(({ producerId }) => producerId))).toEqual(new Set([7, 8]));
});

test('a lost connection: what was in flight goes over the next one, in order', () => {
  const { time, broker, producer, tally } = start({
    pace: { endMs: 500 },
    answerAtMs: (atMs) => (atMs < 100 ? atMs + 2 : 1e9),
  });
  time.runUntil(200);
  const before = tally.produced.records;
  expect(producer.unanswered).toBeGreaterThan(0);
  producer.detach();
  const next = new FakeBroker(time, (atMs) => atMs + 2);
  producer.attach(next);
  time.runUntil(5 * SECOND);
  expect(tally.produced.records).toBe(500);
  expect(sum(next.requests.map(recordsOf))).toBe(500 - before);
  const lastBefore = broker.requests.filter(({ atMs }) => atMs < 98).flatMap(({ parts }) => parts);
  expectGapless([...lastBefore, ...next.requests.flatMap(({ parts }) => parts)]);
});

test('acks=0 counts what the socket took', () => {
  const { time, tally, producer } = start({ acks: 0, pace: { endMs: 500 } });
  time.runUntil(SECOND);
  expect(tally.produced.records).toBe(500);
  expect(producer.isDone).toBe(true);
});

test.each(['none', 'gzip', 'lz4', 'zstd', 'snappy'] as const)(
  '%s: requests are what the codec reads, each batch with its checksum and as many records as it says',
  (codec) => {
    const { time, broker } = start({ shape: { codec }, pace: { endMs: 300, intervalMs: 0.3 } });
    time.runUntil(SECOND);
    let records = 0;
    for (const { bytes, parts } of broker.requests) {
      const header = readRequestHeader(bytes, 4);
      // Throws when there is a byte too many or too few.
      const request = apis.produce.request.decode(header.apiVersion, bytes, header.bodyPosition);
      expect(bytes.readInt32BE()).toBe(bytes.length - 4);
      expect([header.clientId, request.acks, request.topicData[0]!.name]).toEqual(['weft-load', -1, 'topic']);
      for (const data of request.topicData[0]!.partitionData) {
        const { position, length } = data.records!;
        const batch = new BatchHeader(bytes, position);
        expect(batch.bytes).toBe(length);
        expect(batch.crc).toBe(native.crc32c(bytes, position + CRC_START, length - CRC_START, 0));
      }
      for (const part of parts) {
        expect(part.valueBytes).toEqual(new Array(part.records).fill(100));
        records += part.records;
      }
    }
    expect(records).toBe(1000);
  },
);

test('each batch is timed from its acknowledgement to its consumer, whichever of them sees it first, and once', () => {
  const { time, broker, tally, afterAck } = start({ consumed: true, inFlightMax: 1, pace: { endMs: 100 } });
  time.runUntil(50);
  // Read 7 ms after everything was acknowledged.
  const [first] = broker.requests;
  const [part] = first!.parts;
  const ackMs = first!.atMs + 2;
  afterAck!.read(part!.partition, part!.baseOffset, part!.records, ackMs + 7);
  afterAck!.read(part!.partition, part!.baseOffset, part!.records, ackMs + 30);
  expect(tally.times.afterAck.summary()).toMatchObject({ count: part!.records, mean: 7 });
  // Read before its acknowledgement, which is under way.
  while (broker.requests.at(-1)!.atMs + 2 <= time.nowMs()) time.runUntil(time.nowMs() + 1);
  const early = broker.requests.at(-1)!.parts[0]!;
  afterAck!.read(early.partition, early.baseOffset, early.records, time.nowMs());
  expect(tally.times.afterAck.count).toBe(part!.records);
  time.runUntil(time.nowMs() + 2);
  expect(tally.times.afterAck.summary()).toMatchObject({ count: part!.records + early.records, max: 7 });
});
