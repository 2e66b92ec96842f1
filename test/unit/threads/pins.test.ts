import { expect, test } from 'vitest';
import { createPins, evictSlot, isUnpinned, openSlot, pinSlot, unpinSlot } from '../../../src/threads/pins.js';

test('a slot is pinned only in its own generation and evicted only without pins', () => {
  const words = new Int32Array(createPins(2));
  expect(pinSlot(words, 1, 0)).toBe(false);
  const first = openSlot(words, 1);
  expect(pinSlot(words, 1, first)).toBe(true);
  expect(pinSlot(words, 1, first)).toBe(true);
  expect(evictSlot(words, 1)).toBe(false);
  unpinSlot(words, 1);
  expect(isUnpinned(words, 1)).toBe(false);
  unpinSlot(words, 1);
  expect(evictSlot(words, 1)).toBe(true);
  expect(pinSlot(words, 1, first)).toBe(false);
  const second = openSlot(words, 1);
  expect(second).not.toBe(first);
  expect(pinSlot(words, 1, first)).toBe(false);
  expect(pinSlot(words, 1, second)).toBe(true);
  expect(pinSlot(words, 0, second)).toBe(false);
});

test('generations wrap, pins saturate, and misuse throws', () => {
  const words = new Int32Array(createPins(1));
  for (let i = 0; i < 70_000; i += 1) {
    openSlot(words, 0);
    expect(evictSlot(words, 0)).toBe(true);
  }
  const generation = openSlot(words, 0);
  expect(generation).toBe(70_001 & 0xffff);
  let pins = 0;
  while (pinSlot(words, 0, generation)) {
    pins += 1;
  }
  expect(pins).toBe(0xfffe);
  expect(() => openSlot(words, 0)).toThrow(/open already/);
  for (; pins > 0; pins -= 1) {
    unpinSlot(words, 0);
  }
  expect(() => unpinSlot(words, 0)).toThrow(/not pinned/);
});
