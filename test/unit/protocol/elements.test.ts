import fc from 'fast-check';
import { expect, test } from 'vitest';
import { apiList, apis } from '../../../src/protocol/apis.js';
import { arbitraryMessage } from './arbitrary-messages.js';

/** Elements of all arrays in a decoded value. */
function elementsIn(value: unknown): number {
  if (value instanceof Uint8Array || value === null || typeof value !== 'object') return 0;
  const inside = Object.values(value).reduce((sum: number, each) => sum + elementsIn(each), 0);
  return Array.isArray(value) ? value.length + inside : inside;
}

test.each(apiList.map((api) => [api.name, api] as const))('%s: elements are counted without decoding', (_name, api) => {
  for (let version = api.min; version <= api.max; version += 1) {
    for (const value of fc.sample(arbitraryMessage(api.request, version), { seed: version, numRuns: 20 })) {
      const bytes = Buffer.concat(api.request.encode(version, value).slices);
      expect(api.request.elements(version, bytes)).toBe(elementsIn(api.request.decode(version, bytes)));
    }
  }
});

test('more elements than a request may have are refused before anything is made of them', () => {
  const { slices } = apis.joinGroup.request.encode(0, {
    groupId: 'g',
    sessionTimeoutMs: 1,
    memberId: '',
    protocolType: 'consumer',
    protocols: Array.from({ length: 1_025 }, () => ({ name: '', metadata: new Uint8Array(0) })),
  });
  expect(() => apis.joinGroup.request.elements(0, Buffer.concat(slices))).toThrow('too many elements');
});
