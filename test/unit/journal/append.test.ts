// An append that is late is written a second time and read meanwhile: whichever tells first whose slot it is.
import { expect, test } from 'vitest';
import type { Journal } from '../../../src/journal/journal.js';
import { Hedging } from '../../../src/objects/hedge.js';
import { StoreError } from '../../../src/objects/store.js';
import type { World } from '../../../src/world/world.js';
import { append } from '../../../workers/leader/append.js';
import { VirtualTime } from '../../simulation/virtual-time.js';

const ours = Uint8Array.of(1);
const others = Uint8Array.of(2);
const USUAL_MS = 10;
const READ_MS = 5;

interface Attempt {
  /** When its answer comes, and when it fills the slot if that is still absent. */
  readonly answerMs: number;
  readonly effectMs: number;
}

/** What became of an append whose first and second attempt take so long; `taken`: others' bytes are there from the start. */
async function appendSlowly(first: Attempt, second: Attempt, taken = false) {
  const time = new VirtualTime();
  const clock = time.clockOf(0);
  const timers = time.timersOf(() => true);
  const hedging = new Hedging({ clock, timers }, () => undefined);
  let usual = 0;
  const learn = () => hedging.run(() => new Promise<void>((resolve) => time.after(USUAL_MS, resolve)));
  for (let i = 0; i < 64; i += 1) void learn().then(() => (usual += 1));
  await time.run(() => usual === 64, 1e6);
  let slot: Uint8Array | undefined = taken ? others : undefined;
  const attempts: Attempt[] = [first, second];
  let reads = 0;
  const later = <T>(ms: number, signal: AbortSignal | undefined, value: () => T): Promise<T> =>
    new Promise((resolve, reject) => {
      time.after(ms, () => resolve(value()));
      signal?.addEventListener('abort', () => reject(new StoreError('unknown', '7', 'aborted')));
    });
  const journal: Pick<Journal, 'append' | 'read'> = {
    async append(_revision, bytes, signal) {
      const { answerMs, effectMs } = attempts.shift()!;
      let answer: 'appended' | 'taken' = 'taken';
      time.after(effectMs, () => {
        if (slot === undefined) answer = 'appended';
        slot ??= bytes;
      });
      return later(answerMs, signal, () => answer);
    },
    // What is there when half of the time has passed.
    async read(_revision, signal) {
      reads += 1;
      let found: Uint8Array | undefined;
      time.after(READ_MS / 2, () => (found = slot));
      return later(READ_MS, signal, () => found);
    },
  };
  const startedMs = time.nowMs;
  const world = { clock, timers } as World;
  let done: { owner: string; tookMs: number } | undefined;
  void append(world, journal as Journal, hedging, 7, ours, new AbortController().signal, () => undefined).then(
    (owner) => (done = { owner, tookMs: time.nowMs - startedMs }),
  );
  await time.run(() => done !== undefined, 1e6);
  return { ...done!, reads };
}

test('a slot that a late answer has long filled is known to be ours as soon as it is read', async () => {
  const late = { answerMs: 100, effectMs: 8 };
  expect(await appendSlowly(late, { answerMs: 6, effectMs: 3 })).toMatchObject({
    owner: 'ours',
    tookMs: USUAL_MS + READ_MS,
  });
});

test('an absent slot answers nothing: the write beside the reading does', async () => {
  const late = { answerMs: 100, effectMs: 90 };
  expect(await appendSlowly(late, { answerMs: 20, effectMs: 15 })).toEqual({ owner: 'ours', tookMs: 30, reads: 1 });
});

test('the first answer counts when it comes after all', async () => {
  expect(await appendSlowly({ answerMs: 12, effectMs: 6 }, { answerMs: 50, effectMs: 25 })).toMatchObject({
    owner: 'ours',
    tookMs: 12,
  });
});

test('a refused second attempt reads the slot again when it was absent before', async () => {
  const late = { answerMs: 100, effectMs: USUAL_MS + 4 };
  const refused = await appendSlowly(late, { answerMs: 8, effectMs: 6 });
  expect(refused).toEqual({ owner: 'ours', tookMs: USUAL_MS + 8 + READ_MS, reads: 2 });
});

test("others' bytes are others', whoever reads them", async () => {
  const late = { answerMs: 100, effectMs: 50 };
  expect(await appendSlowly(late, { answerMs: 40, effectMs: 20 }, true)).toMatchObject({
    owner: 'others',
    tookMs: USUAL_MS + READ_MS,
  });
  expect(await appendSlowly({ answerMs: 4, effectMs: 2 }, late, true)).toEqual({
    owner: 'others',
    tookMs: 9,
    reads: 1,
  });
});
