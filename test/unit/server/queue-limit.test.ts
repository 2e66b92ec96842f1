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
    const reservation = this.budget.reserve(bytes, 'client', this.nowMs, { granted, revoked: () => {} }, flow);
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
  const limited: number[] = [];
  let waitingCount = 1;
  const budget = {
    limitClients: (bytes: number) => void limited.push(bytes),
    get waitingCount() {
      return waitingCount;
    },
  };
  const queue = new QueueLimit(budget, { bytesMin: BYTES_MIN, bytesMax: BYTES_MAX }, 0);
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
  waitingCount = 0;
  for (let i = 0; i < 4; i += 1) interval(60_000);
  expect(limited.at(-1)).toBe(BYTES_MAX);
});
