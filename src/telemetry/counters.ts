/**
 * Counters, gauges and histograms in one SharedArrayBuffer. Every thread writes to its own share of it, so that an
 * addition is one plain store (3 ns; Atomics on a BigInt64Array took 18 ns, on two Int32 15 ns) and nothing is lost;
 * whoever reads adds the shares up. Sums are exact up to 2^53. The memory model would let a reader see half of a
 * Float64; no 64-bit machine writes one in halves.
 */
import { type Metric, type MetricKind, type MetricsTable, metricsTable } from './metrics.js';

/** Upper bounds of the buckets of every histogram, in milliseconds: 0.1 ms doubling to 13.1 s. The last bucket is +Inf. */
export const bucketBoundsMs: readonly number[] = Array.from({ length: 18 }, (_, index) => 2 ** index / 10);

/** What a thread needs to count; goes into a worker's init message. */
export interface TelemetryShare {
  readonly buffer: SharedArrayBuffer;
  readonly index: number;
}

export class Counter {
  readonly #slots: Float64Array;
  readonly #slot: number;
  constructor(slots: Float64Array, slot: number) {
    this.#slots = slots;
    this.#slot = slot;
  }
  add(amount: number): void {
    this.#slots[this.#slot]! += amount;
  }
}

/** The sum of what each thread last set. */
export class Gauge {
  readonly #slots: Float64Array;
  readonly #slot: number;
  constructor(slots: Float64Array, slot: number) {
    this.#slots = slots;
    this.#slot = slot;
  }
  set(value: number): void {
    this.#slots[this.#slot] = value;
  }
  add(amount: number): void {
    this.#slots[this.#slot]! += amount;
  }
}

/** Times. Slots: one per bound, one for +Inf, then the sum in milliseconds. */
export class Histogram {
  readonly #slots: Float64Array;
  readonly #slot: number;
  constructor(slots: Float64Array, slot: number) {
    this.#slots = slots;
    this.#slot = slot;
  }
  observeMs(durationMs: number): void {
    const tenths = Math.ceil(durationMs * 10);
    const bucket = tenths <= 1 ? 0 : tenths > 2 ** 17 ? bucketBoundsMs.length : 32 - Math.clz32(tenths - 1);
    this.#slots[this.#slot + bucket]! += 1;
    this.#slots[this.#slot + bucketBoundsMs.length + 1]! += durationMs;
  }
}

interface Instruments {
  readonly counter: Counter;
  readonly gauge: Gauge;
  readonly histogram: Histogram;
}

type Meter<M extends Metric> = M extends { readonly label: { readonly values: readonly (infer V extends string)[] } }
  ? { readonly [Value in V]: Instruments[M['kind']] }
  : Instruments[M['kind']];

/** One instrument per metric; with a label, one per value: `meters.fetchedBytes.memory.add(n)`. */
export type Meters = { readonly [Name in keyof MetricsTable]: Meter<MetricsTable[Name]> };

export type MetricName = keyof MetricsTable;

/** The sums of one series over all threads. */
export type SeriesReading =
  | { readonly kind: 'value'; readonly labelValue: string | undefined; readonly value: number }
  | {
      readonly kind: 'histogram';
      readonly labelValue: string | undefined;
      /** Per bucket, not cumulative; the last is +Inf. */
      readonly buckets: readonly number[];
      readonly sumMs: number;
    };

const histogramSlots = bucketBoundsMs.length + 2;
const slotsOfKind: Readonly<Record<MetricKind, number>> = { counter: 1, gauge: 1, histogram: histogramSlots };

interface Place {
  readonly metric: Metric;
  readonly firstSlot: number;
  readonly labelValues: readonly (string | undefined)[];
}

const places = new Map<MetricName, Place>();
let slotCount = 0;
for (const [name, metric] of Object.entries(metricsTable) as [MetricName, Metric][]) {
  const labelValues = metric.label?.values ?? [undefined];
  places.set(name, { metric, firstSlot: slotCount, labelValues });
  slotCount += slotsOfKind[metric.kind] * labelValues.length;
}
/** Shares are a multiple of 128 bytes long: no two threads write to one cache line. */
const shareBytes = Math.ceil((slotCount * 8) / 128) * 128;

function slotsOf(share: TelemetryShare): Float64Array {
  return new Float64Array(share.buffer, share.index * shareBytes, slotCount);
}

/** The instruments of one share. Only one thread at a time may use a share. */
export function attachMeters(share: TelemetryShare): Meters {
  const slots = slotsOf(share);
  const instrument = (kind: MetricKind, slot: number) =>
    kind === 'counter'
      ? new Counter(slots, slot)
      : kind === 'gauge'
        ? new Gauge(slots, slot)
        : new Histogram(slots, slot);
  const meters: Record<string, unknown> = {};
  for (const [name, { metric, firstSlot, labelValues }] of places) {
    const series = labelValues.map((value, index) => [
      value ?? '',
      instrument(metric.kind, firstSlot + index * slotsOfKind[metric.kind]),
    ]);
    meters[name] = metric.label === undefined ? series[0]?.[1] : Object.fromEntries(series);
  }
  // Built row by row from the table that the type is computed from.
  return meters as Meters;
}

/** The memory of all shares, on the thread that owns it. */
export class Shares {
  readonly #buffer: SharedArrayBuffer;
  readonly #free: number[];

  /** `threadsMax` shares at most are given out at once. */
  constructor(threadsMax: number) {
    this.#buffer = new SharedArrayBuffer(shareBytes * threadsMax);
    this.#free = Array.from({ length: threadsMax }, (_, index) => threadsMax - 1 - index);
  }

  /** A share for one more thread. More threads than `threadsMax` are a programmer error. */
  take(): TelemetryShare {
    const index = this.#free.pop();
    if (index === undefined) throw new Error('More threads than telemetry has shares for');
    return { buffer: this.#buffer, index };
  }

  /** The thread of this share has ended: its counts stay, its gauges go. */
  giveBack(share: TelemetryShare): void {
    if (this.#free.includes(share.index)) throw new Error('A telemetry share was given back twice');
    const slots = slotsOf(share);
    for (const { metric, firstSlot, labelValues } of places.values()) {
      if (metric.kind === 'gauge') slots.fill(0, firstSlot, firstSlot + labelValues.length);
    }
    this.#free.push(share.index);
  }

  read(name: MetricName): readonly SeriesReading[] {
    const place = places.get(name)!;
    const size = slotsOfKind[place.metric.kind];
    return place.labelValues.map((labelValue, index) => {
      const sums = this.#sum(place.firstSlot + index * size, size);
      return place.metric.kind === 'histogram'
        ? { kind: 'histogram', labelValue, buckets: sums.slice(0, -1), sumMs: sums[size - 1]! }
        : { kind: 'value', labelValue, value: sums[0]! };
    });
  }

  #sum(firstSlot: number, count: number): number[] {
    const sums = new Array<number>(count).fill(0);
    for (let start = 0; start < this.#buffer.byteLength; start += shareBytes) {
      const slots = new Float64Array(this.#buffer, start + firstSlot * 8, count);
      for (let index = 0; index < count; index += 1) sums[index]! += slots[index]!;
    }
    return sums;
  }
}
