import type { HotSegments } from '../cache/hot-segments.js';
import type { BrokerLayers } from '../cluster/broker-layers.js';
import { type MetadataClient, MetadataUnavailable } from '../cluster/metadata-client.js';
import type { BucketUrl } from '../config/bucket-url.js';
import type { Outcome } from '../metadata/outcomes.js';
import { errors } from '../protocol/errors.js';
import { LimitedLog } from '../telemetry/limited-log.js';
import type { Log } from '../telemetry/log.js';
import type { Telemetry } from '../telemetry/telemetry.js';
import type { Piece } from '../threads/chunks.js';
import { createPins } from '../threads/pins.js';
import { createRing } from '../threads/ring.js';
import type { Threads } from '../threads/threads.js';
import type { World } from '../world/world.js';
import { LaneLink } from './lane-link.js';
import { LaneStreams } from './lane-streams.js';
import { Lanes, type LaneTimes, type Place } from './lanes.js';
import { type FromIngest, type FromIngestTurn, type IngestInit, joinOutcome } from './messages.js';
import { TopicsFeed } from './topics-feed.js';
import { WindowWatch } from './window-watch.js';

/** A whole Produce request, from the server. */
export interface IncomingProduce {
  /** Unique among the connections of this process; u32. */
  readonly connection: number;
  readonly correlationId: number;
  readonly apiVersion: number;
  /** Monotonic ms at which its last byte came. */
  readonly receivedMs: number;
  /** The body, after the header, in the chunks. */
  readonly pieces: readonly Piece[];
  /** Called once: the pieces' bytes are no longer needed. */
  released(): void;
  /**
   * Called once, unless the connection was closed before: the response frame (undefined when none is due), and whether the
   * connection must be closed behind it. In any order: the connection writes answers in the order of its requests.
   * `busyMs`: the time that the lane took to decode and check it.
   */
  answered(frame: Uint8Array | undefined, close: boolean, busyMs: number): void;
}

export interface IngestSettings {
  /** Lanes (worker threads) at most; the first starts at once, the others when they are needed. */
  readonly lanesMax: number;
  readonly batchWindowMs: number;
  readonly batchBytes: number;
  /** Memory for the sealed segments of each lane. */
  readonly laneBytes: number;
  /** Uploads of one lane that may run at once. */
  readonly uploadsMax: number;
  readonly laneTimes: LaneTimes;
}

export interface IngestOptions {
  readonly world: World;
  readonly threads: Threads;
  readonly metadata: MetadataClient;
  /** What topics have that set nothing themselves. */
  readonly configs: BrokerLayers;
  /** Is told of every lane and every segment that becomes readable. */
  readonly hot: HotSegments;
  readonly telemetry: Telemetry;
  readonly log: Log;
  readonly bucket: BucketUrl;
  readonly cluster: string;
  /** The memory that requests' pieces lie in. */
  readonly chunks: SharedArrayBuffer;
  readonly settings: IngestSettings;
}

const RING_BYTES = 256 * 1024;
const SLOTS_PER_LANE = 1024;
const RESTART_MS_MIN = 100;
const RESTART_MS_MAX = 5_000;

/**
 * The main half of ingest: spreads Produce requests over lanes, keeps the lanes' topics fresh, and carries their commands
 * to the metadata and the outcomes back. It never looks into a request's bytes.
 */
export class IngestEngine {
  readonly #options: IngestOptions;
  readonly #topics: TopicsFeed;
  readonly #segmentNumbers = new SharedArrayBuffer(8);
  readonly #lanes: Lanes;
  #lastLane = 0;
  readonly #streams = new LaneStreams();
  readonly #window: WindowWatch;
  #draining = false;
  #closed = false;
  readonly #log: LimitedLog;
  readonly #readyWaiters: (() => void)[] = [];
  #isReady = false;

