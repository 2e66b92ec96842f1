import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/**
 * Who a process is, well enough to prove later that it no longer runs (docs/ARCHITECTURE.md, The journal). `bootId`
 * is empty and `processStart` 0 where the system does not tell them.
 */
export interface ProcessIdentity {
  readonly host: string;
  readonly bootId: string;
  readonly processId: number;
  /** Clock ticks after boot (Linux: field 22 of /proc/<pid>/stat). */
  readonly processStart: number;
}

export interface Processes {
  readonly self: ProcessIdentity;
  /** True only when that process cannot be running any more; false whenever that cannot be known. */
  isProvablyDead(other: ProcessIdentity): boolean;
}

/** Real processes. Elsewhere than on Linux a process is known by its host and number alone. */
export function realProcesses(): Processes {
  const host = hostIdentity();
  const self: ProcessIdentity = {
    host,
    bootId: readTrimmed('/proc/sys/kernel/random/boot_id') ?? '',
    processId: process.pid,
    processStart: readStat(process.pid)?.start ?? 0,
  };
  return {
    self,
    isProvablyDead(other) {
      if (other.host !== self.host) {
        return false;
      }
      if (process.platform !== 'linux') {
        return !answersSignal(other.processId);
      }
      return other.bootId !== '' && (other.bootId !== self.bootId || !runsOnLinux(other));
    },
  };
}

/**
 * The same where machines may share a name, on a bucket: only of a process of this boot of this system can it be known that it
 * is dead. Two that wrongly took each other for dead would depose one another for ever.
 */
export function processesOfThisBoot(): Processes {
  const { self, isProvablyDead } = realProcesses();
  const canTell = process.platform === 'linux' && self.bootId !== '';
  return { self, isProvablyDead: (other) => canTell && other.bootId === self.bootId && isProvablyDead(other) };
}

/** Containers that share a machine's name do not see one another's processes, so the process namespace is part of the name. */
function hostIdentity(): string {
  const machine = readTrimmed('/etc/machine-id') ?? '';
  let namespace = '';
  try {
    namespace = readlinkSync('/proc/self/ns/pid');
  } catch {
    // No such thing here.
  }
  return [hostname(), machine, namespace].filter((part) => part !== '').join(' ');
}

function runsOnLinux(other: ProcessIdentity): boolean {
  const stat = readStat(other.processId);
  // Of other users' processes /proc may tell nothing (hidepid).
  if (stat === undefined) return answersSignal(other.processId);
  return stat.start === other.processStart && stat.state !== 'Z' && stat.state !== 'X';
}

function answersSignal(processId: number): boolean {
  try {
    process.kill(processId, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

/** proc(5): the name in parentheses may hold anything, so fields are counted from the last ')'. */
function readStat(processId: number): { readonly state: string; readonly start: number } | undefined {
  const text = readTrimmed(`/proc/${processId}/stat`);
  if (text === undefined) {
    return undefined;
  }
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return { state: fields[0] ?? '', start: Number(fields[19]) };
}

function readTrimmed(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return undefined;
  }
}
