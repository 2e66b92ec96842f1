import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Published } from '../../../src/metadata/outcomes.js';
import { command, JournalMaker, segment, topicId } from './journal-maker.js';

type Attempt = readonly [producerId: number, epoch: number, sequence: number, records: number];

/** Publishes attempts, a segment each, and keeps what became of them. */
class Publisher {
  readonly journal = new JournalMaker();
  readonly epoch = this.journal.register();
  #segment = 0;

  constructor() {
    this.journal.createTopic(this.epoch, 'orders', 1, 2);
  }

  /** [error, base offset, appended] of each attempt, all in one segment. */
  publish(attempts: readonly Attempt[], partition = 0): [number, number, number][] {
    const batches = attempts.map(([id, epoch, sequence, records]) => ({
      records,
      producer: [id, epoch, sequence] as const,
    }));
    const outcome = this.journal.send(
      this.epoch,
      segment(++this.#segment, [{ topic: topicId(1), partition, batches }]),
    ) as Published;
    const { errors, baseOffsets, appended } = outcome.partitions[0]!;
    return attempts.map((_, at) => [errors[at]!, baseOffsets[at]!, appended[at]!]);
  }
}

describe('a producer', () => {
  const MAX = 0x7fff_ffff;
  test.each<[string, Attempt[], [number, number, number]]>([
    ['without state may begin anywhere', [[7, 3, 42, 1]], [0, 0, 1]],
    [
      'goes on with the next sequence',
      [
        [7, 0, 0, 5],
        [7, 0, 5, 1],
      ],
      [0, 5, 1],
    ],
    [
      'may not skip one',
      [
        [7, 0, 0, 5],
        [7, 0, 6, 1],
      ],
      [45, -1, 0],
    ],
    [
      'may not go back',
      [
        [7, 0, 0, 5],
        [7, 0, 4, 1],
      ],
      [45, -1, 0],
    ],
    [
      'gets the original offset for a repeat',
      [
        [7, 0, 0, 5],
        [7, 0, 5, 2],
        [7, 0, 0, 5],
      ],
      [0, 0, 0],
    ],
    [
      'is not repeated by a batch of another size',
      [
        [7, 0, 0, 5],
        [7, 0, 0, 4],
      ],
      [45, -1, 0],
    ],
    [
      'is recognised five batches back',
      [
        [7, 0, 0, 1],
        [7, 0, 1, 1],
        [7, 0, 2, 1],
        [7, 0, 3, 1],
        [7, 0, 4, 1],
        [7, 0, 0, 1],
      ],
      [0, 0, 0],
    ],
    [
      'is not recognised six batches back',
      [
        [7, 0, 0, 1],
        [7, 0, 1, 1],
        [7, 0, 2, 1],
        [7, 0, 3, 1],
        [7, 0, 4, 1],
        [7, 0, 5, 1],
        [7, 0, 0, 1],
      ],
      [45, -1, 0],
    ],
    [
      'of an older epoch is fenced',
      [
        [7, 1, 0, 1],
        [7, 0, 1, 1],
      ],
      [47, -1, 0],
    ],
    [
      'of an older epoch is fenced even with a repeat',
      [
        [7, 0, 0, 1],
        [7, 1, 0, 1],
        [7, 0, 0, 1],
      ],
      [47, -1, 0],
    ],
    [
      'begins a new epoch at 0',
      [
        [7, 0, 0, 1],
        [7, 1, 0, 1],
      ],
      [0, 1, 1],
    ],
    [
      'does not begin a new epoch elsewhere',
      [
        [7, 0, 0, 1],
        [7, 1, 1, 1],
      ],
      [45, -1, 0],
    ],
    [
      'wraps to 0',
      [
        [7, 0, MAX, 1],
        [7, 0, 0, 1],
      ],
      [0, 1, 1],
    ],
    [
      'wraps inside a batch',
      [
        [7, 0, MAX, 3],
        [7, 0, 2, 1],
      ],
      [0, 3, 1],
    ],
    [
      'repeats a batch that wraps',
      [
        [7, 0, MAX, 3],
        [7, 0, MAX, 3],
      ],
      [0, 0, 0],
    ],
    [
      'does not disturb another',
      [
        [7, 0, 0, 1],
        [8, 0, 9, 1],
      ],
      [0, 1, 1],
    ],
    ['with a negative sequence is no producer', [[7, 0, -1, 1]], [87, -1, 0]],
    ['with a negative epoch is no producer', [[7, -1, 0, 1]], [47, -1, 0]],
    ['with an id below -1 is no producer', [[-2, 0, 0, 1]], [87, -1, 0]],
    [
      'is not advanced by a refused batch',
      [
        [7, 0, 0, 1],
        [7, 0, 2, 1],
        [7, 0, 3, 1],
        [7, 0, 1, 1],
      ],
      [0, 1, 1],
    ],
  ])('%s', (_, attempts, expected) => {
    expect(new Publisher().publish(attempts).at(-1)).toEqual(expected);
    const apart = new Publisher();
    expect(attempts.map((attempt) => apart.publish([attempt])[0]).at(-1)).toEqual(expected);
  });

  test('has its own state in each partition', () => {
    const publisher = new Publisher();
    publisher.publish([[7, 0, 0, 1]], 0);
    expect(publisher.publish([[7, 0, 0, 1]], 1)).toEqual([[0, 0, 1]]);
    expect(publisher.publish([[7, 0, 1, 1]], 0)).toEqual([[0, 1, 1]]);
  });

  test('follows a naive model', () => {
    const attempt: fc.Arbitrary<Attempt> = fc.tuple(
      fc.integer({ min: 1, max: 2 }),
      fc.integer({ min: 0, max: 2 }),
      fc.integer({ min: 0, max: 12 }),
      fc.integer({ min: 1, max: 2 }),
    );
    fc.assert(
      fc.property(fc.array(fc.array(attempt, { minLength: 1, maxLength: 6 }), { maxLength: 30 }), (segments) => {
        const publisher = new Publisher();
        const log: (Attempt & { offset?: number })[] = [];
        const offsets: number[] = [];
        let end = 0;
        for (const attempts of segments) {
          const expected = attempts.map((one): [number, number, number] => {
            const [id, epoch, sequence, records] = one;
            const own = log.flatMap((past, at) => (past[0] === id ? [{ past, offset: offsets[at]! }] : []));
            const newest = own.at(-1)?.past;
            if (newest !== undefined) {
              if (epoch < newest[1]) {
                return [47, -1, 0];
              }
              const window = own.filter(({ past }) => past[1] === newest[1]).slice(-5);
              if (epoch === newest[1]) {
                const original = window.find(({ past }) => past[2] === sequence && past[3] === records);
                if (original !== undefined) {
                  return [0, original.offset, 0];
                }
                if (sequence !== newest[2] + newest[3]) {
                  return [45, -1, 0];
                }
              } else if (sequence !== 0) {
                return [45, -1, 0];
              }
            }
            log.push(one);
            offsets.push(end);
            end += records;
            return [0, end - records, 1];
          });
          expect(publisher.publish(attempts)).toEqual(expected);
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('producer rows', () => {
  test('above the cap the one used longest ago goes', () => {
    const publisher = new Publisher();
    publisher.journal.bare(command('setLimits', { metadataBytesMax: 0, producerRowsMax: 2 }));
    publisher.publish([
      [1, 0, 0, 1],
      [2, 0, 0, 1],
    ]);
    publisher.publish([[1, 0, 1, 1]]);
    publisher.publish([[3, 0, 0, 1]]);
    // 2 was forgotten and may begin anywhere; 1 was not.
    expect(
      publisher
        .publish([
          [1, 0, 9, 1],
          [2, 0, 9, 1],
        ])
        .map(([error]) => error),
    ).toEqual([45, 0]);
  });

  test('a lower cap lets rows go, and every row gives its bytes back', () => {
    const publisher = new Publisher();
    const { metadata } = publisher.journal;
    publisher.publish([[1, 0, 0, 1]]);
    const one = metadata.bytes;
    publisher.publish([
      [2, 0, 0, 1],
      [3, 0, 0, 1],
    ]);
    const before = metadata.bytes;
    publisher.journal.bare(command('setLimits', { metadataBytesMax: 0, producerRowsMax: 1 }));
    expect(before - metadata.bytes).toBe(2 * 176);
    expect(one).toBeLessThan(metadata.bytes);
    expect(
      publisher
        .publish([
          [3, 0, 9, 1],
          [1, 0, 9, 1],
        ])
        .map(([error]) => error),
    ).toEqual([45, 0]);
  });

  test('producer ids are given in blocks that never meet', () => {
    const { journal, epoch } = new Publisher();
    const allocate = (count: number) => journal.send(epoch, command('allocateProducerIds', { count }));
    expect(allocate(1000)).toEqual({ kind: 'producer-ids-allocated', first: 1, count: 1000 });
    expect(allocate(5)).toEqual({ kind: 'producer-ids-allocated', first: 1001, count: 5 });
    expect(allocate(0)).toMatchObject({ kind: 'refused', error: 42 });
    expect(allocate(1_000_001)).toMatchObject({ kind: 'refused', error: 42 });
  });
});
