import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BuddyAllocator } from '../../../src/cache/buddy.js';

const PIECE = 64;
const ARENA = PIECE * 64;

test('pieces never overlap, and everything released is one piece again', () => {
  const steps = fc.array(fc.oneof(fc.integer({ min: 1, max: ARENA }), fc.constant('release' as const)), {
    maxLength: 200,
  });
  fc.assert(
    fc.property(steps, (actions) => {
      const buddy = new BuddyAllocator(ARENA, PIECE);
      const held: { position: number; bytes: number }[] = [];
      for (const action of actions) {
        if (action === 'release') {
          const freed = held.shift();
          if (freed !== undefined) buddy.release(freed.position);
          continue;
        }
        const position = buddy.allocate(action);
        if (position === undefined) continue;
        const bytes = buddy.rounded(action);
        expect(position + bytes).toBeLessThanOrEqual(ARENA);
        for (const other of held) {
          expect(position + bytes <= other.position || other.position + other.bytes <= position).toBe(true);
        }
        held.push({ position, bytes });
      }
      for (const { position } of held) buddy.release(position);
      expect(buddy.allocate(ARENA)).toBe(0);
    }),
  );
});

test('a full arena says so, and releasing twice is a programmer error', () => {
  const buddy = new BuddyAllocator(ARENA, PIECE);
  expect(buddy.allocate(ARENA)).toBe(0);
  expect(buddy.allocate(1)).toBeUndefined();
  buddy.release(0);
  expect(() => buddy.release(0)).toThrow('not allocated');
});
