import { join } from 'node:path';
import { startServer, stopServer } from '../../test/servers/processes.js';
import type { Report } from '../load/report.js';
import { median, memoryOf } from '../measure.js';
import { root } from '../parts.js';
import type { RunningSystem } from '../systems/system.js';
import { weftOnDisk } from '../systems/weft.js';
import { runGenerator } from './generator.js';

const CONNECTIONS = 1_000;
const MiB = 2 ** 20;
const DECLARED_BYTES = 99 * MiB;
const SENT_BYTES = 64 * 1024;
const RATIO_MAX = 2;
const COST_BYTES_MAX = 96e6;
/** The attack begins when the neighbour is being measured, so that its beginning counts, too. */
const BEFORE_ATTACK_MS = 4_000;

/**
 * Hostile connections beside a neighbour that produces at a fixed rate: its p99 alone and beside them in turns. With
 * 512 MiB of memory they are refused, with 2 GiB admitted one after the other. Returns whether the bounds hold.
 */
export async function hostile(
  folder: string,
  rounds: number,
  memories: readonly string[],
  say: (line: string) => void,
): Promise<boolean> {
  let held = true;
  for (const memory of memories) {
    const naming = { name: 'weft-hostile', setup: '' };
    const system = await weftOnDisk(naming, folder, { nodeFlags: [], flags: ['--memory', memory] }).start();
    try {
      held = (await beside(system, memory, folder, rounds, say)) && held;
    } finally {
      await system.stop();
    }
  }
  return held;
}

async function beside(
  system: RunningSystem,
  memory: string,
  folder: string,
  rounds: number,
  say: (line: string) => void,
): Promise<boolean> {
  // The engine's code and memory are warm after this.
  await runGenerator(folder, neighbourFlags(system, '5'));
  const idleBytes = memoryOf(system.pid).residentBytes;
  const alone: Report[] = [];
  const attacked: Report[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    alone.push(await runGenerator(folder, neighbourFlags(system, '10')));
    const attack = attackLater(system);
    attacked.push(await runGenerator(folder, neighbourFlags(system, '10')));
    await attack.stop();
    const [a, b] = [alone.at(-1)!, attacked.at(-1)!];
    say(
      `--memory ${memory}, round ${round}: p99 alone ${ms(p99(a))}, beside ${ms(p99(b))}; p50 ${ms(a.latencyMs['ack']!.p50)}, ${ms(b.latencyMs['ack']!.p50)}`,
    );
  }
  const ratio = median(attacked.map(p99)) / median(alone.map(p99));
  const residentBytes = Math.max(...attacked.map(({ agent }) => agent!.residentPeakBytes));
  const aloneBytes = Math.max(idleBytes, ...alone.map(({ agent }) => agent!.residentPeakBytes));
  const cost = residentBytes - aloneBytes;
  say(
    `--memory ${memory}: the neighbour's p99 beside ${CONNECTIONS} connections is ${ratio.toFixed(2)} times its p99 alone ` +
      `(medians of ${rounds}; at most ${RATIO_MAX}), they cost ${(cost / 1e6).toFixed(0)} MB (at most ${COST_BYTES_MAX / 1e6})`,
  );
  return ratio <= RATIO_MAX && cost <= COST_BYTES_MAX;
}

function neighbourFlags({ kafka, pid }: RunningSystem, seconds: string): string[] {
  const watched = process.platform === 'linux' ? ['--pid', String(pid)] : [];
  return [
    '--bootstrap',
    kafka,
    '--topic',
    'neighbour',
    // One extent a segment: more would make the agent lengthen its batch window in the course of the bench.
    '--partitions',
    '1',
    '--rate',
    '5MB',
    '--warmup',
    '2',
    '--seconds',
    seconds,
    ...watched,
  ];
}

function attackLater({ kafka }: RunningSystem): { stop(): Promise<void> } {
  const program = join(root, 'dist/bench/limits/attacker.js');
  const flags = [program, kafka, String(CONNECTIONS), String(DECLARED_BYTES), String(SENT_BYTES)];
  const started = new Promise<ReturnType<typeof startServer>>((resolve) => {
    setTimeout(() => resolve(startServer(process.execPath, flags)), BEFORE_ATTACK_MS);
  });
  return {
    async stop() {
      const attacker = await started;
      if (!attacker.output().includes('stalling')) throw new Error('the attack had not begun when its round was over');
      await stopServer(attacker);
    },
  };
}

function p99({ latencyMs }: Report): number {
  return latencyMs['ack']!.p99;
}

function ms(value: number): string {
  return `${value.toFixed(1)} ms`;
}
