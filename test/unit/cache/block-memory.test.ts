import { expect, test } from 'vitest';
import { BlockMemory } from '../../../src/cache/block-memory.js';

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
  await memory.admit(1024);
  const large = memory.admit(4096).then(() => order.push('large'));
  const small = memory.admit(1024).then(() => order.push('small'));
  await Promise.resolve();
  expect(order).toEqual([]);
  memory.leave(1024);
  await large;
  expect(order).toEqual(['large']);
  memory.leave(4096);
  await small;
  expect(order).toEqual(['large', 'small']);
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
