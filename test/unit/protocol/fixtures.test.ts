import { describe, expect, test } from 'vitest';
import { apis } from '../../../src/protocol/apis.js';
import type { Api } from '../../../src/protocol/codec.js';
import {
  decodeResponse,
  encodeApiVersionsFallback,
  encodeRequestFrame,
  encodeResponseFrame,
  joined,
  readFrameLength,
  readRequestHeader,
} from '../../../src/protocol/frames.js';

/**
 * Bytes derived by hand from https://kafka.apache.org/protocol and the official definitions, one group of digits a field.
 */

const topicId = 'AAECAwQFBgcICQoLDA0ODw';
const topicIdHex = '000102030405060708090a0b0c0d0e0f';
const batch = { slices: [Uint8Array.of(0xaa), Uint8Array.of(0xbb, 0xcc)], bytes: 3 };

interface Fixture {
  readonly name: string;
  readonly api: Api;
  readonly version: number;
  readonly message: Record<string, unknown>;
  /** Header and body, after the frame's length. */
  readonly hex: string;
}

const fetchTopic = { partition: 2, fetchOffset: 7, partitionMaxBytes: 0x10000 };
const fetchRequest = { replicaId: -1, maxWaitMs: 500, minBytes: 1, maxBytes: 0x100000, isolationLevel: 1 };

const requests: readonly Fixture[] = [
  { name: 'ApiVersions v0', api: apis.apiVersions, version: 0, message: {}, hex: '0012 0000 00000005 0001 63' },
  {
    name: 'ApiVersions v3',
    api: apis.apiVersions,
    version: 3,
    message: { clientSoftwareName: 'kc', clientSoftwareVersion: '1.0' },
    hex: '0012 0003 00000005 0001 63 00  03 6b63  04 312e30  00',
  },
  {
    name: 'Metadata v0',
    api: apis.metadata,
    version: 0,
    message: { topics: [{ name: 'foo' }] },
    hex: '0003 0000 00000005 0001 63  00000001 0003 666f6f',
  },
  {
    name: 'Metadata v1 for all topics',
    api: apis.metadata,
    version: 1,
    message: { topics: null },
    hex: '0003 0001 00000005 0001 63  ffffffff',
  },
  {
    name: 'Metadata v12 by id',
    api: apis.metadata,
    version: 12,
    message: { topics: [{ topicId, name: null }], allowAutoTopicCreation: false },
    hex: `0003 000c 00000005 0001 63 00  02 ${topicIdHex} 00 00  00 00 00`,
  },
  {
    name: 'Produce v3',
    api: apis.produce,
    version: 3,
    message: {
      transactionalId: null,
      acks: -1,
      timeoutMs: 1000,
      topicData: [{ name: 't', partitionData: [{ index: 2, records: batch }] }],
    },
    hex: '0000 0003 00000005 0001 63  ffff ffff 000003e8  00000001 0001 74  00000001 00000002 00000003 aabbcc',
  },
  {
    name: 'Produce v9',
    api: apis.produce,
    version: 9,
    message: {
      transactionalId: 'x',
      acks: 1,
      timeoutMs: 1000,
      topicData: [{ name: 't', partitionData: [{ index: 2, records: batch }] }],
    },
    hex: '0000 0009 00000005 0001 63 00  02 78 0001 000003e8  02 02 74  02 00000002 04 aabbcc 00  00 00',
  },
  {
    name: 'Produce v13',
    api: apis.produce,
    version: 13,
    message: {
      transactionalId: null,
      acks: -1,
      timeoutMs: 1000,
      topicData: [{ topicId, partitionData: [{ index: 2, records: null }] }],
    },
    hex: `0000 000d 00000005 0001 63 00  00 ffff 000003e8  02 ${topicIdHex}  02 00000002 00 00  00 00`,
  },
  {
    name: 'Fetch v4',
    api: apis.fetch,
    version: 4,
    message: { ...fetchRequest, topics: [{ topic: 't', partitions: [fetchTopic] }] },
    hex:
      '0001 0004 00000005 0001 63  ffffffff 000001f4 00000001 00100000 01' +
      ' 00000001 0001 74  00000001 00000002 0000000000000007 00010000',
  },
  {
    name: 'Fetch v12',
    api: apis.fetch,
    version: 12,
    message: {
      ...fetchRequest,
      sessionId: 3,
      sessionEpoch: 4,
      topics: [{ topic: 't', partitions: [fetchTopic] }],
      rackId: 'r',
    },
    hex:
      '0001 000c 00000005 0001 63 00  ffffffff 000001f4 00000001 00100000 01 00000003 00000004  02 02 74' +
      ' 02 00000002 ffffffff 0000000000000007 ffffffff ffffffffffffffff 00010000 00  00  01  02 72  00',
  },
  {
    name: 'Fetch v13 with a cluster id in a tag',
    api: apis.fetch,
    version: 13,
    message: {
      ...fetchRequest,
      clusterId: 'me',
      topics: [],
      forgottenTopicsData: [{ topicId, partitions: [1] }],
    },
    hex:
      '0001 000d 00000005 0001 63 00  ffffffff 000001f4 00000001 00100000 01 00000000 ffffffff' +
      ` 01  02 ${topicIdHex} 02 00000001 00  01  01 00 03 03 6d65`,
  },
  {
    name: 'Fetch v15 of a follower: its id moved to a tag',
    api: apis.fetch,
    version: 15,
    message: {
      maxWaitMs: 500,
      minBytes: 1,
      maxBytes: 0x100000,
      isolationLevel: 0,
      replicaState: { replicaId: 9, replicaEpoch: -1 },
      topics: [],
    },
    hex:
      '0001 000f 00000005 0001 63 00  000001f4 00000001 00100000 00 00000000 ffffffff  01 01 01' +
      '  01 01 0d 00000009 ffffffffffffffff 00',
  },
];

