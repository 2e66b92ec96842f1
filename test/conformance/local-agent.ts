import { FetchLink } from '../../src/cache/fetch-link.js';
import { BrokerLayers } from '../../src/cluster/broker-layers.js';
import type { KafkaListener } from '../../src/config/addresses.js';
import { type BrokerSettings, listenerText, settingsAsConfigs } from '../../src/config/broker-settings.js';
import { Fetcher } from '../../src/fetch/engine.js';
import type { FetchEngine } from '../../src/fetch/engine-contract.js';
import { ConsumerGroupEngine } from '../../src/groups/consumer-engine.js';
import { GroupEngine } from '../../src/groups/engine.js';
import type { Api } from '../../src/protocol/codec.js';
import { decodeResponse, encodeRequestFrame } from '../../src/protocol/frames.js';
import { DecodedMemory } from '../../src/server/decoded-memory.js';
import { createDispatch, type Dispatch } from '../../src/server/dispatch.js';
import type { ServerSettings } from '../../src/server/handler.js';
import { ClientQuotas } from '../../src/server/client-quotas.js';
import { FetchSessions } from '../../src/server/fetch-sessions.js';
import { ProducerIds } from '../../src/server/producer-ids.js';
import { QueueLimit } from '../../src/server/queue-limit.js';
import { type ListenerSettings, Server, type ServerDependencies } from '../../src/server/server.js';
import { LimitedLog } from '../../src/telemetry/limited-log.js';
import { type Log, type LogFields, silentLog } from '../../src/telemetry/log.js';
import { Telemetry } from '../../src/telemetry/telemetry.js';
import { ByteBudget } from '../../src/threads/budget.js';
import { Chunks } from '../../src/threads/chunks.js';
import type { Files, World } from '../../src/world/world.js';
import { SeededRandom } from '../simulation/random.js';
import { UnsentAnswers } from '../../src/server/unsent-answers.js';
import { VirtualTime } from '../simulation/virtual-time.js';
import { type MemoryConnection, MemoryNet } from '../unit/server/memory-net.js';
import { LocalIntake } from './local-intake.js';
import { LocalMetadata } from './local-metadata.js';

const MiB = 1 << 20;

export interface Logged {
  readonly level: 'warn' | 'error';
  readonly fields: LogFields;
  readonly message: string;
}

export interface LocalSettings extends ListenerSettings, ServerSettings, BrokerSettings {
  readonly smallBytes: number;
  readonly commonBytes: number;
  readonly decodedBytes: number;
  readonly answersBytes: number;
  readonly backlogBytes: number;
}

const listener = (name: string, port: number, advertise?: KafkaListener['advertise']): KafkaListener => ({
  name,
  host: 'agent.test',
  port,
  tls: false,
  advertise,
});

export const localSettings: LocalSettings = {
  kafka: [listener('inside', 9092), listener('outside', 9093, { host: 'outside.test', port: 443 })],
  frameBytesMax: 8 * MiB,
  connectionsMax: 1_000,
  connectionsPerIpMax: 1_000,
  connectionIdleMs: 600_000,
  receiveBufferBytes: 102_400,
  tlsCertificate: undefined,
  tlsKey: undefined,
  tlsCa: undefined,
  cluster: 'test-cluster',
  bucket: {
    kind: 's3',
    bucket: 'test-bucket',
    prefix: 'some/where',
    region: undefined,
    endpoint: undefined,
    pathStyle: false,
    express: false,
  },
  autoCreateTopics: true,
  defaultPartitions: 2,
  messageBytesMax: 1_048_588,
  groupInitialRebalanceDelayMs: 0,
  groupSessionMsMin: 6_000,
  groupSessionMsMax: 1_800_000,
  groupMembersMax: 5_000,
  groupConsumerAssignmentIntervalMs: 1_000,
  groupConsumerHeartbeatMs: 5_000,
  groupConsumerSessionMs: 45_000,
  offsetsRetentionMs: 7 * 86_400_000,
  logLevel: 'info',
  zone: 'zone-a',
  smallBytes: 4 * MiB,
  commonBytes: 8 * MiB,
  decodedBytes: 32 * MiB,
  answersBytes: 16 * MiB,
  backlogBytes: 16 * MiB,
};

