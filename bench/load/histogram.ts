/** Buckets of one power of two: what is told lies at most 1 / SUB_BUCKETS above the truth. */
const SUB_BUCKET_BITS = 8;
const SUB_BUCKETS = 2 ** SUB_BUCKET_BITS;
/** Nineteen hours in microseconds; more is counted there. */
const EXPONENT_MAX = 36;
const BUCKETS = (EXPONENT_MAX - SUB_BUCKET_BITS + 1) * SUB_BUCKETS;
/** The largest relative error of a percentile. */
export const RELATIVE_ERROR_MAX = 1 / SUB_BUCKETS;

/** What a report says about durations, all in milliseconds; NaN where nothing was counted. */
export interface Summary {
  readonly count: number;
  readonly mean: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

/**
 * Durations in log-linear buckets of whole microseconds, as HdrHistogram has them: exact below 256 µs, within 1/256 above,
 * in 60 KB however many there are. Count, mean and maximum are exact.
 */
export class Histogram {
  readonly #counts = new Float64Array(BUCKETS);
  #count = 0;
  #sumMs = 0;
  #maxMs = 0;

  get count(): number {
    return this.#count;
  }

  /** A negative duration (two clocks that disagree) counts as none. */
  record(durationMs: number): void {
    const ms = Math.max(0, durationMs);
    this.#counts[bucketOfMs(ms)]! += 1;
    this.#count += 1;
    this.#sumMs += ms;
    if (ms > this.#maxMs) this.#maxMs = ms;
  }

  /** `count` durations, evenly from the first to the last. */
  recordSpread(firstMs: number, lastMs: number, count: number): void {
    const step = count > 1 ? (lastMs - firstMs) / (count - 1) : 0;
    if (count > 1 && this.#countTogether(firstMs, lastMs, count)) return;
    for (let i = 0; i < count; i += 1) this.record(firstMs + i * step);
  }

  /** Where first and last fall into one bucket, so do all between. */
  #countTogether(firstMs: number, lastMs: number, count: number): boolean {
    const bucket = bucketOfMs(firstMs);
    if (lastMs < 0 || firstMs < 0 || bucket !== bucketOfMs(lastMs)) return false;
    this.#counts[bucket]! += count;
    this.#count += count;
    this.#sumMs += (count * (firstMs + lastMs)) / 2;
    this.#maxMs = Math.max(this.#maxMs, firstMs, lastMs);
    return true;
  }

  /** The least duration that at least this share (0 to 1) of all do not exceed, in milliseconds, rounded up to its bucket. */
  percentile(share: number): number {
    if (this.#count === 0) return Number.NaN;
    let left = Math.max(1, Math.ceil(share * this.#count));
    for (let bucket = 0; bucket < BUCKETS; bucket += 1) {
      left -= this.#counts[bucket]!;
      if (left <= 0) return Math.min(upperOf(bucket) / 1000, this.#maxMs);
    }
    return this.#maxMs;
  }

  add(other: Histogram): void {
    for (let bucket = 0; bucket < BUCKETS; bucket += 1) this.#counts[bucket]! += other.#counts[bucket]!;
    this.#count += other.#count;
    this.#sumMs += other.#sumMs;
    this.#maxMs = Math.max(this.#maxMs, other.#maxMs);
  }

  summary(): Summary {
    return {
      count: this.#count,
      mean: this.#count === 0 ? Number.NaN : this.#sumMs / this.#count,
      p50: this.percentile(0.5),
      p95: this.percentile(0.95),
      p99: this.percentile(0.99),
      p999: this.percentile(0.999),
      max: this.#count === 0 ? Number.NaN : this.#maxMs,
    };
  }
}

function bucketOfMs(ms: number): number {
  // A whole number of microseconds may come out a rounding error above it.
  const micros = Math.ceil(ms * 1000 - 1e-6);
  if (micros < SUB_BUCKETS) return micros;
  const exponent = micros < 2 ** 31 ? 31 - Math.clz32(micros) : exponentOfLarge(micros);
  const shift = exponent - SUB_BUCKET_BITS;
  const sub = Math.min(Math.floor(micros / 2 ** shift), 2 * SUB_BUCKETS - 1);
  return (shift + 1) * SUB_BUCKETS + (sub - SUB_BUCKETS);
}

function exponentOfLarge(micros: number): number {
  const exponent = Math.min(Math.floor(Math.log2(micros)), EXPONENT_MAX - 1);
  // log2 of a number just below a power of two may round up to it.
  return 2 ** exponent > micros ? exponent - 1 : exponent;
}

/** The largest number of microseconds that the bucket counts. */
function upperOf(bucket: number): number {
  if (bucket < SUB_BUCKETS) return bucket;
  const shift = Math.floor(bucket / SUB_BUCKETS) - 1;
  return ((bucket % SUB_BUCKETS) + SUB_BUCKETS + 1) * 2 ** shift - 1;
}
