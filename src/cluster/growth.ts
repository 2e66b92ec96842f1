/** Figures of a replica at one moment. */
interface Sample {
  readonly atMs: number;
  readonly bytes: number;
  /** Extents that came since the first sample, those gone since then not taken off. */
  readonly extentsAdded: number;
}

const SAMPLE_MS = 1000;
const WINDOW_MS = 60_000;
const MS_PER_HOUR = 3_600_000;

/** How fast the metadata grows, over a sliding window of a minute. */
export class Growth {
  readonly #samples: Sample[] = [];
  #extents = 0;
  #extentsAdded = 0;

  /** Called after every applied entry; `nowMs` is monotonic. */
  observe(nowMs: number, bytes: number, extents: number): void {
    const last = this.#samples.at(-1);
    if (last !== undefined) {
      this.#extentsAdded += Math.max(0, extents - this.#extents);
    }
    this.#extents = extents;
    if (last === undefined || nowMs - last.atMs >= SAMPLE_MS) {
      this.#samples.push({ atMs: nowMs, bytes, extentsAdded: this.#extentsAdded });
      this.#dropOld(nowMs);
    }
  }

  /** Extents that came per second, and hours until `bytes` reaches `bytesMax` (Infinity while it does not grow). */
  rates(nowMs: number, bytes: number, bytesMax: number): { hoursLeft: number; extentsPerSecond: number } {
    this.#dropOld(nowMs);
    const first = this.#samples[0];
    const elapsedMs = first === undefined ? 0 : nowMs - first.atMs;
    if (first === undefined || elapsedMs < SAMPLE_MS) {
      return { hoursLeft: Number.POSITIVE_INFINITY, extentsPerSecond: 0 };
    }
    const grown = bytes - first.bytes;
    return {
      hoursLeft:
        grown <= 0 ? Number.POSITIVE_INFINITY : (Math.max(0, bytesMax - bytes) / grown) * (elapsedMs / MS_PER_HOUR),
      extentsPerSecond: ((this.#extentsAdded - first.extentsAdded) * 1000) / elapsedMs,
    };
  }

  /** Keeps the newest sample that is at least a window old, so that rates always span a whole window. */
  #dropOld(nowMs: number): void {
    while (this.#samples.length > 1 && nowMs - this.#samples[1]!.atMs >= WINDOW_MS) {
      this.#samples.shift();
    }
  }
}
