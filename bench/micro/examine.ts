/** What a lane does with a Produce request before it stores it: headers, checksums and walks of all its batches. */
import { encodeRequestFrame, readRequestHeader } from '../../src/protocol/frames.js';
import { apis } from '../../src/protocol/apis.js';
import { encodeBatch } from '../../src/records/encode.js';
import { decodeProduce } from '../../workers/ingest/decode.js';
import { TopicsView } from '../../workers/ingest/topics.js';
import { examine } from '../../workers/ingest/validate.js';
import type { Subject, Task } from './subject.js';

const PRODUCE = 9;
const RECORD_BYTES = 1024;
const SEGMENT_BYTES_MAX = 16 * 1024 * 1024;
/** Of the everyday load and of a producer that is flat out: batches of a request, records of a batch. */
const REQUESTS = [
  [15, 2],
  [64, 16],
] as const;

export const examined: Subject = {
  name: 'examine',
  tasks() {
    const topics = new TopicsView();
    topics.update(1, [topic(true, 'walked'), topic(false, 'unwalked')], []);
    return REQUESTS.flatMap(([batches, records]) =>
      ['walked', 'unwalked'].map((name): Task => {
        const body = bodyOf(name, batches, records);
        const request = decodeProduce(PRODUCE, body)!;
        return {
          name: `${batches} batches of ${records} KiB, ${name}`,
          bytes: body.length,
          run() {
            const result = examine(request, PRODUCE, body, topics, 0, SEGMENT_BYTES_MAX, never);
            if (result.batches.length !== batches) throw new Error('a batch was refused');
          },
        };
      }),
    );
  },
};

function topic(walkRecords: boolean, name: string) {
  return {
    topicId: name === 'walked' ? 'AAAAAAAAAAAAAAAAAAAAAQ' : 'AAAAAAAAAAAAAAAAAAAAAg',
    name,
    partitions: 64,
    maxMessageBytes: 1_048_588,
    logAppendTime: false,
    timestampBeforeMaxMs: Number.MAX_SAFE_INTEGER,
    timestampAfterMaxMs: 3_600_000,
    compacted: false,
    walkRecords,
    compression: undefined,
  };
}

/** In shared memory, as the main thread leaves it. */
function bodyOf(name: string, batches: number, records: number): Uint8Array {
  const value = Buffer.alloc(RECORD_BYTES, 'a value ');
  const bytes = encodeBatch({ records: Array.from({ length: records }, () => ({ value })) });
  const partitionData = Array.from({ length: batches }, (_, index) => ({
    index,
    records: { slices: [bytes], bytes: bytes.length },
  }));
  const request = { acks: -1, timeoutMs: 30_000, topicData: [{ name, partitionData }] };
  const frame = Buffer.concat(encodeRequestFrame(apis.produce, PRODUCE, 1, 'bench', request).slices).subarray(4);
  const { bodyPosition } = readRequestHeader(frame);
  const body = new Uint8Array(new SharedArrayBuffer(frame.length - bodyPosition));
  body.set(frame.subarray(bodyPosition));
  return body;
}

function never(): never {
  throw new Error('nothing is compressed anew');
}
