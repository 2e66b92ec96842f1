import { expect, it } from 'vitest';
import { Wakeups } from '../../../src/fetch/wakeups.js';

const at = (topicId: string, partition: number) => ({ topicId, partition });

function advanced(wakeups: Wakeups, ...partitions: readonly ReturnType<typeof at>[]): void {
  wakeups.applied({ advanced: partitions, deletedTopics: [] });
}

function watcher(wakeups: Wakeups, ...partitions: readonly ReturnType<typeof at>[]) {
  const count = { woken: 0, stop: () => {} };
  count.stop = wakeups.watch(partitions, () => {
    count.woken += 1;
  });
  return count;
}

it('an advance wakes each that waits for the partition once, and no other', () => {
  const wakeups = new Wakeups();
  const all = [
    watcher(wakeups, at('a', 0), at('a', 1)),
    watcher(wakeups, at('a', 1), at('b', 1)),
    watcher(wakeups, at('a', 1)),
    watcher(wakeups, at('b', 0)),
  ];
  advanced(wakeups, at('a', 1), at('b', 1), at('c', 0));
  expect(all.map(({ woken }) => woken)).toEqual([1, 1, 1, 0]);
  all[1]!.stop();
  all[2]!.stop();
  advanced(wakeups, at('a', 1), at('b', 1), at('b', 0));
  expect(all.map(({ woken }) => woken)).toEqual([2, 1, 1, 1]);
  for (const one of all) one.stop();
  advanced(wakeups, at('a', 0), at('a', 1), at('b', 0), at('b', 1));
  expect(all.map(({ woken }) => woken)).toEqual([2, 1, 1, 1]);
});

it('a partition named twice is watched once; who stops twice stops nobody else', () => {
  const wakeups = new Wakeups();
  const twice = watcher(wakeups, at('a', 0), at('a', 0));
  advanced(wakeups, at('a', 0));
  expect(twice.woken).toBe(1);
  twice.stop();
  const other = watcher(wakeups, at('a', 0));
  twice.stop();
  advanced(wakeups, at('a', 0));
  expect([twice.woken, other.woken]).toEqual([1, 1]);
});

it('a deleted topic wakes each that waits for any of its partitions once, and no other', () => {
  const wakeups = new Wakeups();
  const all = [
    watcher(wakeups, at('a', 0), at('a', 1), at('b', 0)),
    watcher(wakeups, at('a', 7)),
    watcher(wakeups, at('b', 7)),
  ];
  wakeups.applied({ advanced: [], deletedTopics: ['a', 'c'] });
  expect(all.map(({ woken }) => woken)).toEqual([1, 1, 0]);
});

it('a partition whose topic became another one while it was watched is let go of', () => {
  const wakeups = new Wakeups();
  const partition = { topicId: 'a', partition: 0 };
  const one = watcher(wakeups, partition);
  partition.topicId = 'b';
  one.stop();
  advanced(wakeups, at('a', 0));
  expect(one.woken).toBe(0);
});
