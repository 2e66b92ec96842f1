/**
 * The discarding reader, a process of its own: `node discard-main.js HOST:PORT TOPIC BYTES`. Each connection sends one
 * Fetch after the other, for all partitions from places all over them. Of an answer only the length of its frame is
 * looked at; the bytes land in one buffer that the next read overwrites. Prints a Transfer, whose bytes are of frames.
 */
import { createConnection } from 'node:net';
import { apis } from '../../src/protocol/apis.js';
import type { Api } from '../../src/protocol/codec.js';
import { encodeRequestFrame, FRAME_LENGTH_BYTES, readFrameLength } from '../../src/protocol/frames.js';
import { WireClient } from '../../test/processes/wire.js';

const CONNECTIONS = 2;
/** As librdkafka and Java ask. */
const BYTES_MAX = 52_428_800;
const PARTITION_BYTES_MAX = 1_048_576;
const FETCH_VERSION = 12;
const LIST_OFFSETS_VERSION = 6;
const LATEST = -1;
/** Places of a partition at which it is read, evenly over the first three quarters of its offsets. */
const PLACES = 16;

const [kafka, topic, bytesText] = process.argv.slice(2);
if (bytesText === undefined) throw new Error('HOST:PORT TOPIC BYTES');
const ends = await endOffsets(kafka!, topic!);
const requests = Array.from({ length: PLACES }, (_, place) => fetchFrame(place / PLACES));
const startedMs = performance.now();
let received = 0;
await Promise.all(Array.from({ length: CONNECTIONS }, (_, i) => readOn(i)));
process.stdout.write(JSON.stringify({ bytes: received, seconds: (performance.now() - startedMs) / 1000 }));

async function endOffsets(address: string, name: string): Promise<readonly number[]> {
  const client = await WireClient.connect(address);
  const { topics } = await client.call(apis.metadata, 9, { topics: [{ name }], allowAutoTopicCreation: false });
  const partitions = topics[0]!.partitions.map((_each, partitionIndex) => ({ partitionIndex, timestamp: LATEST }));
  const answer = await client.call(apis.listOffsets, LIST_OFFSETS_VERSION, {
    replicaId: -1,
    topics: [{ name, partitions }],
  });
  client.reset();
  return answer.topics[0]!.partitions.toSorted((a, b) => a.partitionIndex - b.partitionIndex).map(
    ({ offset }) => offset,
  );
}

function frameOf<A extends Api>(api: A, version: number, request: Parameters<A['request']['encode']>[1]): Buffer {
  return Buffer.concat(encodeRequestFrame(api, version, 1, 'discard', request).slices);
}

function fetchFrame(place: number): Buffer {
  const partitions = ends.map((end, partition) => ({
    partition,
    fetchOffset: Math.floor(end * place * 0.75),
    partitionMaxBytes: PARTITION_BYTES_MAX,
  }));
  const limits = { maxWaitMs: 500, minBytes: 1, maxBytes: BYTES_MAX };
  return frameOf(apis.fetch, FETCH_VERSION, { ...limits, topics: [{ topic: topic!, partitions }] });
}

/** Resolves when enough was received by all connections together. */
function readOn(first: number): Promise<void> {
  const [host, port] = kafka!.split(':');
  const landing = Buffer.alloc(1 << 20);
  return new Promise((resolve, reject) => {
    let request = first;
    /** Of the frame that is coming in. */
    let left = 0;
    const askNext = (): void => {
      if (received >= Number(bytesText)) {
        socket.destroy();
        resolve();
        return;
      }
      socket.write(requests[request % PLACES]!);
      request += CONNECTIONS;
    };
    const landed = (count: number): boolean => {
      received += count;
      if (left === 0) left = FRAME_LENGTH_BYTES + readFrameLength(landing, 0, count);
      left -= count;
      if (left === 0) askNext();
      return true;
    };
    const onread = { buffer: landing, callback: landed };
    const socket = createConnection({ host: host!, port: Number(port), noDelay: true, onread }, askNext);
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('the connection was closed')));
  });
}
