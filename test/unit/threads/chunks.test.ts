import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Chunks } from '../../../src/threads/chunks.js';

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
