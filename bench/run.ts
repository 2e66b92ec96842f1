import type { Percentiles, StoreUse } from './generators/generator.js';
import { cpuSeconds, fsyncMs, memoryOf } from './measure.js';
import type { Load, Round, Run, Variant } from './loads.js';
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
  /** From a batch's acknowledgement to the consumer's hands, likewise. */
  readonly afterAckMs?: Percentiles;
  /** Of a Weft agent to its bucket. */
  readonly requests?: RequestRates;
  /** Of a Weft agent, in force at the end: it lengthens when the metadata grow too fast. */
  readonly windowMs?: number;
}

export interface RequestRates {
  readonly dataPutsPerSecond: number;
  readonly journalPutsPerSecond: number;
  /** List price of all requests per GB of values moved; on a disk there is none. */
  readonly dollarsPerGigabyte?: number;
}

/** A load on a system. */
export interface Result {
  readonly load: Load;
  readonly system: System;
  /** Undefined in loads without. */
  readonly variant: Variant | undefined;
  readonly samples: readonly Sample[];
  readonly secondsToReady: number;
  readonly idleBytes: number;
  /** Of the process that had most, of those that rounds were taken on. */
  readonly peakBytes: number;
  /** Of the folder, just before. */
  readonly fsyncMs: number;
}

const GIGABYTE = 1e9;
const SETTLE_MS = 1_000;

interface Place {
  readonly system: System;
  /** Undefined while it is stopped. */
  run: Run | undefined;
  /** Of its first start. */
  first: { readonly idleBytes: number; readonly secondsToReady: number } | undefined;
  peakBytes: number;
  readonly variants: readonly { readonly variant: Variant | undefined; readonly round: Round; samples: Sample[] }[];
}

type RunOn = (system: RunningSystem) => Run;

/** Starts the systems, warms each up, and takes the rounds in turns: what disturbs the machine disturbs all of them. */
export async function runLoad(
  load: Load,
  systems: readonly System[],
  rounds: number,
  folder: string,
  runOn: RunOn,
): Promise<Result[]> {
  const fsync = fsyncMs(folder);
  const places = systems.map((system): Place => {
    return { system, run: undefined, first: undefined, peakBytes: 0, variants: variantsOf(load) };
  });
  try {
    if (load.anew !== true) for (const place of places) await begin(load, place, runOn);
    for (let round = 1; round <= rounds; round += 1) {
      for (const place of inTurn(places, round)) {
        const run = place.run ?? (await begin(load, place, runOn));
        await takeRound(load, place, run, round, rounds);
        if (load.anew === true) await end(place);
      }
    }
    return places.flatMap(({ system, first, peakBytes, variants }) => {
      const common = { load, system, ...first!, peakBytes, fsyncMs: fsync };
      return variants.map(({ variant, samples }) => ({ ...common, variant, samples }));
    });
  } finally {
    for (const place of places) await end(place);
  }
}

/** None is always the first. */
function inTurn<T>(all: readonly T[], round: number): T[] {
  const first = (round - 1) % all.length;
  return [...all.slice(first), ...all.slice(0, first)];
}

async function begin(load: Load, place: Place, runOn: RunOn): Promise<Run> {
  const started = await place.system.start(load.agentFlags);
  const run = runOn(started);
  place.run = run;
  await settle();
  const { secondsToReady, pid } = started;
  place.first ??= { secondsToReady, idleBytes: memoryOf(pid).residentBytes };
  say(`${load.name}: ${place.system.name} ready in ${secondsToReady.toFixed(2)} s, warming up`);
  await load.warmUp(run);
  return run;
}

async function end(place: Place): Promise<void> {
  const { run } = place;
  place.run = undefined;
  await run?.system.stop();
}

function variantsOf({ round }: Load): Place['variants'] {
  if (typeof round === 'function') return [{ variant: undefined, round, samples: [] }];
  return round.map((variant) => ({ variant, round: variant.round, samples: [] }));
}

async function takeRound(load: Load, place: Place, begun: Run, number: number, rounds: number): Promise<void> {
  const run = load.restarted ? { ...begun, system: await begun.system.restart() } : begun;
  place.run = run;
  for (const { variant, round, samples } of inTurn(place.variants, number)) {
    await settle();
    await load.prepare?.(run, number);
    const sample = await takeSample(round, run, number);
    samples.push(sample);
    const { megabytesPerSecond, cpuSecondsPerGigabyte, cores, ackMs } = sample;
    const ack = ackMs === undefined ? '' : `, ack ${ackMs.p50.toFixed(1)}/${ackMs.p99.toFixed(1)} ms`;
    const figures = `${megabytesPerSecond.toFixed(0)} MB/s, ${cpuSecondsPerGigabyte.toFixed(2)} CPU-s/GB, ${cores.toFixed(2)} cores${ack}`;
    const name = variant === undefined ? place.system.name : `${place.system.name}, ${variant.name},`;
    say(`${load.name}: ${name} round ${number} of ${rounds}: ${figures}`);
  }
  place.peakBytes = Math.max(place.peakBytes, memoryOf(run.system.pid).peakBytes);
}

async function takeSample(round: Round, run: Run, number: number): Promise<Sample> {
  const { pid, storePid, http, prices } = run.system;
  const storeBefore = http === undefined ? undefined : await storeRequests(http, prices);
  const before = cpuSeconds(pid);
  const storeCpuBefore = storePid === undefined ? 0 : cpuSeconds(storePid);
  const { bytes, seconds, ackMs, endToEndMs, afterAckMs, server, allBytes = bytes } = await round(run, number);
  const used = server?.cpuSeconds ?? cpuSeconds(pid) - before;
  const gigabytes = bytes / GIGABYTE;
  const storeCpu = storePid === undefined ? undefined : cpuSeconds(storePid) - storeCpuBefore;
  const sample: Sample = {
    megabytesPerSecond: (gigabytes * 1000) / seconds,
    cpuSecondsPerGigabyte: used / gigabytes,
    ...(storeCpu !== undefined && { storeCpuSecondsPerGigabyte: storeCpu / (allBytes / GIGABYTE) }),
    cores: used / seconds,
    ...(ackMs && { ackMs }),
    ...(endToEndMs && { endToEndMs }),
    ...(afterAckMs && { afterAckMs }),
  };
  if (http === undefined || storeBefore === undefined) return sample;
  const after = await storeRequests(http, prices);
  const { dataPuts, journalPuts, dollars }: StoreUse = server?.store ?? {
    dataPuts: after.dataPuts - storeBefore.dataPuts,
    journalPuts: after.journalPuts - storeBefore.journalPuts,
    dollars: after.dollars - storeBefore.dollars,
  };
  const requests = {
    dataPutsPerSecond: dataPuts / seconds,
    journalPutsPerSecond: journalPuts / seconds,
    ...(prices && { dollarsPerGigabyte: dollars / gigabytes }),
  };
  return { ...sample, requests, windowMs: after.windowMs };
}

function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
}

export function say(line: string): void {
  process.stdout.write(`${new Date().toISOString().slice(11, 19)} ${line}\n`);
}
