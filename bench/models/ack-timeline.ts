/**
 * How long records wait for their acknowledgement under the latency models of this folder, in virtual time, and what each
 * part of the way adds (profiles/README.md). Run: node dist/bench/models/ack-timeline.js [SEED]
 *
 * One lane seals a segment a window; records come evenly. An upload follows, then one journal entry for all segments that are
 * up by then: published in the order of their seals, appended one entry at a time unless said otherwise.
 */
import { EARNED, EARNED_MAX, SAMPLES, SAMPLES_MIN, USUAL } from '../../src/objects/hedge.js';
import { REPAID_SHARE } from '../../workers/ingest/seal-policy.js';
import { latencyMs, type RequestClass } from './model.js';
import { models } from './models.js';

const SEED = Number(process.argv[2] ?? 1);
const SEGMENTS = 20_000;
/** Records of a segment whose waits are looked at, evenly spaced. */
const RECORDS = 8;

interface Variant {
  readonly name: string;
  readonly hedged: boolean;
  /** Added to each request by machine and store. */
  readonly addedMs?: number;
  /** Added to each window. */
  readonly lateMs?: number;
  /** Reads the slot of a late append at once, not when the second attempt was refused. */
  readonly readsAtOnce?: boolean;
  /** Appends at a time. */
  readonly appends?: number;
  /** Each hedged upload is paid for by longer windows (workers/ingest/seal-policy.ts). */
  readonly repaid?: boolean;
}

const variants: readonly Variant[] = [
  { name: 'nothing hedged', hedged: false },
  { name: 'hedged', hedged: true },
  { name: 'hedged, slot read at once', hedged: true, readsAtOnce: true },
  { name: 'the same, hedged uploads paid for', hedged: true, readsAtOnce: true, repaid: true },
  { name: 'two appends at a time', hedged: true, readsAtOnce: true, appends: 2 },
  { name: 'windows 1.3 ms longer', hedged: true, readsAtOnce: true, lateMs: 1.3 },
  { name: 'requests 2 ms longer', hedged: true, readsAtOnce: true, addedMs: 2 },
  { name: 'the same, two appends at a time', hedged: true, readsAtOnce: true, addedMs: 2, appends: 2 },
];

/** When a late request is sent twice, and what it took in the end. */
class Hedges {
  count = 0;
  readonly #latest: number[] = [];
  #earned = 0;

  run(firstMs: number, secondMs: (sentMs: number) => number): number {
    this.#earned = Math.min(EARNED_MAX, this.#earned + EARNED);
    const sorted = Float64Array.from(this.#latest).sort();
    const usualMs = sorted.length < SAMPLES_MIN ? Number.POSITIVE_INFINITY : sorted[Math.floor(USUAL * sorted.length)]!;
    let tookMs = firstMs;
    if (firstMs > usualMs && this.#earned >= 1) {
      this.#earned -= 1;
      this.count += 1;
      tookMs = Math.min(firstMs, secondMs(usualMs));
    }
    this.#latest.push(tookMs);
    if (this.#latest.length > SAMPLES) this.#latest.shift();
    return tookMs;
  }
}

interface Segment {
  readonly openedMs: number;
  readonly sealedMs: number;
  readonly readyMs: number;
}

function waits(model: string, windowMs: number, variant: Variant): Float64Array {
  const { hedged, addedMs = 0, lateMs = 0, readsAtOnce = false, appends = 1, repaid = false } = variant;
  const counts: Record<RequestClass, number> = { put: 0, smallPut: 0, get: 0 };
  const drawMs = (of: RequestClass): number => latencyMs(models[model]!, of, SEED, counts[of]++) + addedMs;
  const uploads = new Hedges();
  const segments: Segment[] = [];
  let readyMs = 0;
  let openedMs = 0;
  let paidMs = 0;
  for (let i = 0; i < SEGMENTS; i += 1) {
    const payMs = repaid ? Math.min(windowMs * REPAID_SHARE, uploads.count * windowMs - paidMs) : 0;
    paidMs += payMs;
    const sealedMs = openedMs + windowMs + lateMs + payMs;
    const firstMs = drawMs('put');
    const upMs = hedged ? uploads.run(firstMs, (sentMs) => sentMs + drawMs('put')) : firstMs;
    readyMs = Math.max(readyMs, sealedMs + upMs);
    segments.push({ openedMs, sealedMs, readyMs });
    openedMs = sealedMs;
  }
  const entries = new Hedges();
  /** A create takes effect when half of its time has passed; a read sees what is there at half of its own. */
  const secondMs = (effectMs: number) => (sentMs: number) => {
    const tookMs = drawMs('smallPut');
    if (sentMs + tookMs / 2 < effectMs) return sentMs + tookMs;
    const refusedMs = sentMs + tookMs + drawMs('get');
    const readMs = drawMs('get');
    return readsAtOnce && sentMs + readMs / 2 >= effectMs ? Math.min(refusedMs, sentMs + readMs) : refusedMs;
  };
  const waited = new Float64Array(SEGMENTS * RECORDS);
  const ends: number[] = [];
  for (let next = 0; next < SEGMENTS; ) {
    const beganMs = Math.max(segments[next]!.readyMs, ends.at(-appends) ?? 0);
    const firstMs = drawMs('smallPut');
    const tookMs = hedged ? entries.run(firstMs, secondMs(firstMs / 2)) : firstMs;
    // Applied in order.
    const endMs = Math.max(beganMs + tookMs, ends.at(-1) ?? 0);
    ends.push(endMs);
    for (; next < SEGMENTS && segments[next]!.readyMs <= beganMs; next += 1) {
      const { openedMs, sealedMs } = segments[next]!;
      for (let record = 0; record < RECORDS; record += 1) {
        const cameMs = openedMs + ((sealedMs - openedMs) * (record + 0.5)) / RECORDS;
        waited[next * RECORDS + record] = endMs - cameMs;
      }
    }
  }
  return waited.sort();
}

for (const [model, windowMs] of [
  ['express', 10],
  ['standard', 250],
] as const) {
  const rows = variants.map((variant) => {
    const sorted = waits(model, windowMs, variant);
    const at = (share: number): number => Number(sorted[Math.floor(share * sorted.length)]!.toFixed(1));
    return { variant: variant.name, 'ack p50 ms': at(0.5), 'p95 ms': at(0.95), 'p99 ms': at(0.99) };
  });
  process.stdout.write(`\n${model}, window ${windowMs} ms\n`);
  console.table(rows);
}
