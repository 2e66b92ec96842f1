import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createPins, pinSlot, unpinSlot } from '../../../src/threads/pins.js';
import { SegmentRing, type SegmentRoom } from '../../../src/threads/segment-ring.js';

interface Held {
  readonly room: SegmentRoom;
  generation: number | undefined;
  pins: number;
}

test('rooms never overlap, held and pinned segments survive, the oldest readable ones make room', () => {
  const step = fc.record({
    kind: fc.constantFrom('allocate', 'allocate', 'readable', 'readable', 'free', 'pin', 'unpin'),
    size: fc.integer({ min: 1, max: 400 }),
    pick: fc.nat(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), fc.integer({ min: 1, max: 12 }), (steps, slots) => {
      const words = new Int32Array(createPins(slots));
      const ring = new SegmentRing(1000, words);
      let live: Held[] = [];
      for (const { kind, size, pick } of steps) {
        const chosen = live.length === 0 ? undefined : live[pick % live.length]!;
        if (kind === 'allocate') {
          const room = ring.allocate(size);
          // What was evicted for it can no longer be pinned; whatever was held or pinned must still be there.
          live = live.filter((held) => held.generation === undefined || held.pins > 0 || isReadable(words, held));
          if (room === undefined) {
            // Even so, everything held or pinned stays.
            expect(live.length).toBeGreaterThan(0);
          } else {
            for (const { room: other } of live) {
              expect(
                other.position + other.length <= room.position || room.position + room.length <= other.position,
              ).toBe(true);
              expect(other.slot).not.toBe(room.slot);
            }
            expect(room.position + room.length).toBeLessThanOrEqual(1000);
            live.push({ room, generation: undefined, pins: 0 });
          }
        } else if (chosen === undefined) {
        } else if (kind === 'readable' && chosen.generation === undefined) {
          chosen.generation = ring.makeReadable(chosen.room);
        } else if (kind === 'free' && chosen.generation === undefined) {
          ring.free(chosen.room);
          live = live.filter((held) => held !== chosen);
        } else if (kind === 'pin' && chosen.generation !== undefined) {
          chosen.pins += pinSlot(words, chosen.room.slot, chosen.generation) ? 1 : 0;
        } else if (kind === 'unpin' && chosen.pins > 0) {
          unpinSlot(words, chosen.room.slot);
          chosen.pins -= 1;
        }
      }
      // Once nothing is held or pinned, the whole arena can be had again.
      for (const held of live) {
        for (; held.pins > 0; held.pins -= 1) {
          unpinSlot(words, held.room.slot);
        }
        held.generation ??= ring.makeReadable(held.room);
      }
      expect(ring.allocate(1000)).toMatchObject({ position: 0, length: 1000 });
    }),
  );
});

test('the oldest go first, one at a time', () => {
  const words = new Int32Array(createPins(10));
  const ring = new SegmentRing(300, words);
  const rooms = [0, 1, 2].map(() => ring.allocate(100)!);
  const generations = rooms.map((room) => ring.makeReadable(room));
  expect(ring.allocate(60)!.position).toBe(0);
  expect(rooms.map((room, i) => pinSlot(words, room.slot, generations[i]!))).toEqual([false, true, true]);
});

test('a segment that a reader never lets go of is stepped over', () => {
  const words = new Int32Array(createPins(10));
  const ring = new SegmentRing(300, words);
  const rooms = [0, 1, 2].map(() => ring.allocate(100)!);
  const generations = rooms.map((room) => ring.makeReadable(room));
  pinSlot(words, rooms[0]!.slot, generations[0]!);
  for (let i = 0; i < 20; i += 1) {
    const room = ring.allocate(90)!;
    expect(room.position).toBeGreaterThanOrEqual(100);
    ring.makeReadable(room);
  }
  expect(ring.allocate(201)).toBeUndefined();
});

test('a shrunk segment leaves its end to the next one', () => {
  const ring = new SegmentRing(300, new Int32Array(createPins(4)));
  const room = ring.allocate(200)!;
  ring.shrink(room, 50);
  expect(ring.allocate(250)).toMatchObject({ position: 50 });
});

function isReadable(words: Int32Array, held: Held): boolean {
  if (!pinSlot(words, held.room.slot, held.generation!)) {
    return false;
  }
  unpinSlot(words, held.room.slot);
  return true;
}
