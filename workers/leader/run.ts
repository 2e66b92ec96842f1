import type { FromLeader, LeaderInit, ToLeader } from '../../src/cluster/messages.js';
import { JournalBroken } from '../../src/journal/journal-broken.js';
import type { Port } from '../../src/threads/threads.js';
import type { World } from '../../src/world/world.js';
import { Leader, type LeaderDeps } from './leader.js';

/** The leader worker: lives until the main thread ends it. Rejects when it crashed and should be started again. */
export async function run(world: World, init: LeaderInit, port: Port, deps: LeaderDeps): Promise<void> {
  const post = (message: FromLeader) => port.post(message);
  const leader = new Leader(world, init, deps, post);
  port.onMessage((message: ToLeader) => leader.receive(message));
  try {
    await leader.live();
    post({ type: 'stopped' });
  } catch (error) {
    if (!(error instanceof JournalBroken)) {
      throw error;
    }
    post({ type: 'fatal', reason: error.message });
  }
  // What was posted must arrive before the port closes, so the main thread ends this worker.
  await new Promise<never>(() => {});
}
