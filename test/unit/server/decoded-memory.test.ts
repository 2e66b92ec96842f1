import { expect, test } from 'vitest';
import { DecodedMemory, type DecodedShare } from '../../../src/server/decoded-memory.js';

const KiB = 1024;
const never = new AbortController().signal;

class Bench {
  nowMs = 0;
  readonly memory = new DecodedMemory(4 * 1024 * KiB, { monotonicMs: () => this.nowMs, wallMs: () => 0 });

  /** A request of so many elements; what became of it. */
  ask(elements: number, signal = never) {
    const asked = { share: undefined as DecodedShare | undefined, gone: false, revoked: false };
    const admitted = this.memory.admit(0, elements, signal, () => {
      asked.revoked = true;
    });
    if (admitted instanceof Promise) {
      void admitted.then((share) => {
        if (share === 'gone') asked.gone = true;
        else asked.share = share;
      });
    } else {
      asked.share = admitted;
    }
    return asked;
  }
}

test('what takes little is free, what takes much waits its turn, and one larger than the memory is admitted alone', async () => {
  const bench = new Bench();
  expect(bench.ask(16).share).toBeUndefined();
  expect(bench.memory.heldBytes).toBe(0);
  const first = bench.ask(1_000_000);
  expect(first.share).toBeDefined();
  const second = bench.ask(4_000);
  const small = bench.ask(100);
  expect([second.share, small.share === undefined]).toEqual([undefined, false]);
  first.share!.release();
  await Promise.resolve();
  expect(second.share).toBeDefined();
  second.share!.release();
  small.share!.release();
  expect(bench.memory.heldBytes).toBe(0);
});

test('whoever waits for something else is told when others wait for memory, and disconnected when it does not give way', async () => {
  const bench = new Bench();
  const holder = bench.ask(4_000);
  const late = bench.ask(50);
  expect(holder.share!.crowded.aborted).toBe(false);
  const waiting = bench.ask(4_000);
  expect([holder, late].map(({ share }) => share!.crowded.aborted)).toEqual([true, true]);
  expect(bench.ask(50).share!.crowded.aborted).toBe(true);
  bench.nowMs = 4_999;
  bench.memory.tick(bench.nowMs);
  expect(holder.revoked).toBe(false);
  bench.nowMs = 5_000;
  bench.memory.tick(bench.nowMs);
  expect(holder.revoked).toBe(true);
  holder.share!.release();
  await Promise.resolve();
  expect(waiting.share!.crowded.aborted).toBe(false);
  bench.nowMs = 60_000;
  bench.memory.tick(bench.nowMs);
  expect(waiting.revoked).toBe(false);
});

test('a request whose connection is closed before its turn leaves the line', async () => {
  const bench = new Bench();
  const holder = bench.ask(4_000);
  const closing = new AbortController();
  const waiting = bench.ask(4_000, closing.signal);
  const next = bench.ask(4_000);
  closing.abort();
  await Promise.resolve();
  expect(waiting.gone).toBe(true);
  holder.share!.release();
  await Promise.resolve();
  expect(next.share).toBeDefined();
  next.share!.release();
  expect(bench.memory.heldBytes).toBe(0);
});
