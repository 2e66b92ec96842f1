import { expect, test } from 'vitest';
import { apiList } from '../../../src/protocol/apis.js';
import { ABSENT, differencesOf } from '../../differential/compare.js';
import { scriptsOf } from '../../differential/generate.js';

test('the same seed writes the same scripts, another seed others', () => {
  const text = (seed: number): string =>
    JSON.stringify(scriptsOf(seed, 800), (name, value: unknown) =>
      name === 'api' ? (value as { name: string }).name : value,
    );
  expect(text(5)).toBe(text(5));
  expect(text(5)).not.toBe(text(6));
});

test('a run asks for every version of every API', () => {
  const asked = new Set(
    scriptsOf(1, 4_000).flatMap(({ steps }) => steps.map(({ api, version }) => `${api.key}/${version}`)),
  );
  const served = apiList.flatMap(({ key, min, max }) =>
    Array.from({ length: max - min + 1 }, (_, index) => `${key}/${min + index}`),
  );
  expect(served.filter((version) => !asked.has(version))).toEqual([]);
});

const topic = (name: string, errorCode: number) => ({ name, errorCode });

test.each([
  ['nothing', [topic('a', 0)], [topic('a', 0)], []],
  ['nothing in another order', [topic('a', 0), topic('b', 3)], [topic('b', 3), topic('a', 0)], []],
  ['another error', [topic('a', 0), topic('b', 0)], [topic('a', 0), topic('b', 3)], ['topics.errorCode']],
  ['an element too many', [topic('a', 0), topic('b', 0)], [topic('a', 0)], ['topics']],
  ['one of two alike', [topic('a', 0), topic('a', 0)], [topic('a', 0)], ['topics']],
])('what differs: %s', (_, weft, kafka, fields) => {
  const found = differencesOf('Metadata', { outcome: 'answer', topics: weft }, { outcome: 'answer', topics: kafka });
  expect(found.map(({ field }) => field)).toEqual(fields);
  if (fields[0] === 'topics') expect(found[0]!.kafka).toBe(ABSENT);
});

test('order counts where it has a meaning; an answer is not the end of a connection', () => {
  const coordinators = [{ key: 'a' }, { key: 'b' }];
  const [one, other] = [coordinators, coordinators.toReversed()].map((list) => ({
    outcome: 'answer',
    coordinators: list,
  }));
  expect(differencesOf('FindCoordinator', one!, other!)).toHaveLength(2);
  expect(differencesOf('FindCoordinator', one!, { outcome: 'closed' }).map(({ field }) => field)).toEqual(['outcome']);
});
