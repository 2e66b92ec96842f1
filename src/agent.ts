import { BlockCache } from './cache/block-cache.js';
import { BlockMemory } from './cache/block-memory.js';
import { ColdBlocks } from './cache/cold-blocks.js';
import { FetchLink } from './cache/fetch-link.js';
import { HotSegments } from './cache/hot-segments.js';
import type { FetchWorkerInit } from './cache/messages.js';
import { BrokerLayers } from './cluster/broker-layers.js';
import { connectMetadata } from './cluster/connect.js';
import type { MetadataClient } from './cluster/metadata-client.js';
import { listenerText, settingsAsConfigs } from './config/broker-settings.js';
import type { Settings } from './config/settings.js';
import { startConsole } from './console/http.js';
import { collectSeries } from './console/series.js';
import { Fetcher } from './fetch/engine.js';
import { ConsumerGroupEngine } from './groups/consumer-engine.js';
import { GroupEngine } from './groups/engine.js';
import { IngestEngine } from './ingest/engine.js';
import { type LaneTimes, laneTimes } from './ingest/lanes.js';
import { objectJournal } from './journal/drivers/objects.js';
import type { MemoryPlan } from './memory-plan.js';
import type { Store } from './objects/store.js';
import { ClientQuotas } from './server/client-quotas.js';
import { DecodedMemory } from './server/decoded-memory.js';
import { createDispatch } from './server/dispatch.js';
import { FetchSessions } from './server/fetch-sessions.js';
import { ProducerIds } from './server/producer-ids.js';
import { QueueLimit } from './server/queue-limit.js';
import { type AdvertisedListener, Server } from './server/server.js';
import { LimitedLog } from './telemetry/limited-log.js';
import type { Log } from './telemetry/log.js';
import { UnsentAnswers } from './server/unsent-answers.js';
import type { Telemetry } from './telemetry/telemetry.js';
import { ByteBudget } from './threads/budget.js';
import { Chunks } from './threads/chunks.js';
import type { Threads } from './threads/threads.js';
import type { Address, Listening, World } from './world/world.js';

/** What an agent is built from; the simulator gives twins of all of them. */
export interface AgentParts {
  readonly version: string;
  readonly world: World;
  readonly threads: Threads;
  /** Of the bucket in the settings, probed. The workers open their own. */
  readonly store: Store;
  readonly memory: MemoryPlan;
  /** How patiently ingest workers come and go; the product's own when absent. */
  readonly laneTimes?: LaneTimes;
  readonly telemetry: Telemetry;
  readonly log: Log;
  /** The agent cannot go on: the process should end. Called at most once. */
  readonly onFatal: (error: Error) => void;
}

export interface RunningAgent {
  readonly kafka: readonly AdvertisedListener[];
  readonly http: Address;
  /** The agent's replica and its way to the leader. */
  readonly metadata: MetadataClient;
  /** Answers what is under way, publishes what is sealed, resigns, ends the threads. */
  stop(): Promise<void>;
}

const UPLOADS_MAX = 4;

/** The composition root: makes the parts of an agent and joins them. Rejects when it cannot serve, with nothing left open. */
export async function runAgent(settings: Settings, parts: AgentParts): Promise<RunningAgent> {
  const { world, threads, store, memory, telemetry, log } = parts;
  const chunks = new Chunks(new SharedArrayBuffer(memory.chunksBytes), memory.chunkBytes);
  const shares = budgetShares(memory.chunksBytes);
  const budget = new ByteBudget(shares, world.clock.monotonicMs());
  const queueLimits = {
    // Of each lane one segment that is gathered and one that follows it.
    bytesMin: 2 * settings.workers * Math.min(settings.batchBytes, memory.laneBytes / 4),
    bytesMax: shares.smallBytes + shares.commonBytes,
  };
  const server = await Server.open({
    world,
    settings: { ...settings, frameBytesMax: memory.frameBytesMax },
    chunks,
    budget,
    queue: new QueueLimit(budget, queueLimits, world.clock.monotonicMs()),
    decoded: new DecodedMemory(memory.decodedBytes, world.clock),
    unsent: new UnsentAnswers(memory.answersBytes, (run) => world.timers.soon(run)),
    backlogBytesMax: memory.backlogBytes,
    meters: telemetry.meters,
    log,
  });
  let metadata: MetadataClient | undefined;
  let page: Listening | undefined;
  let notReady = (): readonly string[] => ['the metadata are being loaded'];
  try {
    // First of all: whoever restarts agents must see that one that waits for another's end is alive.
    page = await startConsole(settings.http, {
      source: {
        notReady: () => notReady(),
        facts: () => ({
          ...settings,
          version: parts.version,
          bucket: store.name,
          listeners: describe(settings, server),
        }),
      },
      telemetry,
      clock: world.clock,
      timers: world.timers,
      net: world.net,
    });
    metadata = await connectMetadata({
      world,
      threads,
      journal: objectJournal(store, settings.cluster),
      bucket: settings.bucket,
      cluster: settings.cluster,
      registration: { name: settings.agent, zone: settings.zone ?? '', listeners: [...server.advertised] },
      settings: {
        metadataBytesMax: settings.metadataBytesMax,
        offsetsRetentionMs: settings.offsetsRetentionMs,
        leaseMs: settings.journalLeaseMs,
        journalPutsPerSecondMax: settings.journalPutsPerSecondMax,
        logLevel: settings.logLevel,
        consumerSessionMs: settings.groupConsumerSessionMs,
        consumerAssignmentIntervalMs: settings.groupConsumerAssignmentIntervalMs,
      },
      commandsBytesMax: memory.commandsBytes,
      telemetry,
      log,
      onWaiting: (sentence) => {
        notReady = () => [sentence];
      },
      onFatal: parts.onFatal,
    });
    notReady = () => ['the workers are being started'];
    const agent = await serve(settings, parts, { server, metadata, page, chunks });
    const client = metadata;
    notReady = () => (client.leaderKnown ? [] : ['no agent leads the journal at present']);
    return {
      ...agent,
      stop() {
        // Before all else: whoever sends clients here looks at this.
        notReady = () => ['the agent is stopping'];
        return agent.stop();
      },
    };
  } catch (error) {
    await server.close();
    await page?.close();
    await metadata?.close();
    await threads.close();
    throw error;
  }
}

