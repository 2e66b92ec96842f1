import { stat } from 'node:fs/promises';
import { getPriority, setPriority } from 'node:os';

/** Of Linux's -20 to 19: beside a thread that wants the processor too, this one gets a quarter of it. */
const niceness = 5;

/**
 * The thread that calls gives way to all others of the process from here on, and cannot take that back. On Linux alone, where 0
 * names the thread: elsewhere the whole process would give way. All stays as it is in a process that already gives way as much.
 */
export async function giveWay(): Promise<void> {
  if (process.platform !== 'linux') return;
  try {
    if (getPriority(0) >= niceness) return;
    // libuv's pool, which serves all threads, begins with its first task, and is as nice as the thread that gave it.
    await stat('/');
    setPriority(0, niceness);
  } catch {
    // A sandbox may forbid the call. The work is done all the same, at the priority of the others.
  }
}
