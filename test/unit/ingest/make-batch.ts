import { encodeBatch } from '../../../src/records/encode.js';

export interface BatchSpec {
  readonly values?: readonly string[];
  readonly producerId?: number;
  readonly baseSequence?: number;
  readonly timestampMs?: number;
}

/** A small batch without keys; with a producer id it is of epoch 0. */
export function makeBatch(spec: BatchSpec = {}): Uint8Array {
  const { values = ['value'], producerId, baseSequence = 0, timestampMs = 1_700_000_000_000 } = spec;
  return encodeBatch({
    records: values.map((value) => ({ value: Buffer.from(value) })),
    baseTimestampMs: timestampMs,
    ...(producerId === undefined ? {} : { producer: { id: producerId, epoch: 0, baseSequence } }),
  });
}
