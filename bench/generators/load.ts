import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runProgram } from '../../test/servers/processes.js';
import type { Report } from '../load/report.js';
import { root } from '../parts.js';
import type { RunningSystem } from '../systems/system.js';
import type { Percentiles, Transfer } from './generator.js';

/** Not measured: connections are made, and code gets warm. */
const WARM_UP_SECONDS = 5;

/**
 * Our own load generator (`npm run load`) with these options. It measures the server itself, so without its warm-up. Times of
 * records and sizes that it draws go by `seed`.
 */
export async function produceWithLoad(
  { kafka, pid, http, prices }: RunningSystem,
  seconds: number,
  seed: number,
  options: readonly string[],
): Promise<Transfer> {
  const folder = mkdtempSync(join(tmpdir(), 'weft-load-'));
  try {
    const json = join(folder, 'report.json');
    const program = join(root, 'dist/bench/load/main.js');
    const where = ['--bootstrap', kafka, '--pid', `${pid}`, '--json', json];
    const store = http === undefined ? [] : ['--metrics', `http://${http}/metrics`, '--prices', prices ?? 'standard'];
    const time = ['--seconds', `${seconds}`, '--warmup', `${WARM_UP_SECONDS}`, '--seed', `${seed}`];
    await runProgram(process.execPath, [program, ...where, ...store, ...time, ...options]);
    return transferOf(JSON.parse(readFileSync(json, 'utf8')) as Report);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Throws when the server did not take the whole load, at once and as it was sent: then percentiles tell of a part of it. */
function transferOf({ options, produced, seconds, latencyMs, agent, store, whole, errors }: Report): Transfer {
  const { acknowledgedRecords, logGrewRecords, consumedOwnRecords } = whole;
  const { unsentRecords, unansweredRecords, failedRecords, retriedRequests, reconnects } = whole;
  const troubles = unsentRecords + unansweredRecords + failedRecords + retriedRequests + reconnects;
  const isWhole = logGrewRecords === acknowledgedRecords;
  const isRead = options.consumers === 0 || consumedOwnRecords >= acknowledgedRecords;
  if (troubles > 0 || !isWhole || !isRead || Object.keys(errors).length > 0)
    throw new Error(`the server did not take and give the whole load:\n${JSON.stringify({ whole, errors })}`);
  const quantiles = (name: string): Percentiles | undefined => {
    const { count, p50, p95, p99, p999 } = latencyMs[name]!;
    return count > 0 ? { p50, p95, p99, p999 } : undefined;
  };
  const [ackMs, endToEndMs, afterAckMs] = [quantiles('ack'), quantiles('endToEnd'), quantiles('afterAck')];
  return {
    bytes: produced.payloadBytes,
    allBytes: whole.acknowledgedBytes,
    seconds,
    ...(ackMs && { ackMs }),
    ...(endToEndMs && { endToEndMs }),
    ...(afterAckMs && { afterAckMs }),
    server: {
      cpuSeconds: agent!.cpuSeconds,
      store: store && {
        dataPuts: store.puts - store.journalPuts,
        journalPuts: store.journalPuts,
        dollars: store.dollars,
      },
    },
  };
}
