import { median } from '../measure.js';
import { startSlowly } from '../systems/slow-store.js';
import type { RunningSystem, System } from '../systems/system.js';
import { weftOnS3 } from '../systems/weft.js';
import { runGenerator } from './generator.js';
import { DEFAULTS, plainStore, plainSystems } from './plain-systems.js';

const SECONDS_MAX = 1;
const ROUNDS = 5;

interface Case {
  readonly system: System;
  /** A store with a latency model takes what the model says for each request of a start. */
  readonly isBounded: boolean;
}

/**
 * How soon an agent answers Kafka requests, from the start of its process: on an empty bucket, and on a small journal after a
 * clean stop and after SIGKILL. Returns whether the bound holds on a folder and on S3.
 */
export async function start(versitygw: string, folder: string, say: (line: string) => void): Promise<boolean> {
  let held = true;
  for (const { system, isBounded } of casesOf(versitygw, folder)) {
    const taken = { empty: [] as number[], stopped: [] as number[], killed: [] as number[] };
    for (let round = 0; round < ROUNDS; round += 1) {
      let running = await system.start();
      try {
        taken.empty.push(running.secondsToReady);
        const little = ['--topic', 'start', '--rate', '5MB', '--seconds', '3'];
        await runGenerator(folder, ['--bootstrap', running.kafka, ...little]);
        running = await running.restart();
        taken.stopped.push(running.secondsToReady);
        running = await killedAndRestarted(running);
        taken.killed.push(running.secondsToReady);
      } finally {
        await running.stop();
      }
    }
    const bound = isBounded ? ` (at most ${SECONDS_MAX})` : '';
    say(
      `${system.name}: ready after ${shown(taken.empty)} s on an empty bucket; on a small journal after ${shown(taken.stopped)} s, after a crash ${shown(taken.killed)} s${bound}`,
    );
    held &&= !isBounded || Math.max(median(taken.stopped), median(taken.killed)) <= SECONDS_MAX;
  }
  return held;
}

function casesOf(versitygw: string, folder: string): Case[] {
  const modelled = (model: string): Case => {
    const slow = (base: string) => startSlowly(plainStore(versitygw), ['--model', model, '--seed', '1'], base);
    return { system: weftOnS3({ name: `weft-${model}`, setup: '' }, slow, folder, DEFAULTS), isBounded: false };
  };
  const plain = plainSystems(versitygw, folder).map((system): Case => ({ system, isBounded: true }));
  return [...plain, modelled('express'), modelled('standard')];
}

function killedAndRestarted(running: RunningSystem): Promise<RunningSystem> {
  process.kill(running.pid, 'SIGKILL');
  return running.restart();
}

/** Median, least and greatest. */
function shown(seconds: readonly number[]): string {
  const [middle, least, most] = [median(seconds), Math.min(...seconds), Math.max(...seconds)];
  return `${middle.toFixed(2)} (${least.toFixed(2)}–${most.toFixed(2)})`;
}
