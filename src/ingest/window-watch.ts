import type { MetadataView } from '../metadata/view.js';
import type { Telemetry } from '../telemetry/telemetry.js';
import type { Timers } from '../world/world.js';
import { extentsPerSecondMax, nextBatchWindowMs } from './window-policy.js';

/** Twice until windows that an overload has made long are as short as before it. */
const LOOK_MS = 2_500;

/** The batch window in force: looks at the growth of the metadata every few seconds, and tells when it changes. */
export class WindowWatch {
  readonly #view: MetadataView;
  readonly #telemetry: Telemetry;
  readonly #timers: Timers;
  readonly #windowMsMin: number;
  readonly #changed: (batchWindowMs: number) => void;
  #windowMs: number;
  #extentCount: number;
  #seals: Seals;
  #closed = false;

  constructor(
    view: MetadataView,
    telemetry: Telemetry,
    timers: Timers,
    batchWindowMsMin: number,
    changed: (batchWindowMs: number) => void,
  ) {
    this.#view = view;
    this.#telemetry = telemetry;
    this.#timers = timers;
    this.#windowMsMin = batchWindowMsMin;
    this.#windowMs = batchWindowMsMin;
    this.#changed = changed;
    this.#extentCount = view.extentCount;
    this.#seals = sealsOf(telemetry);
    telemetry.meters.batchWindow.set(batchWindowMsMin / 1000);
    this.#lookLater();
  }

  get batchWindowMs(): number {
    return this.#windowMs;
  }

  close(): void {
    this.#closed = true;
  }

  #lookLater(): void {
    this.#timers.after(LOOK_MS, () => {
      if (this.#closed) return;
      this.#look();
      this.#lookLater();
    });
  }

  #look(): void {
    const { extentCount, bytes, bytesMax } = this.#view;
    const seals = sealsOf(this.#telemetry);
    const sealed = seals.all - this.#seals.all;
    const next = nextBatchWindowMs({
      batchWindowMs: this.#windowMs,
      batchWindowMsMin: this.#windowMsMin,
      extentsPerSecond: Math.max(0, extentCount - this.#extentCount) / (LOOK_MS / 1000),
      extentsPerSecondMax: extentsPerSecondMax(bytesMax - bytes),
      sealedByWindow: sealed === 0 ? 1 : (seals.byWindow - this.#seals.byWindow) / sealed,
    });
    this.#extentCount = extentCount;
    this.#seals = seals;
    if (next === this.#windowMs) return;
    this.#windowMs = next;
    this.#telemetry.meters.batchWindow.set(next / 1000);
    this.#changed(next);
  }
}

interface Seals {
  readonly byWindow: number;
  readonly all: number;
}

function sealsOf(telemetry: Telemetry): Seals {
  return { byWindow: telemetry.valueAt('segmentsSealed', 'window'), all: telemetry.total('segmentsSealed') };
}
