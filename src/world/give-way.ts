import { stat } from 'node:fs/promises';
import { setPriority } from 'node:os';

/** Of Linux's -20 to 19: beside a thread that wants the processor too, this one gets a tenth of it. */
const niceness = 10;

/**
 * The thread that calls gives way to all others from here on, and cannot take that back. On Linux alone, where 0 names the
 * thread: elsewhere the whole process would give way.
 */
export async function giveWay(): Promise<void> {
  if (process.platform !== 'linux') return;
  // libuv's pool, which serves all threads, begins with its first task, and is as nice as the thread that gave it.
  await stat('/');
  setPriority(0, niceness);
}
