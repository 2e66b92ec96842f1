import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runProgram } from '../../test/servers/processes.js';
import { root } from '../parts.js';
import type { Percentiles, Transfer } from './generator.js';

/** What is read of its report; bench/README.md says what else is in it. */
interface Report {
  readonly produced: { readonly payloadBytes: number };
  readonly seconds: number;
  readonly latencyMs: Readonly<Record<string, Percentiles & { readonly count: number }>>;
  readonly agent?: { readonly cpuSeconds: number };
  readonly whole: {
    readonly unsentRecords: number;
    readonly unansweredRecords: number;
    readonly failedRecords: number;
  };
  readonly errors: unknown;
}

/** Not measured: connections are made, and code gets warm. */
const WARM_UP_SECONDS = 5;

/**
 * Our own load generator (`npm run load`) with these options. The server's processor time is measured by the generator, so
 * without its warm-up.
 */
export async function produceWithLoad(
  kafka: string,
  pid: number,
  seconds: number,
  options: readonly string[],
): Promise<Transfer> {
  const folder = mkdtempSync(join(tmpdir(), 'weft-load-'));
  try {
    const json = join(folder, 'report.json');
    const program = join(root, 'dist/bench/load/main.js');
    const where = ['--bootstrap', kafka, '--pid', `${pid}`, '--json', json];
    const time = ['--seconds', `${seconds}`, '--warmup', `${WARM_UP_SECONDS}`];
    await runProgram(process.execPath, [program, ...where, ...time, ...options]);
    return transferOf(JSON.parse(readFileSync(json, 'utf8')) as Report);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Throws when the server did not take the whole load: then percentiles tell of a part of it. */
function transferOf(report: Report): Transfer {
  const { produced, seconds, latencyMs, agent, whole } = report;
  const lost = whole.unsentRecords + whole.unansweredRecords + whole.failedRecords;
  if (lost > 0)
    throw new Error(`${lost} records were not acknowledged:\n${JSON.stringify({ whole, errors: report.errors })}`);
  const { ack, endToEnd } = latencyMs;
  const quantiles = ({ p50, p95, p99, p999 }: Percentiles): Percentiles => ({ p50, p95, p99, p999 });
  return {
    bytes: produced.payloadBytes,
    seconds,
    ...(ack !== undefined && ack.count > 0 && { ackMs: quantiles(ack) }),
    ...(endToEnd !== undefined && endToEnd.count > 0 && { endToEndMs: quantiles(endToEnd) }),
    ...(agent !== undefined && { cpuSeconds: agent.cpuSeconds }),
    lastedSeconds: seconds + WARM_UP_SECONDS,
  };
}
