import type { Percentiles } from './generators/generator.js';
import { cpuSeconds, fsyncMs, memoryOf } from './measure.js';
import type { Load, Run } from './loads.js';
import { storeRequests } from './metrics.js';
import type { RunningSystem, System } from './systems/system.js';

/** One round of a load on a system. */
export interface Sample {
  readonly megabytesPerSecond: number;
  /** Of the server per GB of values moved (1e9 bytes). */
  readonly cpuSecondsPerGigabyte: number;
  /** Of the object store beside it, likewise. */
  readonly storeCpuSecondsPerGigabyte?: number;
  /** The server's, while it moved them. */
  readonly cores: number;
  /** From a record given to its producer to its acknowledgement, where the generator tells. */
  readonly ackMs?: Percentiles;
  /** To the consumer's hands, likewise. */
  readonly endToEndMs?: Percentiles;
  /** Of a Weft agent to its bucket. */
  readonly requests?: RequestRates;
}

export interface RequestRates {
  readonly dataPutsPerSecond: number;
  readonly journalPutsPerSecond: number;
  /** List price of all requests per GB of values moved. */
  readonly dollarsPerGigabyte: number;
}

/** A load on a system. */
export interface Result {
  readonly load: Load;
  readonly system: System;
  readonly samples: readonly Sample[];
  readonly secondsToReady: number;
  readonly idleBytes: number;
  readonly peakBytes: number;
  /** Of the folder, just before. */
  readonly fsyncMs: number;
}

const GIGABYTE = 1e9;
const SETTLE_MS = 1_000;

/** Starts the systems, warms each up, and takes the rounds in turns: what disturbs the machine disturbs all of them. */
export async function runLoad(
  load: Load,
  systems: readonly System[],
  rounds: number,
  folder: string,
  runOn: (system: RunningSystem) => Run,
): Promise<Result[]> {
  const taken: { system: System; run: Run; samples: Sample[]; idleBytes: number; secondsToReady: number }[] = [];
  const fsync = fsyncMs(folder);
  try {
    for (const system of systems) {
      const started = await system.start(load.agentFlags);
      await settle();
      const { secondsToReady, pid } = started;
      const place = {
        system,
        run: runOn(started),
        samples: [],
        idleBytes: memoryOf(pid).residentBytes,
        secondsToReady,
      };
      taken.push(place);
      say(`${load.name}: ${system.name} ready in ${secondsToReady.toFixed(2)} s, warming up`);
      await load.warmUp(place.run);
    }
    for (let round = 1; round <= rounds; round += 1) {
      for (const place of taken) {
        if (load.restarted) place.run = { ...place.run, system: await place.run.system.restart() };
        await settle();
        await load.prepare?.(place.run, round);
        const sample = await takeSample(load, place.run, round);
        place.samples.push(sample);
        const { megabytesPerSecond, cpuSecondsPerGigabyte, cores, ackMs } = sample;
        const ack = ackMs === undefined ? '' : `, ack ${ackMs.p50.toFixed(1)}/${ackMs.p99.toFixed(1)} ms`;
        const figures = `${megabytesPerSecond.toFixed(0)} MB/s, ${cpuSecondsPerGigabyte.toFixed(2)} CPU-s/GB, ${cores.toFixed(2)} cores${ack}`;
        say(`${load.name}: ${place.system.name} round ${round} of ${rounds}: ${figures}`);
      }
    }
    return taken.map(({ system, run, samples, idleBytes, secondsToReady }) => {
      const { peakBytes } = memoryOf(run.system.pid);
      return { load, system, samples, secondsToReady, idleBytes, peakBytes, fsyncMs: fsync };
    });
  } finally {
    for (const { run } of taken) await run.system.stop();
  }
}

async function takeSample(load: Load, run: Run, round: number): Promise<Sample> {
  const { pid, storePid, http } = run.system;
  const requestsBefore = http === undefined ? undefined : await storeRequests(http);
  const before = cpuSeconds(pid);
  const storeBefore = storePid === undefined ? 0 : cpuSeconds(storePid);
  const startedMs = performance.now();
  const { bytes, seconds, ackMs, endToEndMs } = await load.round(run, round);
  const used = cpuSeconds(pid) - before;
  const gigabytes = bytes / GIGABYTE;
  const sample: Sample = {
    megabytesPerSecond: (gigabytes * 1000) / seconds,
    cpuSecondsPerGigabyte: used / gigabytes,
    ...(storePid !== undefined && { storeCpuSecondsPerGigabyte: (cpuSeconds(storePid) - storeBefore) / gigabytes }),
    cores: used / seconds,
    ...(ackMs && { ackMs }),
    ...(endToEndMs && { endToEndMs }),
  };
  if (http === undefined || requestsBefore === undefined) return sample;
  const after = await storeRequests(http);
  const lasted = (performance.now() - startedMs) / 1000;
  const requests = {
    dataPutsPerSecond: (after.dataPuts - requestsBefore.dataPuts) / lasted,
    journalPutsPerSecond: (after.journalPuts - requestsBefore.journalPuts) / lasted,
    dollarsPerGigabyte: (after.dollars - requestsBefore.dollars) / gigabytes,
  };
  return { ...sample, requests };
}

function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
}

export function say(line: string): void {
  process.stdout.write(`${new Date().toISOString().slice(11, 19)} ${line}\n`);
}
