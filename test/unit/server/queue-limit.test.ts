import { expect, test } from 'vitest';
import { QUEUE_MS_TARGET, QueueLimit } from '../../../src/server/queue-limit.js';
import { ByteBudget, Flow } from '../../../src/threads/budget.js';

const MiB = 2 ** 20;
const SEGMENT_BYTES = 8 * MiB;
const BYTES_MIN = 2 * SEGMENT_BYTES;
const BYTES_MAX = 56 * MiB;

interface Request {
  readonly arrivedMs: number;
  readonly bytes: number;
  readonly done: () => void;
}

/** Clients before a store that takes a segment at a time, in virtual time: a queue with one server. */
class Model {
  nowMs = 0;
  storedBytes = 0;
  /** Times at which the store had nothing to do. */
  idleMs = 0;
  readonly budget = new ByteBudget({ smallBytes: 16 * MiB, commonBytes: 40 * MiB, ownBytes: 0 }, 0);
  readonly queue = new QueueLimit(this.budget, { bytesMin: BYTES_MIN, bytesMax: BYTES_MAX }, 0);
  readonly #bytesPerMs: number;
  readonly #sealed: Request[] = [];
  readonly #due: { readonly atMs: number; readonly run: () => void }[] = [];

  constructor(mbPerSecond: number) {
    this.#bytesPerMs = mbPerSecond * 1_000;
  }

  after(delayMs: number, run: () => void): void {
    this.#due.push({ atMs: this.nowMs + delayMs, run });
    this.#due.sort((a, b) => a.atMs - b.atMs);
  }

  /** Claims `bytes`, which then take `fillMs` to come; `answered` runs when they are stored. */
  request(flow: Flow, bytes: number, fillMs: number, answered: (waitedMs: number) => void): void {
    const askedMs = this.nowMs;
    const granted = (): void =>
      this.after(fillMs, () => {
        reservation!.filled();
        const arrivedMs = this.nowMs;
        const done = (): void => {
          this.queue.sealed(this.nowMs - arrivedMs, this.nowMs);
          reservation!.release();
          this.after(this.#storeMs, () => answered(this.nowMs - askedMs));
        };
        this.#sealed.push({ arrivedMs, bytes, done });
      });
    const reservation = this.budget.reserve(bytes, 'produce', this.nowMs, { granted, revoked: () => {} }, flow);
  }

  run(untilMs: number): void {
    this.#store();
    for (let next = this.#due.shift(); next !== undefined && next.atMs <= untilMs; next = this.#due.shift()) {
      this.nowMs = next.atMs;
      next.run();
    }
    this.nowMs = untilMs;
  }

  get #storeMs(): number {
    return SEGMENT_BYTES / this.#bytesPerMs;
  }

  /** Seals what came, a segment at the most, and is busy with it. */
  #store(): void {
    let bytes = 0;
    while (this.#sealed.length > 0 && bytes < SEGMENT_BYTES) {
      const request = this.#sealed.shift()!;
      bytes += request.bytes;
      request.done();
    }
    this.storedBytes += bytes;
    if (bytes === 0) this.idleMs += 1;
    this.after(bytes === 0 ? 1 : bytes / this.#bytesPerMs, () => this.#store());
  }
}

function saturate(model: Model, connections: number, bytes: number, fillMs: number): void {
  for (let i = 0; i < connections; i += 1) {
    const flow = new Flow();
    const again = (): void => model.request(flow, bytes, fillMs, again);
    again();
  }
}

test('before a slow store the queue is as long as the target, and the store as busy as before', () => {
  const model = new Model(50);
  saturate(model, 128, MiB, 1);
  const waits: number[] = [];
  const quiet = new Flow();
  const again = (): void =>
    model.request(quiet, 1_000, 1, (waitedMs) => {
      if (model.nowMs > 5_000) waits.push(waitedMs);
      again();
    });
  again();
  model.run(30_000);
  expect(model.storedBytes).toBeGreaterThan(0.99 * 50_000 * 30_000);
  expect(waits.length).toBeGreaterThan(20);
  // For its turn, what lies before it, and the upload: a segment's time each, beside the queue.
  const segmentMs = SEGMENT_BYTES / 50_000;
  expect(Math.max(...waits)).toBeLessThan(Math.max(QUEUE_MS_TARGET, BYTES_MIN / 50_000) + 3 * segmentMs);
});

test('clients that are slow to send keep the whole budget: nothing of theirs stands in a queue', () => {
  const model = new Model(500);
  saturate(model, 128, MiB, 2_000);
  model.run(30_000);
  // 56 of them are under way at a time, each for the 2 s that it takes.
  expect(model.storedBytes).toBeGreaterThan(0.9 * (BYTES_MAX / 2_000) * 28_000);
});

