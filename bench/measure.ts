import { execFileSync } from 'node:child_process';
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** Clock ticks per second of /proc/PID/stat. */
const ticksPerSecond = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

/** Seconds of processor time (user and system) that a process has used in all its threads. */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // Behind the program's name, which may hold spaces; utime and stime are fields 14 and 15.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

export interface Memory {
  /** Resident now, bytes. */
  readonly residentBytes: number;
  /** The most that ever was resident, bytes. */
  readonly peakBytes: number;
}

export function memoryOf(pid: number): Memory {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const field = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) * 1024;
  return { residentBytes: field('VmRSS'), peakBytes: field('VmHWM') };
}

const FSYNC_BYTES = 128 * 1024;
const FSYNC_ROUNDS = 50;

/** Milliseconds of a write of 128 KiB and its fsync in `folder`: the median of fifty files. */
export function fsyncMs(folder: string): number {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, '.fsync');
  const bytes = Buffer.alloc(FSYNC_BYTES, 1);
  const took: number[] = [];
  for (let round = 0; round < FSYNC_ROUNDS; round += 1) {
    const file = openSync(path, 'w');
    const startedMs = performance.now();
    writeSync(file, bytes);
    fsyncSync(file);
    took.push(performance.now() - startedMs);
    closeSync(file);
  }
  rmSync(path);
  return median(took);
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