  constructor(options: IngestOptions) {
    this.#options = options;
    this.#log = new LimitedLog(options.log, options.world.clock);
    const { world, metadata, configs, settings, telemetry } = options;
    this.#topics = new TopicsFeed(metadata.view, configs);
    metadata.onApplied((_revision, changes) => {
      if (changes.topicsChanged || changes.resourceConfigsChanged) {
        this.#sendTopics();
      }
    });
    this.#window = new WindowWatch(metadata.view, telemetry, world.timers, settings.batchWindowMs, (batchWindowMs) => {
      for (const { link } of this.#lanes.places) link.post({ type: 'window', batchWindowMs });
    });
    this.#lanes = new Lanes({
      world,
      lanesMax: settings.lanesMax,
      batchBytes: settings.batchBytes,
      times: settings.laneTimes,
      start: () => this.#startPlace(),
      end: (place) => this.#endPlace(place),
    });
  }

  /** Resolves when the first lane takes requests. Requests may come before: they wait in its ring. */
  ready(): Promise<void> {
    return this.#isReady ? Promise.resolve() : new Promise((resolve) => this.#readyWaiters.push(resolve));
  }

  /** Takes a request; those of one connection in their order. */
  produce(incoming: IncomingProduce): void {
    const connection = this.#lanes.connection(incoming.connection);
    let bytes = 0;
    for (const { length } of incoming.pieces) bytes += length;
    const request = {
      incoming,
      connection,
      bytes,
      topicsRevision: this.#topics.revision,
      id: undefined,
      turnsHeard: 0,
      fails: false,
      released: false,
      answered: false,
    };
    connection.give(request);
  }

  /** The connection is gone: none of its requests will be answered. */
  connectionClosed(id: number): void {
    this.#lanes.connectionClosed(id);
  }

  /** Seals at once and resolves when every request that was taken is answered. Nothing may be produced afterwards. */
  async drain(): Promise<void> {
    this.#draining = true;
    this.#lanes.settle();
    await Promise.all(
      this.#lanes.places.map((place) => {
        const drained = new Promise<void>((resolve) => {
          place.drained = resolve;
        });
        place.link.drain();
        return drained;
      }),
    );
  }

  /** Ends the lanes, unfinished work and all. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#window.close();
    this.#lanes.close();
    await Promise.all(this.#lanes.places.map(({ thread }) => thread?.terminate()));
  }

  #startPlace(): Place {
    const place: Place = {
      link: this.#newLink(),
      thread: undefined,
      crashes: 0,
      drained: undefined,
      ending: false,
      restsSinceMs: undefined,
      crowdedLooks: 0,
      busyMs: 0,
    };
    this.#spawn(place);
    return place;
  }

  #endPlace(place: Place): void {
    const { link, thread } = place;
    if (thread === undefined) {
      // It has not started, so that nothing was sent.
      this.#streams.leave(link.stream);
      this.#forget(link);
      return;
    }
    place.drained = () => {
      this.#streams.leave(link.stream);
      void thread.terminate();
    };
    link.drain();
  }

  /**
   * A lane never gets the number or the memory of another, nor the stream of one that crashed: what that one sent may still
   * be on its way.
   */
  #newLink(): LaneLink {
    const { metadata, hot, bucket, cluster, chunks, settings, telemetry, world } = this.#options;
    this.#lastLane += 1;
    const stream = this.#streams.take();
    const init: IngestInit = {
      lane: this.#lastLane,
      lastNumber: stream.lastNumber,
      cluster,
      agentEpoch: metadata.self.agentEpoch,
      segmentNumbers: this.#segmentNumbers,
      bucket,
      batchWindowMs: this.#window.batchWindowMs,
      batchBytes: settings.batchBytes,
      chunks,
      segments: new SharedArrayBuffer(settings.laneBytes),
      pins: createPins(SLOTS_PER_LANE),
      requests: createRing(RING_BYTES),
      telemetry: telemetry.takeShare(),
      uploadsMax: settings.uploadsMax,
    };
    const link = new LaneLink(world, init, stream);
    hot.openLane(init.lane, link.pins);
    return link;
  }

  #spawn(place: Place): void {
    const { link } = place;
    const thread = this.#options.threads.spawn('ingest', link.init);
    place.thread = thread;
    thread.onMessage((turn: FromIngestTurn) => {
      for (const message of turn) {
        this.#receive(place, link, message);
      }
      // Not before: what one of its answers lets go on must not pass for knowing the next.
      link.turnsHeard += 1;
    });
    thread.onExit((error) => this.#ended(place, link, error));
    link.attach(thread);
    link.post({ type: 'topics', revision: this.#topics.revision, changed: this.#topics.all(), removed: [] });
  }

  #receive(place: Place, link: LaneLink, message: FromIngest): void {
    if (place.link !== link) {
      return;
    }
    switch (message.type) {
      case 'ready':
        place.crashes = 0;
        this.#isReady = true;
        for (const resolve of this.#readyWaiters.splice(0)) {
          resolve();
        }
        break;
      case 'released':
        link.released(message.requests);
        link.flush();
        break;
      case 'publish':
        this.#publish(place, link, message);
        break;
      case 'upload-failed':
        this.#log.warn(message.type, { lane: link.init.lane, reason: message.reason }, 'a segment was not stored');
        break;
      case 'answers':
        link.answers(message.answers);
        break;
      case 'readable':
        this.#readable(link, message);
        break;
      case 'drained':
        place.drained?.();
        break;
    }
  }

  #publish(place: Place, link: LaneLink, message: Extract<FromIngest, { type: 'publish' }>): void {
    const { metadata, hot } = this.#options;
    const { lane, agentEpoch } = link.init;
    const { number, segment, command } = message;
    if (segment !== undefined) {
      // Before it is applied: a fetch that wakes on the entry must not look for the segment in the store.
      hot.publishing(lane, agentEpoch, segment);
    }
    link.publishing(number);
    const decided = metadata.forward(link.stream.id, number, command).finally(() => link.published(number));
    decided.then(
      (outcome) => {
        if (place.link !== link) {
          return;
        }
        if (isVisible(outcome)) {
          // Taken out when the lane says that the segment is readable.
          link.outcomeMs.set(number, this.#options.world.clock.monotonicMs());
        } else if (segment !== undefined) {
          hot.notReadable(lane, agentEpoch, segment);
        }
        if (outcome.kind === 'published') {
          link.post({ type: 'published', number, outcome: joinOutcome(outcome.partitions) });
        } else if (outcome.kind === 'done') {
          link.post({ type: 'published', number, outcome: joinOutcome([]) });
        } else if (outcome.kind === 'refused') {
          const what = { lane, stream: link.stream.id, number, error: outcome.error, reason: outcome.message };
          this.#log.warn('publish-refused', what, 'publish refused');
          link.post({ type: 'publish-refused', number, error: outcome.error });
        } else {
          throw new Error(`a publish cannot have the outcome ${outcome.kind}`);
        }
      },
      (error: unknown) => {
        if (!(error instanceof MetadataUnavailable)) {
          throw error;
        }
        if (place.link === link) {
          // The epoch is closed. Clients that ask for metadata again find another agent, or this one under a new epoch.
          if (segment !== undefined) {
            hot.notReadable(lane, agentEpoch, segment);
          }
          link.post({ type: 'publish-refused', number, error: errors.NOT_LEADER_OR_FOLLOWER.code });
        }
      },
    );
  }

  #readable(link: LaneLink, message: Extract<FromIngest, { type: 'readable' }>): void {
    const { hot, telemetry, world } = this.#options;
    const { lane, agentEpoch, segments } = link.init;
    const { number, segment, slot, slotGeneration, position, length, batches } = message;
    const outcomeMs = link.outcomeMs.get(number);
    link.outcomeMs.delete(number);
    if (outcomeMs !== undefined) {
      telemetry.meters.produceStage.ack.observeMs(world.clock.monotonicMs() - outcomeMs);
    }
    const memory = new Uint8Array(segments, position, length);
    hot.register({ lane, agentEpoch, segment, slot, slotGeneration, memory, batches });
  }

  #sendTopics(): void {
    const { changed, removed } = this.#topics.look();
    for (const { link } of this.#lanes.places) {
      link.post({ type: 'topics', revision: this.#topics.revision, changed, removed });
    }
  }

  #ended(place: Place, link: LaneLink, error: Error | undefined): void {
    const { telemetry, log, world } = this.#options;
    if (place.link !== link) {
      return;
    }
    place.thread = undefined;
    place.busyMs = 0;
    this.#forget(link);
    // One that was told to end has no error.
    if (!this.#closed && (!place.ending || error !== undefined)) {
      log.error({ err: error, lane: link.init.lane }, 'ingest worker ended; its connections are closed');
      telemetry.meters.workersCrashed.ingest.add(1);
    }
    if (this.#closed || place.ending) {
      link.abandon();
      return;
    }
    // The successor comes first: whoever is let go of may produce again at once.
    place.link = this.#newLink();
    link.abandon();
    place.drained?.();
    if (this.#draining) {
      return;
    }
    const delayMs = Math.min(RESTART_MS_MIN * 2 ** place.crashes, RESTART_MS_MAX);
    place.crashes += 1;
    world.timers.after(delayMs, () => {
      if (!this.#closed && !place.ending) {
        this.#spawn(place);
      }
    });
  }

  /** Its memory is nobody's any more. */
  #forget({ init }: LaneLink): void {
    this.#options.hot.closeLane(init.lane);
    this.#options.telemetry.giveBackShare(init.telemetry);
  }
}

function isVisible(outcome: Outcome): boolean {
  return outcome.kind === 'published' && outcome.partitions.some(({ appended }) => appended.includes(1));
}
