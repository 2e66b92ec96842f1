/** A read that finds its bytes in this agent's memory: a sealed segment, pinned and given back; a block of the cold arena. */
import { BlockMemory } from '../../src/cache/block-memory.js';
import { HotSegments, MemoryReading } from '../../src/cache/hot-segments.js';
import { createPins, openSlot, pinSlot, unpinSlot } from '../../src/threads/pins.js';
import type { Subject } from './subject.js';

const PARTITIONS = 64;
const BATCHES = 8;
const BATCH_BYTES = 16 * 1024;
const RECORDS = 16;
const MiB = 2 ** 20;

/** One segment of 64 partitions, 8 batches each, as an ingest worker hands it over. */
function hotSegment(): HotSegments {
  const words = new Int32Array(createPins(4));
  const slotGeneration = openSlot(words, 0);
  const hot = new HotSegments();
  hot.openLane(1, {
    tryPin: (slot, generation) => pinSlot(words, slot, generation),
    unpin: (slot) => unpinSlot(words, slot),
  });
  hot.register({
    lane: 1,
    agentEpoch: 1,
    segment: 1,
    slot: 0,
    slotGeneration,
    memory: new Uint8Array(new SharedArrayBuffer(PARTITIONS * BATCHES * BATCH_BYTES)),
    batches: {
      baseOffsets: Float64Array.from({ length: PARTITIONS * BATCHES }, (_, at) => RECORDS * (at % BATCHES)),
      positions: Uint32Array.from({ length: PARTITIONS * BATCHES }, (_, at) => at * BATCH_BYTES),
      lengths: new Uint32Array(PARTITIONS * BATCHES).fill(BATCH_BYTES),
    },
  });
  return hot;
}

export const block: Subject = {
  name: 'block',
  tasks() {
    const hot = hotSegment();
    const reads = Array.from({ length: PARTITIONS }, (_, partition) => {
      const extent = {
        agentEpoch: 1,
        segment: 1,
        position: partition * BATCHES * BATCH_BYTES,
        length: BATCHES * BATCH_BYTES,
        baseOffset: 0,
        records: BATCHES * RECORDS,
      } as Parameters<HotSegments['readOn']>[0];
      const offset = RECORDS * (partition % BATCHES);
      return { extent, request: { topicId: 'topic', partition, offset, bytesMax: MiB, atLeastOne: true } };
    });
    const memory = new BlockMemory(256 * MiB, MiB);
    const keys = Array.from({ length: 64 }, (_, at) => `1/${at}/0`);
    for (const key of keys) if (memory.place(key, 4 * MiB) === undefined) throw new Error('no room');
    return [
      {
        name: 'read of a sealed segment, a partition',
        count: PARTITIONS,
        run() {
          for (const { extent, request } of reads) {
            const reading = new MemoryReading(request.offset);
            if (!hot.readOn(extent, request, reading)) throw new Error('not in memory');
            reading.release();
          }
        },
      },
      {
        name: 'hit of a block',
        count: keys.length,
        run() {
          for (const key of keys) {
            const found = memory.get(key);
            if (found === undefined) throw new Error(`${key} is gone`);
            found.pins += 1;
            found.pins -= 1;
          }
        },
      },
    ];
  },
};
