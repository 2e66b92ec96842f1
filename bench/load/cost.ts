import { readFileSync } from 'node:fs';
import { pricesOf } from '../../src/objects/prices.js';
import { cpuSeconds, memoryOf } from '../measure.js';

/** What a broker has used up so far, as far as it can be seen from outside. */
export interface Usage {
  /** User and system; undefined without a process id. */
  readonly cpuSeconds: number | undefined;
  /** The series of its /metrics by name and labels; undefined without a URL. */
  readonly series: ReadonlyMap<string, number> | undefined;
}

export interface Watched {
  readonly pid: number | undefined;
  readonly metrics: string | undefined;
}

export async function usageOf({ pid, metrics }: Watched): Promise<Usage> {
  return {
    series: metrics === undefined ? undefined : parseSeries(await (await globalThis.fetch(metrics)).text()),
    // Last, so that it is of the moment at which this returns: what comes next is counted from there.
    cpuSeconds: pid === undefined ? undefined : cpuSeconds(pid),
  };
}

/** The text of Prometheus: `name{labels} value` by line. */
export function parseSeries(page: string): Map<string, number> {
  const lines = page.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]),
  );
}

/** Watches resident memory: bytes now, and the most seen since it began. */
export class ResidentMemory {
  readonly #pid: number;
  peakBytes = 0;

  constructor(pid: number) {
    this.#pid = pid;
    this.look();
  }

  look(): void {
    try {
      this.peakBytes = Math.max(this.peakBytes, memoryOf(this.#pid).residentBytes);
    } catch {
      // The process has ended; the report keeps what was seen.
    }
  }

  /** Since the process began; undefined when it has ended. */
  peakEverBytes(): number | undefined {
    try {
      return memoryOf(this.#pid).peakBytes;
    } catch {
      return undefined;
    }
  }
}

export interface StoreCost {
  readonly puts: number;
  /** Of those, for entries of the journal; second attempts included. */
  readonly journalPuts: number;
  readonly gets: number;
  readonly lists: number;
  readonly deletes: number;
  readonly bytesWritten: number;
  readonly bytesRead: number;
  /** At the list prices asked for, wherever the bucket is. */
  readonly dollars: number;
}

const urls = {
  standard: {
    kind: 's3',
    bucket: '',
    prefix: '',
    endpoint: undefined,
    region: undefined,
    pathStyle: false,
    express: false,
  },
  express: {
    kind: 's3',
    bucket: '',
    prefix: '',
    endpoint: undefined,
    region: undefined,
    pathStyle: false,
    express: true,
  },
} as const;

/** What requests cost at AWS, whatever store answers them here. */
function listPrices(prices: 'standard' | 'express'): ReturnType<typeof pricesOf> {
  return pricesOf(urls[prices]);
}

export function storeCost(before: Usage, after: Usage, prices: 'standard' | 'express'): StoreCost | undefined {
  if (before.series === undefined || after.series === undefined) return undefined;
  const { series } = before;
  const now = seriesOf(after.series);
  return storeCostOf((key) => now(key) - (series.get(key) ?? 0), prices);
}

/** The value of a series by name and labels. Throws when there is none. */
export function seriesOf(series: ReadonlyMap<string, number>): (key: string) => number {
  return (key) => {
    const value = series.get(key);
    if (value === undefined) throw new Error(`/metrics has no ${key}: is it a Weft agent's?`);
    return value;
  };
}

/** `countOf` gives what is counted of each series. */
export function storeCostOf(countOf: (key: string) => number, prices: 'standard' | 'express'): StoreCost {
  const requests = (operation: string): number => countOf(`weft_store_requests_total{operation="${operation}"}`);
  const bytes = (direction: string): number => countOf(`weft_store_bytes_total{direction="${direction}"}`);
  const used = {
    puts: requests('put'),
    journalPuts: countOf('weft_journal_entries_total') + countOf('weft_store_hedges_total{of="journal"}'),
    gets: requests('get'),
    lists: requests('list'),
    deletes: requests('delete'),
    bytesWritten: bytes('written'),
    bytesRead: bytes('read'),
  };
  const list = listPrices(prices);
  const dollars =
    used.puts * list.perPut +
    used.gets * list.perGet +
    used.lists * list.perListPage +
    used.deletes * list.perDelete +
    used.bytesWritten * list.perByteWritten +
    used.bytesRead * list.perByteRead;
  return { ...used, dollars };
}

/** Seconds of CPU of this very process. */
export function ownCpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/** Whether `pid` is one that can be watched here. */
export function canWatch(pid: number): boolean {
  try {
    readFileSync(`/proc/${pid}/stat`);
    return true;
  } catch {
    return false;
  }
}
