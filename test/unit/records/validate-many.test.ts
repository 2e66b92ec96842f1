import { expect, test } from 'vitest';
import { encodeBatch } from '../../../src/records/encode.js';
import { type BatchRules, type Verdict, validateProduceBatches } from '../../../src/records/validate.js';
import { judgeBatch, NOW, rules } from './judge-batch.js';

interface Given {
  readonly batch: Uint8Array;
  readonly rules: BatchRules;
}

const goodOf = (n: number): Given => {
  const records = Array.from({ length: 1 + (n % 5) }, (_, i) => ({ timestampMs: NOW + n * 10 + i }));
  return { batch: encodeBatch({ records, codec: n % 3 === 0 ? 'lz4' : 'none' }), rules };
};
const damaged = (change: (bytes: Uint8Array) => void): Given => {
  const batch = goodOf(1).batch.slice();
  change(batch);
  return { batch, rules };
};

/** Every way for a batch to leave the common way, and the error of each. */
const bad: readonly (readonly [Given, number])[] = [
  [{ batch: new Uint8Array(0), rules }, 87],
  [{ batch: goodOf(1).batch.subarray(0, 60), rules }, 87],
  [damaged((bytes) => bytes.fill(255, 8, 12)), 2],
  [damaged((bytes) => bytes.fill(1, 16, 17)), 87],
  [damaged((bytes) => bytes.fill(1, 7, 8)), 87],
  [damaged((bytes) => bytes.fill(9, 17, 18)), 2],
  [{ ...goodOf(1), rules: { ...rules, maxMessageBytes: 70 } }, 10],
  [{ batch: encodeBatch({ records: [{}], attributes: 0x20 }), rules }, 87],
  [{ ...goodOf(1), rules: { ...rules, compacted: true } }, 87],
  [{ batch: encodeBatch({ records: [{ timestampMs: NOW + 4_000_000 }] }), rules }, 32],
];

function verdictsOf(given: readonly Given[]): Verdict[] {
  const sent: { position: number; length: number; rules: BatchRules; at: number }[] = [];
  let end = 0;
  for (const [at, { batch, rules: own }] of given.entries()) {
    sent.push({ position: end, length: batch.length, rules: own, at });
    end += batch.length;
  }
  const verdicts: Verdict[] = [];
  validateProduceBatches(Buffer.concat(given.map(({ batch }) => batch)), sent, ({ at }, verdict) => {
    expect(at).toBe(verdicts.length);
    verdicts.push(verdict);
  });
  return verdicts;
}

const aloneOf = ({ batch, rules: own }: Given): Verdict => judgeBatch(batch, 0, batch.length, own);

test('a bad batch of a request fails alone, wherever it stands and whatever is wrong with it', () => {
  for (const [wrong, error] of bad) {
    for (const place of [0, 3, 6]) {
      const given = Array.from({ length: 7 }, (_, n) => (n === place ? wrong : goodOf(n)));
      const verdicts = verdictsOf(given);
      expect(verdicts).toEqual(given.map(aloneOf));
      expect(verdicts[place]).toMatchObject({ kind: 'refused', error });
      expect(verdicts.filter(({ kind }) => kind === 'accepted')).toHaveLength(6);
    }
  }
});

// 64 batches share rows that are kept from request to request.
test.each([0, 63, 64, 65, 300])('%s batches get the verdict that each gets by itself', (count) => {
  const given = Array.from({ length: count }, (_, n) => (n % 4 === 3 ? bad[n % bad.length]![0] : goodOf(n)));
  expect(verdictsOf(given)).toEqual(given.map(aloneOf));
});

test('what is compressed is taken apart when its turn comes, not before', () => {
  const packed = encodeBatch({ records: [{ value: Buffer.alloc(1000) }], codec: 'gzip' });
  const wanted = { ...rules, codec: 0 };
  const sent = [0, packed.length].map((position) => ({ position, length: packed.length, rules: wanted }));
  const bytes = Buffer.concat([packed, packed]);
  const sizes: (number | undefined)[] = [];
  validateProduceBatches(bytes, sent, (_, verdict) => {
    if (verdict.kind === 'accepted') sizes.push(verdict.records?.length);
    else sizes.push(undefined);
    // The second batch is damaged behind its scan: only who decompresses it now can see that.
    bytes.fill(0, packed.length + 61);
  });
  expect(sizes).toEqual([1009, undefined]);
});

test('a request lists at most a thousand records at fault, and each batch still says what is wrong with it', () => {
  const records = Array.from({ length: 400 }, (_, i) => ({ timestampMs: NOW + (i === 399 ? 4_000_000 : 0) }));
  const keyless = { batch: encodeBatch({ records: records.slice(0, 399) }), rules: { ...rules, compacted: true } };
  const late = { batch: encodeBatch({ records }), rules };
  const claims = { batch: encodeBatch({ records, attributes: 8 }), rules };
  const unwalked = { ...claims, rules: { ...rules, walkRecords: false } };
  const given = [keyless, claims, keyless, late, unwalked, goodOf(1), keyless];
  const verdicts = verdictsOf(given);
  const listed = verdicts.map((verdict) => (verdict.kind === 'refused' ? verdict.recordFaults.length : undefined));
  expect(listed).toEqual([399, 400, 201, 0, 0, undefined, 0]);
  const withoutList = (verdict: Verdict) => ({ ...verdict, recordFaults: [] });
  expect(verdicts.map(withoutList)).toEqual(given.map(aloneOf).map(withoutList));
  expect(verdicts[6]).toMatchObject({ message: expect.stringMatching(/^399 records are at fault: a compacted/) });
});
