import { expect, test } from 'vitest';
import { GroupWaiters } from '../../../src/groups/waiters.js';

function setUp() {
  const stages = new Map([['g', 'preparing 1']]);
  const waiters = new GroupWaiters((group) => stages.get(group) ?? 'absent');
  let looks = 0;
  let found: string | undefined;
  const look = () => {
    looks += 1;
    return found;
  };
  return {
    stages,
    waiters,
    look,
    looks: () => looks,
    find: (value: string) => {
      found = value;
    },
  };
}

const client = () => new AbortController();

test('a waiter looks again when the stage of its group has changed, and not for anything else', async () => {
  const { stages, waiters, look, looks, find } = setUp();
  const result = waiters.wait('g', client().signal, look);
  expect(looks()).toBe(1);
  waiters.changed(new Set(['g', 'h']));
  expect(looks()).toBe(1);
  stages.set('g', 'completing 2');
  waiters.changed(new Set(['h']));
  expect(looks()).toBe(1);
  waiters.changed(new Set(['g']));
  expect(looks()).toBe(2);
  waiters.changed(new Set(['g']));
  expect(looks()).toBe(2);
  find('an answer');
  stages.delete('g');
  waiters.changed(new Set(['g']));
  expect(await result).toBe('an answer');
  expect(waiters.isEmpty).toBe(true);
});

test('one that comes later is woken with those who came before', async () => {
  const { stages, waiters, look, find } = setUp();
  const first = waiters.wait('g', client().signal, look);
  stages.set('g', 'preparing 2');
  const second = waiters.wait('g', client().signal, look);
  find('an answer');
  waiters.changed(new Set(['g']));
  expect(await Promise.all([first, second])).toEqual(['an answer', 'an answer']);
});

test('a client that is gone waits no more, nor does anyone when it closes', async () => {
  const { waiters, look } = setUp();
  const gone = client();
  const lost = waiters.wait('g', gone.signal, look);
  gone.abort();
  expect(await lost).toBeUndefined();
  const waiting = waiters.wait('g', client().signal, look);
  waiters.close();
  expect(await waiting).toBeUndefined();
  expect(waiters.isEmpty).toBe(true);
});
