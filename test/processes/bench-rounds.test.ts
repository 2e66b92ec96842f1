import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import type { Load } from '../../bench/loads.js';
import { memoryOf } from '../../bench/measure.js';
import { runLoad } from '../../bench/run.js';
import type { RunningSystem, System } from '../../bench/systems/system.js';
import { type Server, startServer, stopServer } from '../servers/processes.js';

const folder = mkdtempSync(join(tmpdir(), 'weft-bench-rounds-'));
const started: Server[] = [];
afterEach(async () => {
  for (const server of started.splice(0)) await stopServer(server);
  rmSync(folder, { recursive: true, force: true });
});

/** Starts what `pids` gives, one process after the other; throws when there is none left. */
function systemOf(pids: readonly number[]): System & { readonly stopped: number[] } {
  const stopped: number[] = [];
  let starts = 0;
  return {
    name: 'fake',
    setup: '',
    stopped,
    start: async () => {
      const pid = pids[starts++];
      if (pid === undefined) throw new Error('it does not start');
      const running: RunningSystem = {
        ...{ kafka: '', storePid: undefined, secondsToReady: 0, http: undefined, pid },
        restart: () => Promise.reject(new Error('nothing is restarted here')),
        stop: async () => void stopped.push(pid),
      };
      return running;
    },
  };
}

const anew: Load = {
  ...{ name: 'anew', what: '', needs: [], systems: [], rate: 'flat-out', restarted: false, anew: true },
  warmUp: () => Promise.resolve(),
  round: () => Promise.resolve({ bytes: 1e9, seconds: 1 }),
};

function take(system: System, rounds: number) {
  const runOn = (running: RunningSystem) => {
    return { system: running, generators: { java: '', librdkafka: '' }, roundBytes: 1, quick: true };
  };
  return runLoad(anew, [system], rounds, folder, runOn);
}

test('rounds on processes of their own: the peak is that of the largest, be it not the last', async () => {
  const small = startServer('sleep', ['600']);
  started.push(small);
  const pid = small.process.pid!;
  const system = systemOf([process.pid, pid]);
  const atLeast = memoryOf(process.pid).peakBytes;
  const [result] = await take(system, 2);
  expect(memoryOf(pid).peakBytes).toBeLessThan(atLeast);
  expect(result!.peakBytes).toBeGreaterThanOrEqual(atLeast);
  expect(system.stopped).toEqual([process.pid, pid]);
});

test('what does not start anew was stopped, and is not once more', async () => {
  const system = systemOf([process.pid]);
  await expect(take(system, 2)).rejects.toThrow('it does not start');
  expect(system.stopped).toEqual([process.pid]);
});
