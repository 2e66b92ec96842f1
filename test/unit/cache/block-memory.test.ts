import { expect, test } from 'vitest';
import { BlockMemory } from '../../../src/cache/block-memory.js';

const reader = { signal: new AbortController().signal, crowded: undefined };

test('the least recently used unpinned block makes room, a pinned one never', () => {
  const memory = new BlockMemory(4096, 1024);
  for (const key of ['a', 'b', 'c', 'd']) expect(memory.place(key, 1024)).toBeDefined();
  memory.get('b')!.pins += 1;
  memory.get('a');
  expect(memory.place('e', 1024)).toBeDefined();
  expect(memory.get('c')).toBeUndefined();
  expect(memory.get('b')).toBeDefined();
  for (const key of ['a', 'd', 'e']) memory.get(key)!.pins += 1;
  expect(memory.place('f', 1024)).toBeUndefined();
});

test('readers are admitted in line, and one that is larger than half waits to be alone', async () => {
  const memory = new BlockMemory(4096, 1024);
  const order: string[] = [];
  await memory.admit(1024, reader);
  const large = memory.admit(4096, reader).then(() => order.push('large'));
  const small = memory.admit(1024, reader).then(() => order.push('small'));
  await Promise.resolve();
  expect(order).toEqual([]);
  memory.leave(1024);
  await large;
  expect(order).toEqual(['large']);
  memory.leave(4096);
  await small;
  expect(order).toEqual(['large', 'small']);
});

test.each(['signal', 'crowded'] as const)('who leaves the line lets those behind pass: %s', async (why) => {
  const memory = new BlockMemory(4096, 1024);
  await memory.admit(1024, reader);
  const end = new AbortController();
  const large = memory.admit(4096, { ...reader, [why]: end.signal });
  const small = memory.admit(1024, reader);
  expect(memory.waitingCount).toBe(2);
  end.abort();
  expect(memory.waitingCount).toBe(0);
  expect(await Promise.all([large, small])).toEqual([false, true]);
  // Once admitted nobody is in line any more.
  memory.leave(2048);
  const alone = new AbortController();
  expect(await memory.admit(4096, { ...reader, [why]: alone.signal })).toBe(true);
  alone.abort();
  expect(await memory.admit(1024, { ...reader, [why]: end.signal })).toBe(false);
});

test('a forgotten block is loaded anew, and its bytes stay for those who hold it', () => {
  const memory = new BlockMemory(2048, 1024);
  const held = memory.place('a', 1024)!;
  held.pins += 1;
  memory.forget(held);
  expect(memory.get('a')).toBeUndefined();
  const again = memory.place('a', 1024)!;
  expect(again.position).not.toBe(held.position);
  again.pins += 1;
  expect(memory.place('b', 1024)).toBeUndefined();
  held.pins -= 1;
  expect(memory.place('b', 1024)!.position).toBe(held.position);
});