/** The real server, handlers, group engine, fetch engine and metadata on one thread and virtual time; no disk, no workers. */
export class LocalAgent {
  readonly time: VirtualTime;
  readonly net: MemoryNet;
  readonly telemetry: Telemetry;
  readonly chunks: Chunks;
  readonly budget: ByteBudget;
  readonly decoded: DecodedMemory;
  readonly unsent: UnsentAnswers;
  readonly logged: Logged[];
  readonly world: World;
  readonly server: Server;
  /** For another server beside this one's. */
  readonly shared: Omit<ServerDependencies, 'world' | 'settings' | 'log'>;
  readonly metadata: LocalMetadata;
  readonly intake: LocalIntake;
  readonly groups: GroupEngine;
  readonly fetchSessions: FetchSessions;
  dispatch!: Dispatch;
  /** Whether somebody waits for room in segments and blocks. */
  isRoomWanted = false;

  static async start(
    changed: Partial<LocalSettings> = {},
    wrap: (dispatch: Dispatch) => Dispatch = (dispatch) => dispatch,
  ): Promise<LocalAgent> {
    const settings = { ...localSettings, ...changed };
    const time = new VirtualTime();
    const net = new MemoryNet();
    const world: World = {
      clock: time.clockOf(0),
      timers: time.timersOf(() => true),
      random: new SeededRandom(1),
      net,
      // Nothing here touches a disk.
      files: {} as Files,
    };
    const telemetry = new Telemetry({ seriesMax: 0, threadsMax: 1 });
    const logged: Logged[] = [];
    const log = collectingLog(logged);
    const chunks = new Chunks(new SharedArrayBuffer(32 * MiB), MiB);
    const { smallBytes, commonBytes } = settings;
    const budget = new ByteBudget({ smallBytes, commonBytes, ownBytes: 0 }, 0);
    const limits = { bytesMin: smallBytes, bytesMax: smallBytes + commonBytes };
    const queue = new QueueLimit(budget, limits, 0);
    const { meters } = telemetry;
    const decoded = new DecodedMemory(settings.decodedBytes, world.clock);
    const unsent = new UnsentAnswers(settings.answersBytes, (run) => world.timers.soon(run));
    const shared = { chunks, budget, queue, decoded, unsent, backlogBytesMax: settings.backlogBytes, meters };
    const server = await Server.open({ world, settings, ...shared, log });
    const agent = new LocalAgent({
      time,
      net,
      telemetry,
      chunks,
      budget,
      decoded,
      unsent,
      logged,
      world,
      server,
      shared,
      settings,
    });
    agent.#serve(settings, log, wrap);
    return agent;
  }

  private constructor(
    parts: Pick<
      LocalAgent,
      | 'time'
      | 'net'
      | 'telemetry'
      | 'chunks'
      | 'budget'
      | 'decoded'
      | 'unsent'
      | 'logged'
      | 'world'
      | 'server'
      | 'shared'
    > & {
      readonly settings: LocalSettings;
    },
  ) {
    this.time = parts.time;
    this.net = parts.net;
    this.telemetry = parts.telemetry;
    this.chunks = parts.chunks;
    this.budget = parts.budget;
    this.decoded = parts.decoded;
    this.unsent = parts.unsent;
    this.logged = parts.logged;
    this.world = parts.world;
    this.server = parts.server;
    this.shared = parts.shared;
    this.metadata = new LocalMetadata(this.world, this.server.advertised);
    this.intake = new LocalIntake(this.chunks, this.metadata);
    this.fetchSessions = new FetchSessions(this.world.random, MiB, () =>
      this.telemetry.meters.fetchSessionsEvicted.add(1),
    );
    this.groups = new GroupEngine(this.metadata, this.world, {
      initialRebalanceDelayMs: parts.settings.groupInitialRebalanceDelayMs,
      sessionMsMin: 6_000,
      sessionMsMax: 1_800_000,
      membersMax: 5_000,
    });
  }

