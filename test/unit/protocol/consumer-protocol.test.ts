import { expect, test } from 'vitest';
import {
  consumerAssignment,
  consumerSubscription,
  decodeVersioned,
  encodeVersioned,
} from '../../../src/protocol/consumer-protocol.js';
import { joined } from '../../../src/protocol/frames.js';

const bytesOf = (hex: string) => new Uint8Array(Buffer.from(hex.replaceAll(' ', ''), 'hex'));

test('a subscription of each version', () => {
  const value = {
    topics: ['t'],
    userData: null,
    ownedPartitions: [{ topic: 't', partitions: [4] }],
    generationId: 7,
    rackId: 'r',
  };
  const parts = ['00000001 0001 74 ffffffff', '00000001 0001 74 00000001 00000004', '00000007', '0001 72'];
  for (let version = 0; version <= 3; version++) {
    const hex = `000${version} ${parts.slice(0, version + 1).join(' ')}`;
    expect(joined(encodeVersioned(consumerSubscription, version, value))).toEqual(bytesOf(hex));
    const decoded = decodeVersioned(consumerSubscription, bytesOf(hex));
    expect(decoded.version).toBe(version);
    expect(decoded.value.topics).toEqual(['t']);
    expect(decoded.value.generationId).toBe(version < 2 ? -1 : 7);
  }
});

test('a version to come is read as the last one known', () => {
  const hex = '0009 00000001 0001 74 00000001 00000004 00000001 aa beef';
  expect(decodeVersioned(consumerAssignment, bytesOf(hex))).toEqual({
    version: 9,
    value: { assignedPartitions: [{ topic: 't', partitions: [4] }], userData: Uint8Array.of(0xaa) },
  });
});

test.each(['', '00', 'ffff 00000000 ffffffff', '0000 7fffffff'])('%j is refused', (hex) => {
  expect(() => decodeVersioned(consumerAssignment, bytesOf(hex))).toThrow(
    expect.objectContaining({ name: 'ProtocolError' }),
  );
});