const responses: readonly Fixture[] = [
  {
    name: 'ApiVersions v0',
    api: apis.apiVersions,
    version: 0,
    message: { errorCode: 0, apiKeys: [{ apiKey: 18, minVersion: 0, maxVersion: 4 }] },
    hex: '00000005  0000 00000001 0012 0000 0004',
  },
  {
    name: 'ApiVersions v3, whose header stays v0',
    api: apis.apiVersions,
    version: 3,
    message: {
      errorCode: 0,
      apiKeys: [{ apiKey: 18, minVersion: 0, maxVersion: 4 }],
      finalizedFeaturesEpoch: 5,
      finalizedFeatures: [{ name: 'f', maxVersionLevel: 2, minVersionLevel: 1 }],
    },
    hex: '00000005  0000 02 0012 0000 0004 00  00000000  02  01 08 0000000000000005  02 08 02 02 66 0002 0001 00',
  },
  {
    name: 'Metadata v0',
    api: apis.metadata,
    version: 0,
    message: {
      brokers: [{ nodeId: 1, host: 'h', port: 9092 }],
      topics: [
        {
          errorCode: 0,
          name: 't',
          partitions: [{ errorCode: 0, partitionIndex: 0, leaderId: 1, replicaNodes: [1], isrNodes: [1] }],
        },
      ],
    },
    hex:
      '00000005  00000001 00000001 0001 68 00002384  00000001 0000 0001 74' +
      ' 00000001 0000 00000000 00000001 00000001 00000001 00000001 00000001',
  },
  {
    name: 'Produce v3',
    api: apis.produce,
    version: 3,
    message: {
      responses: [{ name: 't', partitionResponses: [{ index: 2, errorCode: 0, baseOffset: 0x1_0000_0002 }] }],
      throttleTimeMs: 6,
    },
    hex: '00000005  00000001 0001 74 00000001 00000002 0000 0000000100000002 ffffffffffffffff  00000006',
  },
  {
    name: 'Fetch v13, its records in two slices',
    api: apis.fetch,
    version: 13,
    message: {
      throttleTimeMs: 0,
      sessionId: 0,
      responses: [
        {
          topicId,
          partitions: [
            {
              partitionIndex: 2,
              errorCode: 0,
              highWatermark: 8,
              lastStableOffset: 8,
              logStartOffset: 0,
              abortedTransactions: null,
              records: batch,
            },
          ],
        },
      ],
    },
    hex:
      `00000005 00  00000000 0000 00000000  02 ${topicIdHex}  02 00000002 0000 0000000000000008 0000000000000008` +
      ' 0000000000000000 00 ffffffff 04 aabbcc 00  00  00',
  },
];