  #serve(settings: LocalSettings, log: Log, wrap: (dispatch: Dispatch) => Dispatch): void {
    const fetcher = new Fetcher({
      cluster: settings.cluster,
      metadata: this.metadata,
      blocks: this.intake,
      link: new FetchLink(() => {
        throw new Error('nothing here is cold');
      }),
      timers: this.world.timers,
      onUnavailable: () => {},
      onRead: () => {},
    });
    const fetch: FetchEngine = {
      fetch: (...what) => fetcher.fetch(...what),
      offsetForTimestamp: async (...where) => this.intake.firstAtOrAfter(...where),
      offsetOfMaxTimestamp: async (...where) => this.intake.greatest(...where),
    };
    const described = settingsAsConfigs(settings, {
      nodeId: this.metadata.self.nodeId,
      listeners: settings.kafka.map(listenerText),
      advertisedListeners: this.server.advertised.map(listenerText),
      bucket: 's3://test-bucket/some/where',
    });
    const services = {
      metadata: this.metadata,
      fetch,
      fetchSessions: this.fetchSessions,
      groups: this.groups,
      consumerGroups: new ConsumerGroupEngine(this.metadata, this.world, { heartbeatMs: 5_000, membersMax: 5 }),
      producerIds: new ProducerIds(this.metadata),
      configs: new BrokerLayers(this.metadata.view, this.metadata.self.nodeId, described),
      settings,
      world: this.world,
      meters: this.telemetry.meters,
      log: new LimitedLog(log, this.world.clock),
    };
    this.dispatch = wrap(createDispatch(services));
    this.server.serve(this.dispatch, this.intake, new ClientQuotas(this.metadata), () => this.isRoomWanted);
  }

  connect(port = 9092, host?: string): LocalClient {
    return new LocalClient(this, this.net.connect(port, host));
  }

  /** Lets everything happen that can within `ms` of virtual time. */
  async pass(ms: number): Promise<void> {
    let reached = false;
    this.time.after(ms, () => {
      reached = true;
    });
    await this.time.run(() => reached, Number.POSITIVE_INFINITY);
  }
}

/** A connection of a test. Answers are matched by order and correlation id. */
export class LocalClient {
  readonly socket: MemoryConnection;
  /** Sent with every request. */
  clientId = 'test-client';
  readonly #agent: LocalAgent;
  #correlationId = 0;

  constructor(agent: LocalAgent, socket: MemoryConnection) {
    this.#agent = agent;
    this.socket = socket;
  }

  /** Sends a request without waiting; returns its correlation id. */
  send<A extends Api>(
    api: A,
    version: number,
    request: Parameters<A['request']['encode']>[1],
    readBytes?: number,
  ): number {
    this.#correlationId += 1;
    const frame = encodeRequestFrame(api, version, this.#correlationId, this.clientId, request);
    this.socket.send(new Uint8Array(Buffer.concat(frame.slices)), readBytes);
    return this.#correlationId;
  }

  /** The next answer, if it has come; it must be the one to that request. */
  take<A extends Api>(api: A, version: number, correlationId: number): ReturnType<A['response']['decode']> | undefined {
    const { received } = this.socket;
    if (received.length < 4) {
      return undefined;
    }
    const length = new DataView(received.buffer, received.byteOffset).getInt32(0);
    if (received.length < 4 + length) {
      return undefined;
    }
    const frame = received.slice(4, 4 + length);
    this.socket.received = received.slice(4 + length);
    const answer = decodeResponse(api, version, frame);
    if (answer.correlationId !== correlationId) {
      throw new Error(`answer ${answer.correlationId} where ${correlationId} was due`);
    }
    return answer.response;
  }

  /** Sends and waits at most `waitMs` of virtual time. */
  async call<A extends Api>(
    api: A,
    version: number,
    request: Parameters<A['request']['encode']>[1],
    waitMs = 60_000,
  ): Promise<ReturnType<A['response']['decode']>> {
    const correlationId = this.send(api, version, request);
    let response: ReturnType<A['response']['decode']> | undefined;
    await this.#agent.time.run(() => {
      response ??= this.take(api, version, correlationId);
      return response !== undefined || this.socket.closed;
    }, this.#agent.time.nowMs + waitMs);
    if (response === undefined) {
      throw new Error(this.socket.closed ? `${api.name}: connection closed` : `${api.name}: no answer`);
    }
    return response;
  }
}

function collectingLog(logged: Logged[]): Log {
  const log: Log = {
    ...silentLog,
    warn: (fields, message) => logged.push({ level: 'warn', fields, message }),
    error: (fields, message) => logged.push({ level: 'error', fields, message }),
    child: () => log,
  };
  return log;
}
