import { encoded } from '../../src/bytes/wire-numbers.js';
import { Command, type SegmentPartition } from '../../src/metadata/journal.wire.js';
import type { SealedBatch } from './seal.js';

/** Batches of one partition that lie one behind the other: one `SegmentPartition` of the command. */
export type Run = readonly SealedBatch[];

/**
 * What may be published of a segment: batches of failed requests are left out, which cuts a partition's batches into
 * several runs. In the order of positions.
 */
export function runsOf(batches: readonly SealedBatch[]): Run[] {
  const runs: SealedBatch[][] = [];
  let last: SealedBatch | undefined;
  for (const sealed of batches) {
    if (sealed.batch.request.state === 'failed') {
      continue;
    }
    const continues =
      last !== undefined &&
      last.batch.topicId === sealed.batch.topicId &&
      last.batch.partition === sealed.batch.partition &&
      last.position + last.batch.bytes === sealed.position;
    if (continues) {
      runs.at(-1)!.push(sealed);
    } else {
      runs.push([sealed]);
    }
    last = sealed;
  }
  return runs;
}

export function encodePublish(segment: number, bytes: number, runs: readonly Run[]): Uint8Array {
  const partitions = runs.map(columnsOf);
  return encode({ kind: { $case: 'publishSegment', value: { segment, bytes, partitions } } });
}

/** Spends a number whose segment failed, so that the numbers behind it can be applied. */
export function encodeSkip(): Uint8Array {
  return encode({ kind: { $case: 'skipNumber', value: {} } });
}

/** In memory of its own: it crosses to the main thread. */
function encode(command: Command): Uint8Array {
  return encoded((writer) => Command.encode(command, writer));
}

function columnsOf(run: Run): SegmentPartition {
  const first = run[0]!;
  const idempotent = run.some(({ batch }) => batch.producerId !== -1);
  return {
    topicId: first.batch.topicIdBytes,
    partition: first.batch.partition,
    position: first.position,
    lengths: run.map(({ batch }) => batch.bytes),
    records: run.map(({ batch }) => batch.records),
    maxTimestamps: run.map(({ batch }) => batch.maxTimestamp),
    producerIds: idempotent ? run.map(({ batch }) => batch.producerId) : [],
    producerEpochs: idempotent ? run.map(({ batch }) => batch.producerEpoch) : [],
    baseSequences: idempotent ? run.map(({ batch }) => batch.baseSequence) : [],
  };
}
