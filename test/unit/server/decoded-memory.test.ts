import { describe, expect, test } from 'vitest';
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

test('who does not give way is disconnected 5 s after somebody else came to wait for memory', async () => {
  const bench = new Bench();
  const holder = bench.ask(4_000);
  bench.nowMs = 7_000;
  const waiting = bench.ask(4_000);
  bench.nowMs = 11_999;
  bench.memory.tick(bench.nowMs);
  expect(holder.revoked).toBe(false);
  bench.nowMs = 12_000;
  bench.memory.tick(bench.nowMs);
  expect(holder.revoked).toBe(true);
  holder.share!.release();
  await Promise.resolve();
  expect(waiting.share).toBeDefined();
  bench.nowMs = 60_000;
  bench.memory.tick(bench.nowMs);
  expect(waiting.revoked).toBe(false);
});

describe('of those that would give way', () => {
  /** Some that hold their share and give way when they are told to, oldest first. */
  function fetches(bench: Bench, count: number, elements: number) {
    const all = Array.from({ length: count }, () => bench.ask(elements));
    for (const each of all) each.share!.crowded();
    return {
      all,
      told: () => all.flatMap(({ share }, i) => (share!.crowded().aborted ? [i] : [])),
      endTold: () => {
        for (const { share } of all) if (share!.crowded().aborted) share!.release();
      },
    };
  }

  test('as many are told as make room, the oldest first; the others are left alone however long they hold', async () => {
    const bench = new Bench();
    // 2 MiB for small requests and 2 MiB for all: 16 of 250 KiB fill both.
    const holders = fetches(bench, 16, 500);
    expect(holders.told()).toEqual([]);
    const first = bench.ask(700);
    expect(holders.told()).toEqual([0, 1]);
    const second = bench.ask(300);
    expect(holders.told()).toEqual([0, 1]);
    const third = bench.ask(100);
    expect(holders.told()).toEqual([0, 1, 2]);
    holders.endTold();
    await Promise.resolve();
    expect([first, second, third].map(({ share }) => share !== undefined)).toEqual([true, true, true]);
    bench.nowMs = 60_000;
    bench.memory.tick(bench.nowMs);
    expect(holders.all.map(({ revoked }) => revoked)).not.toContain(true);
  });

  test('who waits for much is made room by those whose memory it can have', () => {
    const bench = new Bench();
    const holders = fetches(bench, 16, 500);
    bench.ask(2_500);
    // The first eight have the memory that only small requests may have.
    expect(holders.told()).toEqual([8, 9, 10, 11, 12]);
  });

  test('who is told and does not end is disconnected after 5 s, and no other', () => {
    const bench = new Bench();
    const holders = fetches(bench, 16, 500);
    bench.nowMs = 7_000;
    bench.ask(500);
    bench.nowMs = 11_999;
    bench.memory.tick(bench.nowMs);
    expect(holders.all[0]!.revoked).toBe(false);
    bench.nowMs = 12_000;
    bench.memory.tick(bench.nowMs);
    expect(holders.all.map(({ revoked }) => revoked).indexOf(true)).toBe(0);
    expect(holders.all.map(({ revoked }) => revoked).lastIndexOf(true)).toBe(0);
  });

  test('who comes to hold while others wait is told at once when it is needed, and has its 5 s', () => {
    const bench = new Bench();
    const busy = Array.from({ length: 15 }, () => bench.ask(500));
    const late = bench.ask(500);
    bench.ask(500);
    bench.nowMs = 60_000;
    expect(late.share!.crowded().aborted).toBe(true);
    bench.memory.tick(bench.nowMs);
    expect([busy[0]!.revoked, late.revoked]).toEqual([true, false]);
  });
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
