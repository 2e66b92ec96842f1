import type { BucketUrl } from '../config/bucket-url.js';
import type { Journal } from '../journal/journal.js';
import type { Listener } from '../metadata/journal.wire.js';
import type { Log } from '../telemetry/log.js';
import type { Telemetry } from '../telemetry/telemetry.js';
import type { Threads } from '../threads/threads.js';
import type { World } from '../world/world.js';
import { Client } from './client.js';
import { LeaderThread } from './leader-thread.js';
import type { LeaderSettings } from './messages.js';
import { leaderDefaults } from './messages.js';
import { FellBehind, type MetadataClient } from './metadata-client.js';
import { Standby } from './standby.js';
import { loadReplica, type Replica, readTail } from './replica.js';

export interface ConnectOptions {
  readonly world: World;
  readonly threads: Threads;
  /** Of the same bucket and cluster; the workers open their own. */
  readonly journal: Journal;
  readonly bucket: BucketUrl;
  readonly cluster: string;
  readonly registration: {
    readonly name: string;
    readonly zone: string;
    readonly listeners: readonly Listener[];
  };
  readonly settings: Pick<LeaderSettings, 'metadataBytesMax'> & Partial<LeaderSettings>;
  /** What commands that have no outcome may take before further ones of clients are refused. */
  readonly commandsBytesMax: number;
  readonly telemetry: Telemetry | undefined;
  readonly log: Log;
  /** Gets a sentence for people on what the registration waits for, each time that it may have changed. */
  readonly onWaiting?: (sentence: string) => void;
  /** The metadata can no longer be trusted or followed: the agent must stop. Called at most once, after the client has ended. */
  readonly onFatal: (error: Error) => void;
}

/**
 * Loads this agent's replica while the leader worker starts beside it, registers the agent, and resolves once the
 * registration was applied here. Rejects with `StoreError` (the store cannot be read), `JournalBroken` (it can, and is
 * not what it should be) or `MetadataUnavailable` (the registration was refused).
 */
export async function connectMetadata(options: ConnectOptions): Promise<MetadataClient> {
  for (;;) {
    try {
      const client = await connect(options);
      if (options.telemetry !== undefined) {
        showGauges(options.world, options.telemetry, client);
      }
      return client;
    } catch (error) {
      if (!(error instanceof FellBehind)) {
        throw error;
      }
      // The journal was trimmed faster than it could be read; the newest snapshot is nearer to its end.
      options.log.warn({ err: error }, 'Loading the metadata once more');
    }
  }
}

async function connect(options: ConnectOptions): Promise<Client> {
  const { world, threads, journal, telemetry, log } = options;
  const incarnation = world.random.bytes(16);
  const init = {
    bucket: options.bucket,
    cluster: options.cluster,
    incarnation,
    settings: { ...leaderDefaults, ...options.settings },
  };
  const link = new LeaderThread(world, threads, init, telemetry, log);
  // It loads a replica of its own, beside ours.
  link.start();
  let replica: Replica;
  try {
    replica = await loadToEnd(journal);
  } catch (error) {
    await link.close();
    throw error;
  }
  const { name, zone, listeners } = options.registration;
  const registration = { name, incarnation, zone, listeners: [...listeners] };
  const client = new Client(world, journal, replica, registration, options.commandsBytesMax, log, options.onFatal);
  const registered = client.start(link);
  let standby: Standby | undefined;
  try {
    link.listen(client);
    standby = new Standby(world, replica.metadata, incarnation, log, options.onWaiting);
    await registered;
    return client;
  } catch (error) {
    await client.close();
    throw error;
  } finally {
    standby?.end();
  }
}

async function loadToEnd(journal: Journal): Promise<Replica> {
  let replica = await loadReplica(journal);
  for (;;) {
    const tail = await readTail(journal, replica.revision);
    if (tail === 'void') {
      replica = await loadReplica(journal);
      continue;
    }
    for (const bytes of tail.entries) {
      replica.apply(bytes);
    }
    if (tail.end) {
      return replica;
    }
  }
}

function showGauges(world: World, telemetry: Telemetry, client: Client): void {
  const { meters } = telemetry;
  telemetry.beforeScrape(() => {
    const { view } = client;
    let topics = 0;
    let partitions = 0;
    for (const topic of view.topics()) {
      topics += 1;
      partitions += topic.partitions.length;
    }
    let groups = 0;
    for (const _ of [...view.groups(), ...view.consumerGroups()]) {
      groups += 1;
    }
    meters.revision.set(view.revision);
    meters.leading.set(client.leaderKnown ? 1 : 0);
    meters.metadataBytes.set(view.bytes);
    meters.metadataBytesMax.set(view.bytesMax);
    meters.metadataHoursLeft.set(client.growth().hoursLeft);
    meters.extents.set(view.extentCount);
    meters.topics.set(topics);
    meters.partitions.set(partitions);
    meters.groups.set(groups);
    meters.snapshotRevision.set(client.snapshotRevision);
    meters.snapshotAge.set(client.snapshotRevision === 0 ? 0 : (world.clock.wallMs() - client.snapshotMs) / 1000);
  });
}
