import { RELATIVE_ERROR_MAX, type Summary } from './histogram.js';
import type { LoadOptions } from './options.js';
import type { StoreCost } from './cost.js';
import type { Flow } from './tally.js';

/** A flow over the seconds that were measured. */
export interface FlowReport {
  readonly records: number;
  readonly payloadBytes: number;
  readonly batches: number;
  readonly batchBytes: number;
  readonly requests: number;
  readonly recordsPerSecond: number;
  readonly megabytesPerSecond: number;
}

/** What `--json` writes. Durations in milliseconds, bytes in bytes, GB = 1e9 bytes, of keys and values produced. */
export interface Report {
  readonly format: 'weft-load-1';
  readonly options: LoadOptions;
  /** Measured, without warm-up and the last answers. */
  readonly seconds: number;
  readonly interrupted: boolean;
  /** 'open': latency counts from when a record was due. 'closed': flat out, from when it was sent. */
  readonly loop: 'open' | 'closed';
  readonly produced: FlowReport;
  readonly consumed: FlowReport;
  /** Of the whole run, warm-up and last answers included. */
  readonly whole: {
    readonly acknowledgedRecords: number;
    /** Of those, keys and values. */
    readonly acknowledgedBytes: number;
    /** How far the partitions' ends moved. */
    readonly logGrewRecords: number;
    readonly consumedRecords: number;
    /** Of those, produced by this run. */
    readonly consumedOwnRecords: number;
    /** Due and never sent: the broker was too slow for the schedule. Their latency is in no percentile. */
    readonly unsentRecords: number;
    /** Sent, and no answer in time. */
    readonly unansweredRecords: number;
    readonly failedRecords: number;
    readonly retriedRequests: number;
    readonly reconnects: number;
  };
  readonly latencyMs: Readonly<Record<string, Summary>>;
  /** When the first record was due, milliseconds since 1970. */
  readonly startedAtMs: number;
  /** Second by second, warm-up and last answers included. */
  readonly series: readonly SecondReport[];
  readonly errors: Readonly<Record<string, number>>;
  readonly agent:
    | {
        readonly cpuSeconds: number;
        readonly cores: number;
        /** Per GB produced; per GB consumed when nothing was produced. */
        readonly cpuSecondsPerGB: number | null;
        readonly residentPeakBytes: number;
        readonly residentPeakEverBytes: number | null;
      }
    | undefined;
  readonly store: (StoreCost & { readonly putsPerSecond: number; readonly perGB: StorePerGB | null }) | undefined;
  readonly generator: { readonly cpuSeconds: number; readonly cores: number };
}

/** What was acknowledged since the one before; times are null where nothing was. */
export interface SecondReport {
  /** Its end, seconds since `startedAtMs`. */
  readonly toSecond: number;
  readonly acknowledgedRecords: number;
  readonly ackP50Ms: number | null;
  readonly ackP99Ms: number | null;
}

export interface StorePerGB {
  readonly puts: number;
  readonly gets: number;
  readonly dollars: number;
}

export function flowReport(flow: Flow, seconds: number): FlowReport {
  const { records, payloadBytes, batches, batchBytes, requests } = flow;
  // Consumers do not look into batches, so their bytes are those of batches.
  const bytes = payloadBytes > 0 ? payloadBytes : batchBytes;
  return {
    records,
    payloadBytes,
    batches,
    batchBytes,
    requests,
    recordsPerSecond: records / seconds,
    megabytesPerSecond: bytes / 1e6 / seconds,
  };
}

const names: Readonly<Record<string, string>> = {
  ack: 'ack',
  fetch: 'fetch (its wait for records included)',
  endToEnd: 'end to end',
  afterAck: 'end to end − ack, of each batch',
  offsetCommit: 'offset commit',
  metadata: 'Metadata',
  listOffsets: 'ListOffsets',
  createTopics: 'CreateTopics',
  deleteTopics: 'DeleteTopics',
  timer: 'generator: timers late by',
};

/** The report for people. */
export function textOf(report: Report): string {
  const { produced, consumed, whole, agent, store, generator, latencyMs } = report;
  const lines: string[] = [''];
  const flow = (
    what: string,
    { recordsPerSecond, megabytesPerSecond, records, batches, requests }: FlowReport,
  ): void => {
    if (requests === 0) return;
    const shape = `${(records / Math.max(1, batches)).toFixed(1)} records a batch, ${(batches / requests).toFixed(1)} batches a request`;
    lines.push(
      `${what.padEnd(10)} ${count(recordsPerSecond)} records/s, ${megabytesPerSecond.toFixed(1)} MB/s (${shape})`,
    );
  };
  flow('produced', produced);
  flow('consumed', consumed);
  lines.push(
    '',
    `${'ms'.padEnd(40)}${['count', 'p50', 'p95', 'p99', 'p99.9', 'max'].map((head) => head.padStart(10)).join('')}`,
  );
  for (const [name, { count: n, p50, p95, p99, p999, max }] of Object.entries(latencyMs)) {
    if (n > 0)
      lines.push(
        `${(names[name] ?? name).padEnd(40)}${count(n).padStart(10)}${[p50, p95, p99, p999, max].map((ms) => ms.toFixed(ms < 100 ? 2 : 0).padStart(10)).join('')}`,
      );
  }
  const from =
    report.loop === 'open' ? 'when a record was due (open loop)' : 'when a request was sent (closed loop: flat out)';
  lines.push(`counted from ${from}; percentiles are at most ${(100 * RELATIVE_ERROR_MAX).toFixed(1)} % too high`, '');
  if (agent !== undefined) {
    const perGB = agent.cpuSecondsPerGB === null ? '' : `, ${agent.cpuSecondsPerGB.toFixed(3)} CPU-s/GB`;
    lines.push(
      `broker     ${agent.cores.toFixed(2)} cores${perGB}, resident ${megabytes(agent.residentPeakBytes)} at most`,
    );
  }
  if (store !== undefined) {
    const perGB = store.perGB;
    const each =
      perGB === null
        ? ''
        : `; per GB ${count(perGB.puts)} PUTs, ${count(perGB.gets)} GETs, $${perGB.dollars.toFixed(4)}`;
    lines.push(
      `store      ${count(store.puts)} PUTs (${store.putsPerSecond.toFixed(1)} a second), ${count(store.gets)} GETs${each}`,
    );
  }
  lines.push(`generator  ${generator.cores.toFixed(2)} cores`);
  lines.push(
    `whole run  ${count(whole.acknowledgedRecords)} records acknowledged, logs grew by ${count(whole.logGrewRecords)}, ` +
      `${count(whole.consumedOwnRecords)} of them consumed`,
  );
  const troubles: readonly (readonly [string, number])[] = [
    ['records were due and never sent: the broker did not keep up', whole.unsentRecords],
    ['records were sent and not answered', whole.unansweredRecords],
    ['records were refused', whole.failedRecords],
    ['requests were sent again', whole.retriedRequests],
    ['connections were lost', whole.reconnects],
  ];
  for (const [what, n] of troubles) if (n > 0) lines.push(`TROUBLE    ${count(n)} ${what}`);
  for (const [error, n] of Object.entries(report.errors)) lines.push(`TROUBLE    ${count(n)} × ${error}`);
  if (report.interrupted) lines.push('interrupted: measured until then');
  return `${lines.join('\n')}\n`;
}

function count(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(0)} MB`;
}
