// Threads that give way: what src/world/give-way.ts promises, told by the system's own scheduler.
import { readdirSync, readFileSync } from 'node:fs';
import { getPriority } from 'node:os';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { FromMaintenance, MaintenanceInit } from '../../src/cluster/messages.js';
import { Metadata } from '../../src/metadata/metadata.js';
import { startPiscinaThreads } from '../../src/threads/piscina.js';
import { scratchFolder } from '../processes/agent.js';

const threads = startPiscinaThreads();
let scratch: ReturnType<typeof scratchFolder>;
beforeEach(() => {
  scratch = scratchFolder('give-way');
});
afterEach(async () => {
  await threads.close();
  scratch.remove();
});

/** Of every thread of this process, by its id (proc(5): the 19th field of stat). */
function niceness(): Map<number, number> {
  const ids = readdirSync('/proc/self/task').map(Number);
  const fields = (id: number): string[] =>
    readFileSync(`/proc/self/task/${id}/stat`, 'utf8')
      .replace(/^.*\) /, '')
      .split(' ');
  return new Map(ids.map((id) => [id, Number(fields(id)[16])]));
}

// No other system gives threads priorities of their own, and a process that gives way as a whole has nothing left to show.
test.runIf(process.platform === 'linux' && getPriority(0) < 5)(
  'a thread that makes a snapshot gives way to every other, and no other does',
  async () => {
    const before = niceness();
    const init: MaintenanceInit = {
      bucket: { kind: 'file', folder: scratch.path },
      cluster: 'c',
      revision: 0,
      digest: new Metadata().digest,
    };
    const thread = threads.spawn('maintenance', init);
    const message = await new Promise<FromMaintenance>((resolve) => thread.onMessage(resolve));
    expect(message).toMatchObject({ type: 'snapshot-made', snapshot: { revision: 0 } });
    const changed = [...niceness()].filter(([id, nice]) => nice !== (before.get(id) ?? before.get(process.pid)));
    expect(changed.map(([, nice]) => nice)).toEqual([5]);
  },
);