interface Base {
  readonly server: Server;
  readonly metadata: MetadataClient;
  readonly page: Listening;
  readonly chunks: Chunks;
}

async function serve(
  settings: Settings,
  parts: AgentParts,
  { server, metadata, page, chunks }: Base,
): Promise<RunningAgent> {
  const { world, threads, memory, telemetry, log } = parts;
  const { cluster, bucket } = settings;
  const hot = new HotSegments();
  const described = settingsAsConfigs(
    { ...settings, frameBytesMax: memory.frameBytesMax },
    { nodeId: metadata.self.nodeId, bucket: parts.store.name, ...listenersOf(settings, server) },
  );
  const configs = new BrokerLayers(metadata.view, metadata.self.nodeId, described);
  const ingest = new IngestEngine({
    world,
    threads,
    metadata,
    configs,
    hot,
    telemetry,
    log,
    bucket,
    cluster,
    chunks: chunks.memory,
    settings: {
      lanesMax: settings.workers,
      batchWindowMs: settings.batchWindowMs,
      batchBytes: settings.batchBytes,
      laneBytes: memory.laneBytes,
      uploadsMax: UPLOADS_MAX,
      laneTimes: parts.laneTimes ?? laneTimes,
    },
  });
  const blocks = new SharedArrayBuffer(memory.blocksBytes);
  const link = new FetchLink(() => {
    const init: FetchWorkerInit = { bucket, blocks, telemetry: telemetry.takeShare() };
    const thread = threads.spawn('fetch', init);
    thread.onExit((error) => {
      telemetry.giveBackShare(init.telemetry);
      if (error === undefined) return;
      log.error({ err: error }, 'fetch worker ended; cold reads are tried again');
      telemetry.meters.workersCrashed.fetch.add(1);
    });
    return thread;
  });
  const blockMemory = new BlockMemory(memory.blocksBytes, memory.blockPieceBytesMin);
  const cold = new ColdBlocks(cluster, blocks, blockMemory, link, memory.blockBytes);
  const limitedLog = new LimitedLog(log, world.clock);
  const fetch = new Fetcher({
    cluster,
    metadata,
    blocks: new BlockCache(metadata.view, hot, cold),
    link,
    timers: world.timers,
    onUnavailable: (reason) => limitedLog.warn('fetch', { reason }, 'a fetch could not be served now'),
    onRead: (place, bytes) => telemetry.meters.fetchedBytes[place].add(bytes),
  });
  const groups = new GroupEngine(metadata, world, {
    initialRebalanceDelayMs: settings.groupInitialRebalanceDelayMs,
    sessionMsMin: settings.groupSessionMsMin,
    sessionMsMax: settings.groupSessionMsMax,
    membersMax: settings.groupMembersMax,
  });
  const consumerGroups = new ConsumerGroupEngine(metadata, world, {
    heartbeatMs: settings.groupConsumerHeartbeatMs,
    membersMax: settings.groupMembersMax,
  });
  collectSeries(telemetry, metadata.view);
  await ingest.ready();
  const producerIds = new ProducerIds(metadata);
  const { meters } = telemetry;
  const fetchSessions = new FetchSessions(world.random, memory.fetchSessionsBytesMax, () =>
    meters.fetchSessionsEvicted.add(1),
  );
  const services = {
    metadata,
    fetch,
    fetchSessions,
    groups,
    consumerGroups,
    producerIds,
    configs,
    settings,
    world,
    meters,
    log: limitedLog,
  };
  let segmentWaits = 0;
  server.serve(createDispatch(services), ingest, new ClientQuotas(metadata), () => {
    const before = segmentWaits;
    segmentWaits = telemetry.valueAt('budgetWaits', 'segments');
    return segmentWaits > before || blockMemory.waitingCount > 0;
  });
  return {
    kafka: server.advertised,
    http: page.address,
    metadata,
    async stop() {
      await server.close();
      await ingest.drain();
      await ingest.close();
      await page.close();
      await metadata.close();
      await threads.close();
    },
  };
}

function listenersOf(settings: Settings, server: Server) {
  return {
    listeners: describe(settings, server).map(listenerText),
    advertisedListeners: server.advertised.map(listenerText),
  };
}

function describe(settings: Settings, server: Server) {
  return settings.kafka.map(({ name, host }, i) => {
    const { host: advertisedHost, port } = server.advertised[i]!;
    return { name, host, port, advertised: `${advertisedHost}:${port}` };
  });
}

function budgetShares(chunksBytes: number) {
  return { smallBytes: chunksBytes / 4, commonBytes: (chunksBytes * 5) / 8, ownBytes: chunksBytes / 8 };
}
