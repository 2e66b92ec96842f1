import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Chunks, runOf } from '../../../src/threads/chunks.js';

test('small frames never overlap while they live, and a freed chunk comes back', () => {
  const step = fc.record({
    kind: fc.constantFrom('take', 'small', 'small', 'drop'),
    size: fc.integer({ min: 1, max: 256 }),
    pick: fc.nat(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const chunks = new Chunks(new SharedArrayBuffer(4 * 256 + 100), 256);
      const live: { readonly position: number; readonly length: number }[] = [];
      for (const { kind, size, pick } of steps) {
        if (kind === 'drop') {
          const [piece] = live.length === 0 ? [] : live.splice(pick % live.length, 1);
          if (piece !== undefined) {
            chunks.release(piece.position);
          }
          continue;
        }
        const position = kind === 'take' ? chunks.take() : chunks.reserveSmall(size);
        if (position === undefined) {
          expect(chunks.chunksFree).toBe(0);
          continue;
        }
        const piece = { position, length: kind === 'take' ? 256 : size };
        for (const other of live) {
          expect(other.position + other.length <= position || position + piece.length <= other.position).toBe(true);
        }
        expect(Math.floor(position / 256)).toBe(Math.floor((position + piece.length - 1) / 256));
        live.push(piece);
      }
      for (const piece of live) {
        chunks.release(piece.position);
      }
      // All but the bump chunk are free.
      expect(chunks.chunksFree).toBeGreaterThanOrEqual(chunks.chunksTotal - 1);
    }),
  );
});

test('an idle agent keeps to the chunk that it used last', () => {
  const chunks = new Chunks(new SharedArrayBuffer(4096), 1024);
  const first = chunks.take()!;
  chunks.release(first);
  expect(chunks.take()).toBe(first);
  const position = chunks.reserveSmall(100)!;
  for (let i = 0; i < 100; i += 1) {
    chunks.release(position);
    expect(chunks.reserveSmall(100)).toBe(position);
  }
});

test('the chunk beside the last one is taken while it is free, and earlier ones where four lie side by side', () => {
  const chunks = new Chunks(new SharedArrayBuffer(16 * 1024), 1024);
  const taken = [chunks.take()!];
  const next = () => taken[taken.push(chunks.take(taken.at(-1))!) - 1]!;
  for (let at = 1; at < 6; at += 1) expect(next()).toBe(at * 1024);
  for (const at of [0, 1, 2]) chunks.release(at * 1024);
  expect(next()).toBe(6 * 1024);
  chunks.release(3 * 1024);
  expect(next()).toBe(0);
  expect(next()).toBe(1024);
  // Another one's chunk lies beside.
  expect(chunks.take()).toBe(2 * 1024);
  expect(next()).toBe(3 * 1024);
  expect(next()).toBe(7 * 1024);
  // The last one has none beside it.
  while (taken.at(-1) !== 15 * 1024) next();
  expect(chunks.take(taken.at(-1))).toBeUndefined();
  chunks.release(5 * 1024);
  expect(next()).toBe(5 * 1024);
});

test('a chunk that stays in use among the first ones does not make a stream walk through the arena', () => {
  const chunks = new Chunks(new SharedArrayBuffer(64 * 1024), 1024);
  const busy = [chunks.take()!];
  chunks.take();
  // Four chunks' worth is under way.
  for (let step = 0; step < 200; step += 1) {
    busy.push(chunks.take(busy.at(-1))!);
    if (busy.length > 4) chunks.release(busy.shift()!);
    expect(busy.at(-1)).toBeLessThan(16 * 1024);
  }
});

test('pieces side by side are one run, others are none', () => {
  expect(runOf([{ position: 5, length: 10 }])).toEqual({ position: 5, length: 10 });
  expect(runOf([5, 15, 25].map((position) => ({ position, length: 10 })))).toEqual({ position: 5, length: 30 });
  expect(runOf([5, 16].map((position) => ({ position, length: 10 })))).toBeUndefined();
  expect(runOf([15, 5].map((position) => ({ position, length: 10 })))).toBeUndefined();
  expect(runOf([])).toBeUndefined();
});

test('a reference too many or too few is a programmer error', () => {
  const chunks = new Chunks(new SharedArrayBuffer(4096), 1024);
  const position = chunks.take()!;
  chunks.retain(position + 5);
  chunks.release(position + 1023);
  expect(chunks.chunksFree).toBe(3);
  chunks.release(position);
  expect(() => chunks.release(position)).toThrow(/more often/);
  expect(() => chunks.retain(position)).toThrow(/free/);
  expect(() => chunks.release(4096)).toThrow(RangeError);
  expect(() => chunks.reserveSmall(1025)).toThrow(RangeError);
});