const bytesOf = (hex: string) => new Uint8Array(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
const hexOf = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

/** What encoding took is found again; records are compared as the bytes at their position. */
function expectDecoded(decoded: unknown, message: unknown, bytes: Uint8Array): void {
  if (message === batch) {
    const { position, length } = decoded as { position: number; length: number };
    expect(hexOf(bytes.subarray(position, position + length))).toBe('aabbcc');
  } else if (message !== null && typeof message === 'object') {
    for (const [key, value] of Object.entries(message)) {
      expectDecoded((decoded as Record<string, unknown>)[key], value, bytes);
    }
  } else {
    expect(decoded).toBe(message);
  }
}

describe('requests', () => {
  test.each(requests)('$name', ({ api, version, message, hex }) => {
    const frame = joined(encodeRequestFrame(api, version, 5, 'c', message));
    expect(hexOf(frame.subarray(4))).toBe(hex.replaceAll(' ', ''));
    expect(readFrameLength(frame)).toBe(frame.length - 4);

    const { bodyPosition, ...header } = readRequestHeader(frame, 4);
    expect(header).toEqual({ apiKey: api.key, apiVersion: version, correlationId: 5, clientId: 'c' });
    expectDecoded(api.request.decode(version, frame, bodyPosition), message, frame);
  });
});

describe('responses', () => {
  test.each(responses)('$name', ({ api, version, message, hex }) => {
    const frame = joined(encodeResponseFrame(api, version, 5, message));
    expect(hexOf(frame.subarray(4))).toBe(hex.replaceAll(' ', ''));
    expect(readFrameLength(frame)).toBe(frame.length - 4);

    const { correlationId, response } = decodeResponse(api, version, frame, 4);
    expect(correlationId).toBe(5);
    expectDecoded(response, message, frame);
  });
});

test('records are passed on as the slices that were given', () => {
  const fetched = responses.find(({ name }) => name.startsWith('Fetch'))!;
  const { slices, bytes } = encodeResponseFrame(fetched.api, fetched.version, 5, fetched.message);
  expect(slices).toHaveLength(4);
  expect(slices[1]).toBe(batch.slices[0]);
  expect(slices[2]).toBe(batch.slices[1]);
  expect(slices.reduce((sum, slice) => sum + slice.length, 0)).toBe(bytes);
});

test('ApiVersions of a version to come is read as far as the header and answered in v0 with its own range', () => {
  const frame = bytesOf('0012 0005 00000005 0001 63 00 03');
  expect(readRequestHeader(frame)).toEqual({
    apiKey: 18,
    apiVersion: 5,
    correlationId: 5,
    clientId: 'c',
    bodyPosition: 11,
  });
  expect(hexOf(joined(encodeApiVersionsFallback(5)))).toBe('00000010000000050023000000010012' + '00000004');
});

test('a header of a key that nobody knows is read as its first version', () => {
  expect(readRequestHeader(bytesOf('7fff 0001 00000005 ffff'))).toEqual({
    apiKey: 0x7fff,
    apiVersion: 1,
    correlationId: 5,
    clientId: null,
    bodyPosition: 10,
  });
});
