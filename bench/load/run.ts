import { AfterAck } from './after-ack.js';
import { realClock, Wheel } from './clock.js';
import { bootstrap, offsetsAt, openTopic } from './cluster.js';
import { ownCpuSeconds, ResidentMemory, storeCost, usageOf } from './cost.js';
import {
  checkVersions,
  openAdmin,
  openIdle,
  openProducers,
  openReaders,
  type Reader,
  type Surroundings,
} from './fleet.js';
import { Histogram } from './histogram.js';
import type { LoadOptions } from './options.js';
import type { Producer } from './producer.js';
import { type FlowReport, flowReport, type Report, type SecondReport } from './report.js';
import { type Counting, Tally, timed } from './tally.js';

/** Between the last preparation and the first record. */
const LEAD_MS = 100;
/** What is in flight is waited for so long. */
const ANSWER_GRACE_MS = 30_000;
/** So are consumers, for what was acknowledged. */
const CONSUME_GRACE_MS = 30_000;
const GB = 1e9;

export interface Progress {
  readonly elapsedSeconds: number;
  readonly warmingUp: boolean;
  /** So far; the caller's to compare with the last time. */
  readonly tally: Tally;
}

/** Runs a load; `aborted` ends it early, with a report of what was measured until then. Rejects when it cannot begin. */
export async function runLoad(
  options: LoadOptions,
  aborted: AbortSignal,
  onSecond: (progress: Progress) => void,
): Promise<Report> {
  const security = { tls: options.tls, caFile: options.caFile };
  const clock = realClock;
  const counting: Counting = { tally: new Tally() };
  const wheel = new Wheel(clock.nowMs(), () => counting.tally.times.timer);
  const first = await bootstrap(options.bootstrap, security);
  await checkVersions(first);
  const topic = await openTopic(first, options.topic, options.partitions);
  first.close();
  const runStartedMs = clock.nowMs() + clock.epochMs;
  // Tells this run's records from those of any other, whatever the seed.
  const runId = Math.floor(runStartedMs * 1000 + process.pid * 7919) % 2 ** 32;
  const around: Surroundings = {
    options,
    security,
    topic,
    clock,
    waker: wheel,
    counting,
    runId,
    runStartedMs,
    afterAck: options.consumers > 0 && options.acks !== 0 ? new AfterAck(counting) : undefined,
  };
  const before = await offsetsAt(topic, -1, security);
  const idle = await openIdle(around);
  const ready = await openProducers(around);
  const turning = turn(wheel);
  const start = options.from === 'tail' ? before : await offsetsAt(topic, -2, security);
  const readers = await openReaders(around, start);
  const admin = await openAdmin(around);

  const startMs = clock.nowMs() + LEAD_MS;
  const measuredFromMs = startMs + options.warmUpSeconds * 1000;
  const endMs = measuredFromMs + options.seconds * 1000;
  const pace = {
    startMs,
    endMs,
    arrivals: options.arrivals,
    lingerMs: options.lingerMs,
    requestBytes: options.requestBytes,
  };
  const producers = ready.map((producer) => producer.start(pace));
  const memory = options.pid === undefined ? undefined : new ResidentMemory(options.pid);
  const series: SecondReport[] = [];
  const each = setInterval(() => {
    memory?.look();
    series.push(secondOf(counting.tally, (clock.nowMs() - startMs) / 1000));
    const warmingUp = clock.nowMs() < measuredFromMs;
    onSecond({ elapsedSeconds: (clock.nowMs() - startMs) / 1000, warmingUp, tally: counting.tally });
  }, 1_000);

  await until(() => aborted.aborted || clock.nowMs() >= measuredFromMs);
  const usedBefore = await usageOf(options);
  const warmUp = counting.tally;
  counting.tally = new Tally();
  const ownBefore = ownCpuSeconds();
  const fromMs = clock.nowMs();
  const replayDone = options.producers === 0 && options.from === 'earliest';
  await until(() => aborted.aborted || clock.nowMs() >= endMs || (replayDone && hasRead(readers, before)));
  const seconds = (clock.nowMs() - fromMs) / 1000;
  const { tally } = counting;
  const produced = flowReport(tally.produced, seconds);
  const consumed = flowReport(tally.consumed, seconds);
  const generatorSeconds = ownCpuSeconds() - ownBefore;
  const usedAfter = await usageOf(options);
  for (const producer of producers) producer.end(clock.nowMs());
  if (options.rate > 0) await until(() => allDone(producers), options.graceSeconds * 1000);
  const unsentRecords = producers.reduce((sum, producer) => sum + producer.unsent(Math.min(clock.nowMs(), endMs)), 0);
  for (const producer of producers) producer.stop();
  await until(() => producers.every(({ isIdle }) => isIdle), ANSWER_GRACE_MS);
  clearInterval(each);
  const unansweredRecords = producers.reduce((sum, { unanswered }) => sum + unanswered, 0);
  const after = await offsetsAt(topic, -1, security);
  if (options.producers > 0 && !replayDone) await until(() => hasRead(readers, after), CONSUME_GRACE_MS);
  await admin?.stop();
  await Promise.all(readers.map((reader) => reader.stop()));
  for (const producer of ready) producer.close();
  for (const connection of idle) connection.close();
  turning.stop();

  const cpu = usedBefore.cpuSeconds === undefined ? undefined : usedAfter.cpuSeconds! - usedBefore.cpuSeconds;
  const gigabytes = bytesOf(produced, consumed) / GB;
  const store = storeCost(usedBefore, usedAfter, options.prices);
  const total = (of: (tally: Tally) => number): number => of(warmUp) + of(tally);
  return {
    format: 'weft-load-1',
    options,
    seconds,
    interrupted: aborted.aborted,
    loop: options.rate > 0 ? 'open' : 'closed',
    produced,
    consumed,
    whole: {
      acknowledgedRecords: total((t) => t.produced.records),
      acknowledgedBytes: total((t) => t.produced.payloadBytes),
      logGrewRecords: after.reduce((sum, offset, partition) => sum + offset - before[partition]!, 0),
      consumedRecords: total((t) => t.consumed.records),
      consumedOwnRecords: total((t) => t.consumedOwnRecords),
      unsentRecords,
      unansweredRecords,
      failedRecords: total((t) => t.failedRecords),
      retriedRequests: total((t) => t.retriedRequests),
      reconnects: total((t) => t.reconnects),
    },
    startedAtMs: startMs + clock.epochMs,
    series,
    latencyMs: Object.fromEntries(timed.map((name) => [name, tally.times[name].summary()])),
    errors: Object.fromEntries(
      [...new Set([...warmUp.errors.keys(), ...tally.errors.keys()])].map((error) => [
        error,
        total((t) => t.errors.get(error) ?? 0),
      ]),
    ),
    agent:
      cpu === undefined
        ? undefined
        : {
            cpuSeconds: cpu,
            cores: cpu / seconds,
            cpuSecondsPerGB: gigabytes > 0 ? cpu / gigabytes : null,
            residentPeakBytes: memory!.peakBytes,
            residentPeakEverBytes: memory!.peakEverBytes() ?? null,
          },
    store:
      store === undefined
        ? undefined
        : {
            ...store,
            putsPerSecond: store.puts / seconds,
            perGB:
              gigabytes > 0
                ? { puts: store.puts / gigabytes, gets: store.gets / gigabytes, dollars: store.dollars / gigabytes }
                : null,
          },
    generator: { cpuSeconds: generatorSeconds, cores: generatorSeconds / seconds },
  };
}

