import { type KafkaListener, listenFailure } from '../config/addresses.js';
import type { Meters } from '../telemetry/counters.js';
import { LimitedLog } from '../telemetry/limited-log.js';
import type { Log } from '../telemetry/log.js';
import type { ByteBudget } from '../threads/budget.js';
import type { Chunks } from '../threads/chunks.js';
import type { Connection, Listening, Timer, World } from '../world/world.js';
import { ClientConnection, type ConnectionServices, type ProduceIntake } from './connection.js';
import type { ClientQuotas } from './client-quotas.js';
import type { DecodedMemory } from './decoded-memory.js';
import type { Dispatch } from './dispatch.js';
import { FrameMemory } from './frame-memory.js';
import { TlsFiles, type TlsSettings } from './tls-files.js';
import type { QueueLimit } from './queue-limit.js';
import type { UnsentAnswers } from './unsent-answers.js';

/** As `Settings` (src/config) has them. */
export interface ListenerSettings extends TlsSettings {
  readonly kafka: readonly KafkaListener[];
  readonly frameBytesMax: number;
  readonly connectionsMax: number;
  readonly connectionsPerIpMax: number;
  readonly connectionIdleMs: number;
}

export interface ServerDependencies {
  readonly world: World;
  readonly settings: ListenerSettings;
  /** Memory for request bodies; the ingest engine reads them there. */
  readonly chunks: Chunks;
  readonly budget: ByteBudget;
  readonly queue: QueueLimit;
  /** Memory for decoded requests that are not answered yet. */
  readonly decoded: DecodedMemory;
  readonly unsent: UnsentAnswers;
  /** Bytes that connections may hold while they wait for memory or for a handshake; beyond, those that hold most are closed. */
  readonly backlogBytesMax: number;
  readonly meters: Meters;
  readonly log: Log;
}

/** What clients of a listener are told to connect to. */
export interface AdvertisedListener {
  readonly name: string;
  readonly host: string;
  readonly port: number;
}

/** A connection that keeps what others wait for: 0 of what nobody does. */
interface Holder {
  readonly connection: ClientConnection;
  readonly heapBytes: number;
  readonly roomBytes: number;
  readonly heldMs: number;
}

/** Every request but Produce is decoded by the main thread: 4 MiB are more partitions than a request may have. */
const CONTROL_FRAME_BYTES_MAX = 4 * 1024 * 1024;
const REQUESTS_MAX = 1_024;
const UNSENT_BYTES_MAX = 1024 * 1024;
const TICK_MS = 1_000;
const DRAIN_MS_MAX = 5_000;
/**
 * Linux tells that a socket takes more only once a third of its send buffer, up to 4 MiB, is free: a client that reads 70 KB/s
 * is seen to move every 20 s. Not longer: Kafka's clients give a request 30 s, and the produce that waits for this room has to
 * be stored as well.
 */
const UNTAKEN_MS_MAX = 20_000;
/**
 * Who moves, but takes so long over an answer, keeps its memory from others just the same. So that nobody's turn comes only
 * after all who wait before it have had that long, it is the shorter the more of them there are.
 */
const HELD_MS_MAX = 60_000;
const HELD_MS_MIN = 5_000;

/**
 * The entry point for Kafka clients. Two steps, because an agent must know its ports before it can register and must be
 * registered before it serves: `open` binds the listeners; until `serve` connections are closed at once, for whoever waits
 * may wait for long (another agent leads), and a client that is closed tries its next bootstrap server.
 */
export class Server {
  /** Element i belongs to listener i of the settings. */
  readonly advertised: readonly AdvertisedListener[];
  readonly #to: ServerDependencies;
  readonly #listening: readonly Listening[];
  readonly #tls: TlsFiles | undefined;
  readonly #connections = new Set<ClientConnection>();
  /** Accepted beyond a quota: they wait to be closed. */
  readonly #turnedAway = new Set<Connection>();
  #services: ConnectionServices | undefined;
  readonly #log: LimitedLog;
  #connectionsCount = 0;
  readonly #connectionsByIp = new Map<string, number>();
  #lastId = 0;
  #tick: Timer | undefined;
  #isRoomWanted: () => boolean = () => false;
  #whenEmpty: () => void = () => {};

  private constructor(to: ServerDependencies, listening: readonly Listening[], tls: TlsFiles | undefined) {
    this.#to = to;
    this.#log = new LimitedLog(to.log, to.world.clock);
    this.#listening = listening;
    this.#tls = tls;
    this.advertised = to.settings.kafka.map(({ name, host, advertise }, index) => ({
      name,
      host: advertise?.host ?? host,
      port: advertise?.port ?? listening[index]!.address.port,
    }));
  }

