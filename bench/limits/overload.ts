import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Server } from '../../test/servers/processes.js';
import { parseSeries } from '../load/cost.js';
import type { Report } from '../load/report.js';
import { median, memoryOf } from '../measure.js';
import { storeRequests } from '../metrics.js';
import type { RunningSystem } from '../systems/system.js';
import { startSlowly } from '../systems/slow-store.js';
import { weftOnS3 } from '../systems/weft.js';
import { startGenerator } from './generator.js';
import { plainStore } from './plain-systems.js';

const MEMORY = '512MiB';
const MEMORY_BYTES_MAX = 512 * 2 ** 20;
/** The store: the Standard model, and so much bandwidth for each request. */
const MODEL = ['--model', 'standard', '--seed', '1', '--mb-per-second', '20'];
const TIMES = 4;
const GOODPUT_SHARE_MIN = 0.9;
const RECOVERY_SECONDS_MAX = 5;
/** Closed loops, of which the best is the peak. */
const PEAK_CONNECTIONS = [8, 32];
const OVERLOAD_CONNECTIONS = 128;
const WARM_UP_MS = 5_000;
const MEASURED_MS = 15_000;
const CALM_MS = 10_000;
const AFTER_MS = 20_000;

/**
 * Four times as much as an agent on a slow store can take, from many connections, beside one that sends little. Returns
 * whether goodput, memory and recovery are within their bounds.
 */
export async function overload(versitygw: string, folder: string, say: (line: string) => void): Promise<boolean> {
  const store = (base: string) => startSlowly(plainStore(versitygw), MODEL, base);
  const naming = { name: 'weft-overload', setup: '' };
  const options = { nodeFlags: [], flags: ['--memory', MEMORY] };
  const system = await weftOnS3(naming, store, folder, options).start();
  try {
    return await run(system, folder, say);
  } finally {
    await system.stop();
  }
}

async function run(system: RunningSystem, folder: string, say: (line: string) => void): Promise<boolean> {
  // Before the peaks, which leave longer windows behind: what is calm must not hold what an overload does.
  const json = join(folder, 'probe.json');
  const probe = startGenerator([...at(system), '--rate', '200', '--linger', '0', '--seconds', '600', '--json', json]);
  await sleep(CALM_MS);
  const calmUntilMs = Date.now();
  const windows = [await windowMs(system)];
  let peak = 0;
  for (const connections of PEAK_CONNECTIONS) {
    const load = startGenerator([...at(system), '--producers', String(connections), '--seconds', '600']);
    const rate = await goodput(system, load);
    await killed(load);
    say(`${connections} connections flat out: ${rate.toFixed(1)} MB/s`);
    peak = Math.max(peak, rate);
    await sleep(2_000);
  }
  const overloadedAtMs = Date.now();
  const offered = (TIMES * peak).toFixed(1);
  const load = startGenerator([
    ...at(system),
    '--rate',
    `${offered}MB`,
    '--producers',
    String(OVERLOAD_CONNECTIONS),
    '--seconds',
    '600',
  ]);
  const rate = await goodput(system, load);
  windows.push(await windowMs(system));
  const endedAtMs = Date.now();
  await killed(load);
  await sleep(AFTER_MS);
  windows.push(await windowMs(system));
  probe.process.kill('SIGINT');
  await probe.exited;
  const report = JSON.parse(readFileSync(json, 'utf8')) as Report;
  const waits = quietWaitsMs(report, calmUntilMs, overloadedAtMs, endedAtMs);
  const recovery = recoverySeconds(report, calmUntilMs, endedAtMs);
  const { peakBytes } = memoryOf(system.pid);
  say(
    `offered ${offered} MB/s by ${OVERLOAD_CONNECTIONS} connections: ${rate.toFixed(1)} MB/s acknowledged, ${((100 * rate) / peak).toFixed(0)} % of the peak (at least ${100 * GOODPUT_SHARE_MIN})`,
  );
  say(
    `a quiet producer's p99 in a second: ${waits.calm} ms before, ${waits.overloaded} ms in the overload, ${waits.after} ms from ${RECOVERY_SECONDS_MAX} s after it (medians)`,
  );
  say(`batch windows at these times: ${windows.map((ms) => ms.toFixed(0)).join(', ')} ms`);
  say(`resident at most ${(peakBytes / 2 ** 20).toFixed(0)} MiB (at most ${MEMORY_BYTES_MAX / 2 ** 20})`);
  say(
    `a quiet producer's p99 is as before ${recovery.threeGood.toFixed(1)} s after the overload ended (at most ${RECOVERY_SECONDS_MAX}): three good seconds in a row; its last bad second ended after ${recovery.lastBad.toFixed(1)} s`,
  );
  if (Object.keys(report.errors).length > 0) say(`the quiet producer met ${JSON.stringify(report.errors)}`);
  return (
    rate >= GOODPUT_SHARE_MIN * peak && peakBytes <= MEMORY_BYTES_MAX && recovery.threeGood <= RECOVERY_SECONDS_MAX
  );
}

