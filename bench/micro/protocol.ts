/** Decoding and encoding of the two requests that carry records, with as many partitions as the everyday load has. */
import { encodeRequestFrame, encodeResponseFrame, readRequestHeader } from '../../src/protocol/frames.js';
import { apis } from '../../src/protocol/apis.js';
import { decodeProduce } from '../../workers/ingest/decode.js';
import type { Subject } from './subject.js';

const PARTITIONS = 64;
const BATCH_BYTES = 16 * 1024;
const PRODUCE = 9;
const FETCH = 12;

const partitions = Array.from({ length: PARTITIONS }, (_, index) => index);

function frameOf(slices: readonly Uint8Array[]): Uint8Array {
  // A frame as it is read: its length is gone.
  return new Uint8Array(Buffer.concat(slices).subarray(4));
}

function produceFrame(): Uint8Array {
  const records = { slices: [new Uint8Array(BATCH_BYTES)], bytes: BATCH_BYTES };
  const topicData = [{ name: 'orders', partitionData: partitions.map((index) => ({ index, records })) }];
  return frameOf(
    encodeRequestFrame(apis.produce, PRODUCE, 1, 'bench', { acks: -1, timeoutMs: 30_000, topicData }).slices,
  );
}

function fetchFrame(): Uint8Array {
  const wanted = partitions.map((partition) => ({ partition, fetchOffset: 1_000_000, partitionMaxBytes: 1_048_576 }));
  const topics = [{ topic: 'orders', partitions: wanted }];
  const request = { maxWaitMs: 500, minBytes: 1, maxBytes: 52_428_800, topics, forgottenTopicsData: [] };
  return frameOf(encodeRequestFrame(apis.fetch, FETCH, 1, 'bench', request).slices);
}

export const protocol: Subject = {
  name: 'protocol',
  tasks() {
    const produced = produceFrame();
    const producedBody = produced.subarray(readRequestHeader(produced).bodyPosition);
    const fetched = fetchFrame();
    const { bodyPosition } = readRequestHeader(fetched);
    const produceAnswer = {
      responses: [
        {
          name: 'orders',
          partitionResponses: partitions.map((index) => ({
            index,
            errorCode: 0,
            baseOffset: 1_000_000,
            logAppendTimeMs: -1,
            logStartOffset: 0,
          })),
        },
      ],
      throttleTimeMs: 0,
    };
    const slices = [new Uint8Array(new SharedArrayBuffer(BATCH_BYTES))];
    const fetchAnswer = {
      throttleTimeMs: 0,
      errorCode: 0,
      sessionId: 0,
      responses: [
        {
          topic: 'orders',
          partitions: partitions.map((partitionIndex) => ({
            partitionIndex,
            errorCode: 0,
            highWatermark: 1_000_100,
            lastStableOffset: 1_000_100,
            logStartOffset: 0,
            abortedTransactions: null,
            records: { slices, bytes: BATCH_BYTES },
          })),
        },
      ],
    };
    const what = `${PARTITIONS} partitions`;
    return [
      { name: `request header`, run: () => void readRequestHeader(fetched) },
      {
        name: `decode Produce, ${what} of 16 KiB`,
        bytes: producedBody.length,
        run() {
          if (decodeProduce(PRODUCE, producedBody) === undefined) throw new Error('not a Produce request');
        },
      },
      { name: `decode Fetch, ${what}`, run: () => void apis.fetch.request.decodeLeading(FETCH, fetched, bodyPosition) },
      {
        name: `encode Produce's answer, ${what}`,
        run: () => void encodeResponseFrame(apis.produce, PRODUCE, 1, produceAnswer),
      },
      {
        name: `encode Fetch's answer, ${what} of 16 KiB`,
        bytes: PARTITIONS * BATCH_BYTES,
        run: () => void encodeResponseFrame(apis.fetch, FETCH, 1, fetchAnswer),
      },
    ];
  },
};