test('what was taken away by an overload comes back', () => {
  const { budget, queue, limited } = judged();
  let nowMs = 0;
  const interval = (queuedMs: number): number | undefined => {
    nowMs += 500;
    queue.sealed(queuedMs, nowMs);
    return limited.at(-1);
  };
  // A single short wait shows that the queue is not always there.
  queue.sealed(1, 100);
  expect(interval(10_000)).toBe(BYTES_MAX);
  expect(interval(500)).toBe(BYTES_MAX / 2);
  expect(interval(60_000)).toBe(BYTES_MIN);
  budget.waitingProduceCount = 0;
  for (let i = 0; i < 4; i += 1) interval(60_000);
  expect(limited.at(-1)).toBe(BYTES_MAX);
});

test('it comes back when nothing is sealed any more, unless whole requests wait before a store that stands still', () => {
  const { budget, queue, limited } = judged();
  queue.sealed(60_000, 500);
  expect(limited.at(-1)).toBe(BYTES_MIN);
  budget.wholeProduceCount = 1;
  for (let nowMs = 1_000; nowMs <= 20_000; nowMs += 1_000) queue.tick(nowMs);
  expect(limited.at(-1)).toBe(BYTES_MIN);
  budget.wholeProduceCount = 0;
  queue.tick(21_000);
  // Not again before an interval has passed.
  queue.tick(21_001);
  expect(limited.at(-1)).toBe(1.5 * BYTES_MIN);
  // The last seals of an overload are judged as any, though none follows.
  budget.wholeProduceCount = 1;
  queue.sealed(125, 21_100);
  queue.sealed(60_000, 21_200);
  queue.tick(21_600);
  expect(limited.at(-1)).toBe(1.5 ** 2 * BYTES_MIN);
  budget.wholeProduceCount = 0;
  queue.tick(22_200);
  expect(limited.at(-1)).toBe(1.5 ** 3 * BYTES_MIN);
});

/** After an overload: the least that the limit becomes, and nothing held. */
function shrunken() {
  const budget = new ByteBudget({ smallBytes: 16 * MiB, commonBytes: 40 * MiB, ownBytes: 0 }, 0);
  const queue = new QueueLimit(budget, { bytesMin: BYTES_MIN, bytesMax: BYTES_MAX }, 0);
  const claim = (bytes: number, claimant: 'client' | 'produce', nowMs: number) => {
    const events = { granted: () => {}, revoked: () => expect.unreachable() };
    return budget.reserve(bytes, claimant, nowMs, events, new Flow())!;
  };
  const busy = Array.from({ length: 60 }, () => claim(MiB, 'produce', 0));
  for (let nowMs = 600; nowMs <= 3_000; nowMs += 600) queue.sealed(2_000, nowMs);
  for (const request of busy) request.release();
  const held = Array.from({ length: 17 }, () => claim(MiB, 'produce', 3_000));
  expect(held.filter((request) => request.held)).toHaveLength(BYTES_MIN / MiB);
  for (const request of held) request.release();
  return { budget, queue, claim };
}

test('after an overload a large request that drips in holds up neither small ones nor Produce', () => {
  const { budget, queue, claim } = shrunken();
  const drip = claim(20 * MiB, 'produce', 3_000);
  expect(drip.held).toBe(true);
  for (let nowMs = 4_000; nowMs <= 600_000; nowMs += 1_000) {
    for (const other of [claim(100, 'client', nowMs), claim(100, 'produce', nowMs), claim(2 * MiB, 'client', nowMs)]) {
      expect(other.held).toBe(true);
      other.release();
    }
    drip.gained(14 * 1024);
    budget.tick(nowMs);
    queue.tick(nowMs);
  }
});

test('after an overload requests that wait behind a long poll hold up nobody', () => {
  const { claim } = shrunken();
  for (let i = 0; i < 16; i += 1) claim(MiB, 'client', 3_000).filled();
  expect([claim(100, 'client', 3_000).held, claim(MiB, 'produce', 3_000).held]).toEqual([true, true]);
});

test('after an overload dripping requests that fill the limit keep others out until it has grown, and no longer', () => {
  const { budget, queue, claim } = shrunken();
  const drips = Array.from({ length: BYTES_MIN / MiB }, () => claim(MiB, 'produce', 3_000));
  const produce = claim(100, 'produce', 3_000);
  expect(produce.held).toBe(false);
  for (const drip of drips) drip.gained(14 * 1024);
  budget.tick(4_000);
  queue.tick(4_000);
  expect(produce.held).toBe(true);
});

test('an hour after an overload as much is granted at once as before it', () => {
  const { queue, claim } = shrunken();
  for (let nowMs = 4_000; nowMs <= 3_600_000; nowMs += 1_000) queue.tick(nowMs);
  const requests = Array.from({ length: BYTES_MAX / MiB }, () => claim(MiB, 'produce', 3_600_000));
  expect(requests.every((request) => request.held)).toBe(true);
});

/** A limit and what it is told and tells, one after another. */
function judged() {
  const limited: number[] = [];
  const limitProduce = (bytes: number): void => void limited.push(bytes);
  const budget = { limitProduce, waitingProduceCount: 1, wholeProduceCount: 0 };
  return { budget, limited, queue: new QueueLimit(budget, { bytesMin: BYTES_MIN, bytesMax: BYTES_MAX }, 0) };
}
