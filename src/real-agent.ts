import { native, nativeSentence, setReceiveBuffer, wholeFiles } from '../native-bindings/bindings.js';
import { type RunningAgent, runAgent } from './agent.js';
import { RECEIVE_BUFFER_BYTES_DEFAULT, type Settings } from './config/settings.js';
import { reportVitals } from './console/vitals.js';
import { planMemory } from './memory-plan.js';
import { DiskStore } from './objects/drivers/disk.js';
import { removeMemoryFolders } from './objects/drivers/memory-folder.js';
import { MeteredStore } from './objects/meter.js';
import { openStore } from './objects/open.js';
import { pricesOf } from './objects/prices.js';
import { probeStore } from './objects/probe.js';
import { RetryingStore } from './objects/retry.js';
import { pinoLog } from './telemetry/pino-log.js';
import { Telemetry } from './telemetry/telemetry.js';
import type { Threads } from './threads/threads.js';
import { realWorld } from './world/real.js';
import { realFiles } from './world/real-files.js';
import { watchVitals } from './world/real-vitals.js';
import { tuneReceiveBuffer } from './world/receive-buffer.js';

/** An agent on the real world. Rejects with an error whose message is for people. */
export async function startRealAgent(
  threads: Threads,
  settings: Settings,
  version: string,
  onFatal: (error: Error) => void,
): Promise<RunningAgent & { readonly bucket: string }> {
  const log = pinoLog(settings.logLevel, { agent: settings.agent });
  const world = realWorld({
    files: realFiles(wholeFiles),
    socketReads: settings.socketReads,
    tuneListener: tuneReceiveBuffer({
      set: setReceiveBuffer,
      bytes: settings.receiveBufferBytes,
      asked: settings.receiveBufferBytes !== RECEIVE_BUFFER_BYTES_DEFAULT,
      warn: (fields, sentence) => log.warn(fields, sentence),
    }),
  });
  const telemetry = new Telemetry({ seriesMax: settings.metricsSeriesMax });
  const opened = await openStore(settings.bucket, world);
  const release = await lockFolder(settings, world);
  if (opened instanceof DiskStore) await opened.sweep();
  await probeStore(opened, settings.cluster, world);
  const metered = new MeteredStore(opened, telemetry.meters, world.clock, pricesOf(settings.bucket));
  const store = new RetryingStore(metered, world);
  reportVitals(telemetry, watchVitals());
  log.info({ version, node: process.version, native: native.name }, nativeSentence[native.name]);
  const memory = planMemory(settings);
  const { frameBytesMax, chunksBytes, laneBytes, blocksBytes } = memory;
  log.info(
    { frameBytesMax, chunksBytes, laneBytes, lanes: settings.workers, blocksBytes },
    'Memory: the largest request accepted, and what the parts have',
  );
  const leave = async (): Promise<void> => {
    await release();
    await opened.close();
    if (settings.bucket.kind === 'memory') await removeMemoryFolders();
  };
  let agent: RunningAgent;
  try {
    agent = await runAgent(settings, { version, world, threads, store, memory, telemetry, log, onFatal });
  } catch (error) {
    await leave();
    throw error;
  }
  return {
    ...agent,
    bucket: opened.name,
    async stop() {
      await agent.stop();
      await leave();
    },
  };
}

/** A folder belongs to one agent: its conditional replacements are decided inside one process. */
async function lockFolder(settings: Settings, world: ReturnType<typeof realWorld>): Promise<() => Promise<void>> {
  const { bucket } = settings;
  if (bucket.kind !== 'file') return async () => {};
  const lock = await world.files.lock(`${bucket.folder}/.lock`);
  if (lock === undefined) {
    throw new Error(
      `another agent uses the folder ${bucket.folder}: stop it, or give this one its own --bucket; if it ran on a host ` +
        `that is gone for good, remove ${bucket.folder}/.lock.*`,
    );
  }
  return () => lock.release();
}
