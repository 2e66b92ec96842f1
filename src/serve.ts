import type { RunningAgent } from './agent.js';
import type { Settings } from './config/settings.js';
import { greeting } from './greeting.js';
import { realClock } from './world/real.js';
import { keepCompiled, stayAlive } from './world/real-runtime.js';

/** A running agent and, for people, where its data are. */
export type StartedAgent = RunningAgent & { readonly bucket: string };

/** Starts an agent; `onFatal` tells that it cannot go on. Rejects, with a message for people, when it cannot start. */
export type StartAgent = (
  settings: Settings,
  version: string,
  onFatal: (error: Error) => void,
) => Promise<StartedAgent>;

/** A second signal this long after the first ends the process at once. (A terminal and a launcher may both send the first.) */
const impatienceMs = 1000;

/**
 * Runs an agent until SIGINT or SIGTERM drains and stops it. The result is the exit code: 0 after a stop, 1 when the
 * agent could not start. One that cannot go on ends the process with 1: what it still has open is in no known state.
 */
export async function serveUntilSignal(settings: Settings, version: string, start: StartAgent): Promise<number> {
  outliveReaders();
  const signal = firstSignal();
  let started = false;
  // An agent that is still starting has nothing to answer and nothing to lose.
  void signal.then(() => {
    if (!started) process.exit(0);
  });
  let agent: StartedAgent;
  const mayEnd = stayAlive();
  try {
    agent = await start(settings, version, (error) => {
      process.stderr.write(`weft: the agent cannot go on: ${error.stack ?? error.message}\n`);
      process.exit(1);
    });
  } catch (error) {
    process.stderr.write(`weft: ${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  } finally {
    mayEnd();
  }
  started = true;
  process.stdout.write(greeting(agent, settings));
  keepCompiled();
  process.stdout.write(`Stopping on ${await signal}: answering what is under way\n`);
  await agent.stop();
  process.stdout.write('Stopped\n');
  return 0;
}

/** Who read what is printed may be gone before the agent: then nobody is told, and clients are served as before. */
function outliveReaders(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
}

function firstSignal(): Promise<string> {
  return new Promise((resolve) => {
    let firstMs: number | undefined;
    const onSignal = (name: string): void => {
      const nowMs = realClock.monotonicMs();
      firstMs ??= nowMs;
      if (nowMs - firstMs > impatienceMs) process.exit(1);
      resolve(name);
    };
    process.on('SIGINT', onSignal);
    process.on('SIGTERM', onSignal);
  });
}
