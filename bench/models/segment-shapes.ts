/**
 * How long records wait for their acknowledgement when segments go to the store in one shape or another, under the latency
 * models of this folder, in virtual time (docs/decisions/006). Run: node dist/bench/models/segment-shapes.js [SEED]
 *
 * A segment fills at a constant rate; a window seals it early. Its records wait for the rest of the fill, the upload and one
 * journal append (a small PUT). Each request has its latency, drawn from the model, and its bytes at the speed of one connection.
 */
import { latencyMs, type RequestClass } from './model.js';
import { models } from './models.js';

const MiB = 2 ** 20;
const SEED = Number(process.argv[2] ?? 1);
const SEGMENTS = 2_000;
const PART_BYTES = 8 * MiB;
/** What one connection to S3 carries, in bytes per millisecond; 85 to 90 MB/s is what AWS tells to expect of one request. */
const CONNECTION_BYTES_PER_MS = 90_000;
/** Records of a segment whose waits are looked at, evenly spaced. */
const RECORDS = 32;

interface Shape {
  readonly name: string;
  readonly bytes: number;
  /** Milliseconds from the seal to the end of the upload. */
  upload(store: Store, bytes: number, fillMs: number): number;
  /** Requests that count as PUTs. */
  puts(bytes: number): number;
}

/** Requests' durations in the order in which they are asked for. */
class Store {
  readonly #counts: Record<RequestClass, number> = { put: 0, smallPut: 0, get: 0 };
  readonly #model: string;

  constructor(model: string) {
    this.#model = model;
  }

  put(bytes: number): number {
    return this.#latency('put') + bytes / CONNECTION_BYTES_PER_MS;
  }

  /** Also the beginning and the completion of an upload in parts. */
  smallPut(): number {
    return this.#latency('smallPut');
  }

  #latency(of: RequestClass): number {
    const count = this.#counts[of];
    this.#counts[of] = count + 1;
    return latencyMs(models[this.#model]!, of, SEED, count);
  }
}

const partsOf = (bytes: number): number[] =>
  Array.from({ length: Math.ceil(bytes / PART_BYTES) }, (_, i) => Math.min(PART_BYTES, bytes - i * PART_BYTES));

const inOnePut = (bytes: number): Shape => ({
  name: `${bytes / MiB} MiB, one PUT`,
  bytes,
  upload: (store, held) => store.put(held),
  puts: () => 1,
});

/** Parts after the seal, so many at once. */
const inParts = (bytes: number, atOnce: number): Shape => ({
  name: `${bytes / MiB} MiB, parts after the seal, ${atOnce} at once`,
  bytes,
  upload(store, held) {
    const begun = store.smallPut();
    const lines = new Array<number>(atOnce).fill(begun);
    for (const part of partsOf(held)) {
      const line = lines.indexOf(Math.min(...lines));
      lines[line] = lines[line]! + store.put(part);
    }
    return Math.max(...lines) + store.smallPut();
  },
  puts: (held) => partsOf(held).length + 2,
});

/** Each part goes as soon as it is full; the last one goes with the seal. */
const streamed = (bytes: number): Shape => ({
  name: `${bytes / MiB} MiB, parts streamed while it fills`,
  bytes,
  upload(store, held, fillMs) {
    const begunMs = store.smallPut();
    let filled = 0;
    let endMs = 0;
    for (const part of partsOf(held)) {
      filled += part;
      endMs = Math.max(endMs, Math.max(begunMs, (filled / held) * fillMs) + store.put(part));
    }
    return endMs + store.smallPut() - fillMs;
  },
  puts: (held) => partsOf(held).length + 2,
});

const shapes: readonly Shape[] = [
  inOnePut(8 * MiB),
  inOnePut(16 * MiB),
  inOnePut(64 * MiB),
  inParts(64 * MiB, 4),
  inParts(64 * MiB, 8),
  streamed(64 * MiB),
];

function percentile(sorted: Float64Array, share: number): number {
  return sorted[Math.floor(share * sorted.length)]!;
}

for (const [model, windowMs] of [
  ['standard', 250],
  ['standard', 1_000],
  ['express', 10],
] as const) {
  for (const mbPerSecond of [50, 200, 800]) {
    const rows = shapes.map((shape) => {
      const store = new Store(model);
      const bytes = Math.min(shape.bytes, mbPerSecond * 1000 * windowMs);
      const fillMs = bytes / (mbPerSecond * 1000);
      const waits = new Float64Array(SEGMENTS * RECORDS);
      let pinnedMs = 0;
      for (let segment = 0; segment < SEGMENTS; segment += 1) {
        const uploadMs = shape.upload(store, bytes, fillMs) + store.smallPut();
        pinnedMs += fillMs + uploadMs;
        for (let record = 0; record < RECORDS; record += 1) {
          waits[segment * RECORDS + record] = fillMs * (1 - (record + 0.5) / RECORDS) + uploadMs;
        }
      }
      waits.sort();
      return {
        shape: shape.name,
        'segment MB': round(bytes / 1e6),
        'ack p50 ms': round(percentile(waits, 0.5)),
        'ack p99 ms': round(percentile(waits, 0.99)),
        'PUTs/GB': round((shape.puts(bytes) * 1e9) / bytes),
        'journal/GB': round(1e9 / bytes),
        'memory MB': round((pinnedMs / SEGMENTS) * mbPerSecond * 1e-3),
      };
    });
    process.stdout.write(`\n${model}, window ${windowMs} ms, ${mbPerSecond} MB/s in one lane\n`);
    console.table(rows);
  }
}

function round(value: number): number {
  return Number(value.toPrecision(3));
}