function at({ kafka }: RunningSystem): string[] {
  return ['--bootstrap', kafka, '--topic', 'overload'];
}

/** MB of batches acknowledged a second, by the agent's own count, once the load is warm. */
async function goodput(system: RunningSystem, load: Server): Promise<number> {
  await sleep(WARM_UP_MS);
  const [before, fromMs] = [await producedBytes(system), performance.now()];
  await sleep(MEASURED_MS);
  const [after, toMs] = [await producedBytes(system), performance.now()];
  if (load.process.exitCode !== null) throw new Error(`the load ended:\n${load.output()}`);
  return (after - before) / 1e3 / (toMs - fromMs);
}

/** The batch window in force. */
async function windowMs({ http }: RunningSystem): Promise<number> {
  return (await storeRequests(http!)).windowMs;
}

async function producedBytes({ http }: RunningSystem): Promise<number> {
  const page = await (await fetch(`http://${http}/metrics`)).text();
  return parseSeries(page).get('weft_produced_bytes_total')!;
}

/** As clients that die: what they have sent and the agent has not read is gone. */
async function killed(load: Server): Promise<void> {
  load.process.kill('SIGKILL');
  await load.exited;
}

/** Medians over the seconds in which something was acknowledged. The first seconds of an overload fill its queues. */
function quietWaitsMs({ series, startedAtMs }: Report, calmUntilMs: number, overloadedAtMs: number, endedAtMs: number) {
  const between = (fromMs: number, toMs: number): string =>
    median(
      series
        .filter(({ toSecond }) => startedAtMs + toSecond * 1000 > fromMs && startedAtMs + toSecond * 1000 <= toMs)
        .flatMap(({ ackP99Ms }) => ackP99Ms ?? []),
    ).toFixed(0);
  return {
    calm: between(startedAtMs + 3_000, calmUntilMs),
    overloaded: between(overloadedAtMs + WARM_UP_MS, endedAtMs),
    after: between(endedAtMs + RECOVERY_SECONDS_MAX * 1000, Number.POSITIVE_INFINITY),
  };
}

/** Seconds from the end of the overload; infinite where it does not end in what was measured. */
interface Recovery {
  /** To the first three seconds in a row in which the quiet producer was well. What comes later is the machine. */
  readonly threeGood: number;
  /** To the end of the last second in which it was not. */
  readonly lastBad: number;
}

/** A second is good in which the quiet producer's p99 was not above twice its median while all was calm. */
function recoverySeconds({ series, startedAtMs }: Report, calmUntilMs: number, endedAtMs: number): Recovery {
  const second = (atMs: number): number => (atMs - startedAtMs) / 1000;
  const calm = series.filter(({ toSecond }) => toSecond > 3 && toSecond <= second(calmUntilMs));
  const bound = 2 * median(calm.map(({ ackP99Ms }) => ackP99Ms ?? Number.POSITIVE_INFINITY));
  const after = series.filter(({ toSecond }) => toSecond > second(endedAtMs));
  const isGood = after.map(({ ackP99Ms }) => ackP99Ms !== null && ackP99Ms <= bound);
  /** To the end of the last second before the `good`-th after the overload; with none that is good from there on, infinite. */
  const until = (good: number): number => {
    if (good < 0 || good >= after.length) return Number.POSITIVE_INFINITY;
    return good === 0 ? 0 : after[good - 1]!.toSecond - second(endedAtMs);
  };
  return {
    threeGood: until(isGood.findIndex((good, i) => good && isGood[i + 1] === true && isGood[i + 2] === true)),
    lastBad: until(isGood.lastIndexOf(false) + 1),
  };
}
