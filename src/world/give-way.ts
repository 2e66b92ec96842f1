import { stat } from 'node:fs/promises';
import { getPriority, setPriority } from 'node:os';

/** Of Linux's -20 to 19: beside a thread that wants the processor too, this one gets a quarter of it. */
const niceness = 5;

/**
 * The thread that calls gives way to all others of the process from here on, and cannot take that back. On Linux alone, where 0
 * names the thread: elsewhere the whole process would give way. False when all stays as it is: there, for a process that
 * already gives way as much, or where the system refuses.
 */
export async function giveWay(): Promise<boolean> {
  if (process.platform !== 'linux') return false;
  try {
    if (getPriority(0) >= niceness) return false;
    // libuv's pool, which serves all threads, begins with its first task, and is as nice as the thread that gave it.
    await stat('/');
    setPriority(0, niceness);
    return true;
  } catch {
    // A sandbox may forbid the call. The work is done all the same, at the priority of the others.
    return false;
  }
}
