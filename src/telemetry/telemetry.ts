/** The metrics of a process, on its main thread: instruments, shares for workers, and what is collected at a scrape. */
import {
  attachMeters,
  type Meters,
  type MetricName,
  type SeriesReading,
  Shares,
  type TelemetryShare,
} from './counters.js';

/** A metric whose series come and go. */
export interface Family {
  readonly kind: 'counter' | 'gauge';
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
}

/** Gives one series: the values of the family's labels, in their order, and its value. */
export type Emit = (labelValues: readonly string[], value: number) => void;

export interface CollectedSeries {
  readonly labelValues: readonly string[];
  readonly value: number;
}

export interface TelemetryOptions {
  /** Series of all collected families in one scrape; further ones are dropped and counted. */
  readonly seriesMax: number;
  /** Threads at once, this one included. */
  readonly threadsMax?: number;
}

export class Telemetry {
  /** The instruments of the thread that made this. */
  readonly meters: Meters;
  readonly #shares: Shares;
  readonly #seriesMax: number;
  readonly #families: { readonly family: Family; readonly read: (emit: Emit) => void }[] = [];
  readonly #refreshers: (() => void)[] = [];

  constructor(options: TelemetryOptions) {
    this.#shares = new Shares(options.threadsMax ?? 128);
    this.meters = attachMeters(this.#shares.take());
    this.#seriesMax = options.seriesMax;
  }

  /** What a worker passes to `attachMeters`. */
  takeShare(): TelemetryShare {
    return this.#shares.take();
  }

  /** The worker has ended, however it did. */
  giveBackShare(share: TelemetryShare): void {
    this.#shares.giveBack(share);
  }

  /** `read` gives the family's series at every scrape. */
  collect(family: Family, read: (emit: Emit) => void): void {
    this.#families.push({ family, read });
  }

  /** Runs before every scrape, to set gauges. */
  beforeScrape(refresh: () => void): void {
    this.#refreshers.push(refresh);
  }

  refresh(): void {
    for (const refresh of this.#refreshers) refresh();
  }

  read(name: MetricName): readonly SeriesReading[] {
    return this.#shares.read(name);
  }

  /** The sum of a counter or gauge over all threads and label values. */
  total(name: MetricName): number {
    return this.read(name).reduce((sum, series) => sum + (series.kind === 'value' ? series.value : 0), 0);
  }

  /** A counter or gauge at one label value, summed over all threads. */
  valueAt(name: MetricName, labelValue: string): number {
    const series = this.read(name).find((one) => one.labelValue === labelValue);
    return series?.kind === 'value' ? series.value : 0;
  }

  /** The collected families and their series, at most `seriesMax` of them in all. */
  *collected(): Iterable<{ readonly family: Family; readonly series: readonly CollectedSeries[] }> {
    let left = this.#seriesMax;
    for (const { family, read } of this.#families) {
      const series: CollectedSeries[] = [];
      read((labelValues, value) => {
        if (labelValues.length !== family.labels.length)
          throw new Error(`${family.name} has ${family.labels.length} labels`);
        if (left === 0) this.meters.seriesDropped.add(1);
        else {
          left -= 1;
          series.push({ labelValues, value });
        }
      });
      yield { family, series };
    }
  }
}
