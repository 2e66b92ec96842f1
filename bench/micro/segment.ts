/** Filling a segment: where batches go, the one copy that they get with its CRC-32C, and the object with its footer. */
import { uuidFromBytes } from '../../src/bytes/uuid.js';
import { planSegment } from '../../src/segments/plan.js';
import { createPins } from '../../src/threads/pins.js';
import { SegmentRing } from '../../src/threads/segment-ring.js';
import type { Batch } from '../../workers/ingest/requests.js';
import { gather, makeObject } from '../../workers/ingest/seal.js';
import type { Subject, Task } from './subject.js';

const SEGMENT_BYTES = 8 * 1024 * 1024;
const PARTITIONS = 64;
const topicIdBytes = new Uint8Array(16).fill(9);
const topicId = uuidFromBytes(topicIdBytes);

/** Batches of 8 MiB in the order in which they come: partition after partition, again and again. */
function batchesOf(bytes: number): Batch[] {
  const source = new Uint8Array(new SharedArrayBuffer(SEGMENT_BYTES)).map((_, i) => i * 31);
  const topic = { logAppendTime: false };
  return Array.from({ length: Math.floor(SEGMENT_BYTES / bytes) }, (_, at) => {
    const batch = {
      topic,
      topicId,
      topicIdBytes,
      partition: at % PARTITIONS,
      answer: { logAppendTimeMs: -1 },
      source,
      sourcePosition: at * bytes,
      bytes,
      records: 2,
      minTimestamp: 1_700_000_000_000,
      maxTimestamp: 1_700_000_000_000,
      maxTimestampWrong: false,
      producerId: 7,
      producerEpoch: 0,
      baseSequence: 2 * Math.floor(at / PARTITIONS),
    };
    // What gathering looks at; the request around it plays no part.
    return batch as unknown as Batch;
  });
}

function tasksOf(bytes: number): Task[] {
  const batches = batchesOf(bytes);
  const arena = new Uint8Array(new SharedArrayBuffer(2 * SEGMENT_BYTES));
  const room = new SegmentRing(arena.length, new Int32Array(createPins(16)));
  const what = `${batches.length} batches of ${bytes / 1024} KiB`;
  return [
    { name: `plan of ${what}`, run: () => void planSegment(batches) },
    {
      name: `fill and footer, ${what}`,
      bytes: batches.length * bytes,
      run() {
        const sealed = gather(batches, room, arena, 0);
        if (sealed === undefined) throw new Error('no room');
        makeObject(sealed, 'bench', 1, 1);
        room.free(sealed.room);
      },
    },
  ];
}

export const segment: Subject = {
  name: 'segment',
  tasks: () => [2 * 1024, 16 * 1024].flatMap(tasksOf),
};