/** The second that ends now; the next one begins. */
function secondOf(tally: Tally, toSecond: number): SecondReport {
  const { ackInterval } = tally;
  tally.ackInterval = new Histogram();
  const { count, p50, p99 } = ackInterval.summary();
  const some = (ms: number): number | null => (count === 0 ? null : ms);
  return { toSecond, acknowledgedRecords: count, ackP50Ms: some(p50), ackP99Ms: some(p99) };
}

function bytesOf(produced: FlowReport, consumed: FlowReport): number {
  return produced.payloadBytes > 0 ? produced.payloadBytes : consumed.batchBytes;
}

function allDone(producers: readonly Producer[]): boolean {
  return producers.every(({ isDone }) => isDone);
}

/** Whether the readers together are at these ends; true without any. */
function hasRead(readers: readonly Reader[], ends: readonly number[]): boolean {
  if (readers.length === 0) return true;
  const offsets = new Map(readers.flatMap((reader) => [...reader.offsets()]));
  return ends.every((end, partition) => (offsets.get(partition) ?? 0) >= end);
}

/** Turns the wheel every millisecond until it is stopped. */
function turn(wheel: Wheel): { stop(): void } {
  let timer: NodeJS.Timeout;
  const again = (): void => {
    timer = setTimeout(() => {
      wheel.turn(realClock);
      again();
    }, 1);
  };
  again();
  return { stop: () => clearTimeout(timer) };
}

const LOOK_MS = 5;

async function until(done: () => boolean, atMostMs = Number.POSITIVE_INFINITY): Promise<void> {
  const deadlineMs = performance.now() + atMostMs;
  while (!done() && performance.now() < deadlineMs) await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
}
