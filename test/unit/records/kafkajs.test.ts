import { createRequire } from 'node:module';
import { expect, test } from 'vitest';
import { codecNames } from '../../../native-bindings/codecs.js';
import { encodeBatch } from '../../../src/records/encode.js';
import { recordsOf } from '../../../src/records/read.js';
import { judgeBatch } from './judge-batch.js';

// kafkajs writes and reads batches with code of its own: what both sides agree on is the format, not our opinion of it.
const require = createRequire(import.meta.url);
const Long = require('kafkajs/src/utils/long.js') as { fromValue(value: number): unknown };
const { RecordBatch } = require('kafkajs/src/protocol/recordBatch/v0/index.js') as {
  RecordBatch(options: object): Promise<{ buffer: Buffer }>;
};
const makeRecord = require('kafkajs/src/protocol/recordBatch/record/v0/index.js') as (record: object) => unknown;
const Decoder = require('kafkajs/src/protocol/decoder.js') as new (bytes: Buffer) => unknown;
const decodeBatch = require('kafkajs/src/protocol/recordBatch/v0/decoder.js') as (decoder: unknown) => Promise<{
  readonly records: readonly {
    readonly offset: string;
    readonly timestamp: string;
    readonly key: Buffer | null;
    readonly value: Buffer | null;
    readonly headers: Readonly<Record<string, Buffer>>;
  }[];
}>;

const NOW = Date.UTC(2026, 0, 1);
const given = Array.from({ length: 300 }, (_, i) => ({
  timestampMs: NOW + ((i * 7) % 50),
  key: i % 3 === 0 ? null : Buffer.from(`key ${i}`),
  value: i % 5 === 0 ? null : Buffer.from(`value ${i} `.repeat(i % 40)),
  headers: i % 2 === 0 ? [] : [['trace', Buffer.from(`${i}`)] as const],
}));
const rules = {
  maxMessageBytes: 1_048_588,
  logAppendTime: false,
  timestampBeforeMaxMs: 10,
  timestampAfterMaxMs: 60,
  nowMs: NOW,
  compacted: false,
  walkRecords: true,
  zstdAllowed: true,
  codec: undefined,
};

// The two codecs that kafkajs brings itself.
test.each([
  ['none', 0],
  ['gzip', 1],
])('a %s batch of kafkajs is accepted and read', async (_name, compression) => {
  const { buffer } = await RecordBatch({
    compression,
    firstTimestamp: NOW,
    maxTimestamp: NOW + 49,
    lastOffsetDelta: given.length - 1,
    producerId: Long.fromValue(12),
    producerEpoch: 1,
    firstSequence: 40,
    records: given.map(({ timestampMs, key, value, headers }, offsetDelta) =>
      makeRecord({ offsetDelta, timestampDelta: timestampMs - NOW, key, value, headers: Object.fromEntries(headers) }),
    ),
  });
  expect(judgeBatch(buffer, 0, buffer.length, rules)).toEqual({
    kind: 'accepted',
    facts: {
      bytes: buffer.length,
      records: 300,
      minTimestamp: NOW,
      maxTimestamp: NOW + 49,
      producerId: 12,
      producerEpoch: 1,
      baseSequence: 40,
      transactional: false,
      maxTimestampWrong: false,
    },
  });
  const read = [...recordsOf(buffer, 0)];
  expect(read.map(({ timestampMs, key, value }) => ({ timestampMs, key, value }))).toEqual(
    given.map(({ timestampMs, key, value }) => ({ timestampMs, key, value })),
  );
  expect(read.map(({ headers }) => headers)).toEqual(given.map(({ headers }) => headers));
});

test.each(codecNames.slice(0, 2))('a %s batch of ours is read by kafkajs', async (codec) => {
  const bytes = Buffer.from(encodeBatch({ records: given, codec }));
  const { records } = await decodeBatch(new Decoder(bytes));
  expect(records.map(({ timestamp, key, value }) => [Number(timestamp), key, value])).toEqual(
    given.map(({ timestampMs, key, value }) => [timestampMs, key, value]),
  );
});