  /** Rejects, for people, when an address cannot be had (with the system's `code`) or TLS cannot. */
  static async open(to: ServerDependencies): Promise<Server> {
    const listening: Listening[] = [];
    let server: Server | undefined;
    const tls = to.settings.kafka.some((listener) => listener.tls) ? await TlsFiles.load(to.settings, to) : undefined;
    try {
      for (const { name, host, port, tls: byTls } of to.settings.kafka) {
        const accept = (connection: Connection): void => {
          if (server === undefined) closeEarly(connection, to.meters);
          else server.#accept(name, connection);
        };
        const refused = (failure: unknown): never => {
          throw listenFailure('--kafka', { host, port }, failure);
        };
        if (tls !== undefined && byTls) {
          const secure = await to.world.net.listenTls({ host, port }, tls.credentials, accept).catch(refused);
          tls.renews(secure);
          listening.push(secure);
        } else listening.push(await to.world.net.listen({ host, port }, accept).catch(refused));
      }
    } catch (failure) {
      tls?.close();
      await Promise.all(listening.map((one) => one.close()));
      throw failure;
    }
    server = new Server(to, listening, tls);
    return server;
  }

  get connectionsOpen(): number {
    return this.#connectionsCount;
  }

  /** `isRoomWanted`: whether somebody has been waiting for room that record batches in untaken answers may keep. */
  serve(dispatch: Dispatch, intake: ProduceIntake, quotas: ClientQuotas, isRoomWanted = () => false): void {
    const { chunks, budget, queue, decoded, unsent, meters, world, settings } = this.#to;
    this.#services = {
      dispatch,
      intake,
      memory: new FrameMemory(chunks),
      budget,
      queue,
      decoded,
      unsent,
      clock: world.clock,
      timers: world.timers,
      quotas,
      meters,
      frameLimits: { frameBytesMax: settings.frameBytesMax, controlFrameBytesMax: CONTROL_FRAME_BYTES_MAX },
      log: this.#log,
      pipelineLimits: { requestsMax: REQUESTS_MAX, unsentBytesMax: UNSENT_BYTES_MAX },
    };
    this.#isRoomWanted = isRoomWanted;
    this.#scheduleTick();
  }

  /** Takes no further connections and requests, answers those under way, closes. Resolves after 5 s at the latest. */
  async close(): Promise<void> {
    this.#tls?.close();
    await Promise.all(this.#listening.map((one) => one.close()));
    for (const connection of [...this.#turnedAway]) {
      connection.destroy();
    }
    for (const connection of [...this.#connections]) {
      connection.drain();
    }
    await this.#emptied();
    this.#tick?.cancel();
  }

  #emptied(): Promise<void> {
    if (this.#connections.size === 0) {
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      const timer = this.#to.world.timers.after(DRAIN_MS_MAX, () => {
        for (const connection of [...this.#connections]) {
          connection.abandon();
        }
        resolve();
      });
      this.#whenEmpty = () => {
        timer.cancel();
        resolve();
      };
    });
  }

  #accept(listener: string, connection: Connection): void {
    const { meters } = this.#to;
    if (this.#services === undefined) {
      closeEarly(connection, meters);
      return;
    }
    meters.connectionsAccepted.add(1);
    const { remoteHost } = connection;
    const ofIp = this.#connectionsByIp.get(remoteHost) ?? 0;
    const excess = this.#excess(ofIp);
    if (excess !== undefined) {
      this.#log.warn(excess, { client: remoteHost, listener }, excess);
      meters.connectionsClosed.limit.add(1);
      connection.destroy();
      return;
    }
    this.#connectionsCount += 1;
    this.#connectionsByIp.set(remoteHost, ofIp + 1);
    meters.connectionsOpen.add(1);
    connection.onClose(() => {
      this.#connectionsCount -= 1;
      const left = this.#connectionsByIp.get(remoteHost)! - 1;
      if (left === 0) this.#connectionsByIp.delete(remoteHost);
      else this.#connectionsByIp.set(remoteHost, left);
      meters.connectionsOpen.add(-1);
    });
    this.#start(listener, connection);
  }

  /** What one more connection would be too much for, with so many from its address. */
  #excess(ofIp: number): string | undefined {
    const { connectionsMax, connectionsPerIpMax } = this.#to.settings;
    if (this.#connectionsCount >= connectionsMax) return 'more connections than --connections-max';
    return ofIp >= connectionsPerIpMax ? 'more connections of one address than --connections-per-ip-max' : undefined;
  }

  #start(listener: string, connection: Connection): void {
    const { clock, quotas } = this.#services!;
    const excessMs = quotas.connectionExcessMs(connection.remoteHost, clock.monotonicMs());
    if (excessMs > 0) {
      this.#turnAway(connection, excessMs);
      return;
    }
    this.#lastId += 1;
    const client = new ClientConnection(this.#lastId, listener, connection, this.#services!, () => {
      this.#connections.delete(client);
      if (this.#connections.size === 0) {
        this.#whenEmpty();
      }
    });
    this.#connections.add(client);
    client.start();
  }

  /** Too many connections from its address (KIP-612): as in Kafka it is never read, and closed after the wait. */
  #turnAway(connection: Connection, waitMs: number): void {
    const { meters, world } = this.#to;
    meters.throttled.connection.observeMs(waitMs);
    const timer = world.timers.after(waitMs, () => connection.destroy());
    this.#turnedAway.add(connection);
    connection.onClose(() => {
      timer.cancel();
      this.#turnedAway.delete(connection);
      meters.connectionsClosed.throttled.add(1);
    });
  }

  #scheduleTick(): void {
    this.#tick = this.#to.world.timers.after(TICK_MS, () => {
      const nowMs = this.#to.world.clock.monotonicMs();
      this.#to.budget.tick(nowMs, this.#services!.memory.isWaitedFor);
      this.#to.queue.tick(nowMs);
      this.#to.decoded.tick(nowMs);
      this.#closeIdle(nowMs - this.#to.settings.connectionIdleMs);
      this.#boundBacklog();
      this.#closeStalled(nowMs);
      this.#showBudgets();
      this.#scheduleTick();
    });
  }

  #showBudgets(): void {
    const { budget, chunks, meters } = this.#to;
    meters.budgetBytes.frames.set(budget.heldBytes);
    meters.budgetBytes.chunks.set((chunks.chunksTotal - chunks.chunksFree) * chunks.chunkBytes);
    meters.chunksBytesMax.set(chunks.chunksTotal * chunks.chunkBytes);
    let unsentBytes = 0;
    for (const connection of this.#connections) {
      unsentBytes += connection.unsentBytes;
    }
    meters.budgetBytes.responses.set(unsentBytes);
  }

  #closeIdle(sinceMs: number): void {
    for (const connection of [...this.#connections]) {
      if (connection.isIdleSince(sinceMs)) {
        connection.close('idle', 'no request, and no response taken, for --connection-idle');
      }
    }
  }

  /** Who takes nothing of its answers, or too little, keeps their memory only until others wait for it. */
  #closeStalled(nowMs: number): void {
    let excessBytes = this.#to.unsent.excessBytes;
    const isHeapWanted = excessBytes > 0;
    const isRoomWanted = this.#isRoomWanted();
    const holders: Holder[] = [];
    for (const connection of [...this.#connections]) {
      const { unsentBytes, unsentHeapBytes } = connection;
      const heapBytes = isHeapWanted ? unsentHeapBytes : 0;
      const roomBytes = isRoomWanted ? unsentBytes - unsentHeapBytes : 0;
      const [stalledMs, heldMs] = [connection.stalledMs(nowMs), connection.heldMs(nowMs)];
      if (heapBytes + roomBytes === 0) continue;
      if (stalledMs >= UNTAKEN_MS_MAX) {
        excessBytes -= heapBytes;
        const seconds = UNTAKEN_MS_MAX / 1000;
        const sentence = `it was not seen to take 64 KiB of its answers in ${seconds} s while others waited for their memory`;
        connection.close('stalled', sentence);
      } else holders.push({ connection, heapBytes, roomBytes, heldMs });
    }
    this.#closeSlow(holders, excessBytes);
  }

  /**
   * Those that have held most for longest make way: of heap until others have room, of segments and blocks one at a time,
   * since a small part of an answer may keep a whole one.
   */
  #closeSlow(holders: readonly Holder[], excessBytes: number): void {
    const shareMs = Math.max(HELD_MS_MIN, HELD_MS_MAX / Math.max(1, this.#to.unsent.waitingCount));
    const close = ({ connection, heldMs }: Holder): void => {
      const seconds = Math.floor(heldMs / 1000);
      connection.close('stalled', `it took over ${seconds} s for an answer while others waited for the memory`);
    };
    const ofHeap = holders.filter(({ heapBytes, heldMs }) => heapBytes > 0 && heldMs >= shareMs);
    let leftBytes = excessBytes;
    for (const holder of ofHeap.sort((a, b) => b.heapBytes * b.heldMs - a.heapBytes * a.heldMs)) {
      if (leftBytes <= 0) break;
      close(holder);
      leftBytes -= holder.heapBytes;
    }
    const ofRoom = holders.filter(({ roomBytes, heldMs }) => roomBytes > 0 && heldMs >= HELD_MS_MAX);
    const [first] = ofRoom.sort((a, b) => b.roomBytes * b.heldMs - a.roomBytes * a.heldMs);
    if (first !== undefined) close(first);
  }

  /**
   * Those that hold most are closed first, so that a client with little outlives any crowd. A tick is short enough: what one
   * read brings is all that a connection adds before its socket is no longer read.
   */
  #boundBacklog(): void {
    const holders = [...this.#connections].map((connection) => ({ connection, bytes: connection.backlogBytes }));
    let bytes = holders.reduce((sum, holder) => sum + holder.bytes, 0);
    if (bytes <= this.#to.backlogBytesMax) return;
    for (const holder of holders.sort((a, b) => b.bytes - a.bytes)) {
      holder.connection.close('limit', 'too many bytes wait to be read as requests, and it holds the most of them');
      bytes -= holder.bytes;
      if (bytes <= this.#to.backlogBytesMax) return;
    }
  }
}

/** It came before the agent serves. */
function closeEarly(connection: Connection, meters: Meters): void {
  meters.connectionsAccepted.add(1);
  meters.connectionsClosed.unready.add(1);
  connection.destroy();
}
