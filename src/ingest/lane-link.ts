import type { SegmentPins } from '../cache/hot-segments.js';
import { pinSlot, unpinSlot } from '../threads/pins.js';
import { RingWriter } from '../threads/ring.js';
import type { WorkerThread } from '../threads/threads.js';
import type { Timer, World } from '../world/world.js';
import type { LaneConnection, OpenRequest } from './lane-connection.js';
import type { LaneStream } from './lane-streams.js';
import {
  type AnswerColumns,
  encodeDescriptor,
  type FromIngest,
  type IngestInit,
  partAnswers,
  type ToIngest,
} from './messages.js';

/** How often a full ring is tried again. */
const RING_RETRY_MS = 2;
/** A lane that naps is woken when a segment's worth or so much waits: what comes in a burst is checked while the rest arrives. */
const NAP_BYTES_MAX = 256 * 1024;

/**
 * The main thread's end of one lane: puts requests into its ring, keeps count of what it holds, and when the worker is
 * gone, lets go of everything it held.
 */
export class LaneLink {
  readonly init: IngestInit;
  readonly stream: LaneStream;
  readonly pins: SegmentPins;
  /** Bytes of requests that were given and are not released: what the lane has still to seal. */
  pendingBytes = 0;
  /** When outcomes were sent to the lane, by number. */
  readonly outcomeMs = new Map<number, number>();
  /** Turns of the lane that were heard. */
  turnsHeard = 0;
  #thread: WorkerThread | undefined;
  readonly #world: World;
  readonly #ring: RingWriter;
  readonly #napBytesMax: number;
  readonly #open = new Map<number, OpenRequest>();
  /** Did not fit into the ring yet, in order. */
  readonly #held: OpenRequest[] = [];
  /** Publishes without an outcome, in their order. */
  readonly #publishes = new Set<number>();
  /** Connections pinned to this lane, each until all publishes up to a number have an outcome. */
  readonly #pinned = new Map<LaneConnection, number>();
  #lastRequest = 0;
  /** Of requests in the ring, but for some that the lane may have taken meanwhile. */
  #ringBytes = 0;
  #retryTimer: Timer | undefined;
  #draining = false;

  constructor(world: World, init: IngestInit, stream: LaneStream) {
    this.#world = world;
    this.init = init;
    this.stream = stream;
    this.#ring = new RingWriter(init.requests);
    this.#napBytesMax = Math.min(NAP_BYTES_MAX, init.batchBytes);
    const words = new Int32Array(init.pins);
    this.pins = {
      tryPin: (slot, generation) => pinSlot(words, slot, generation),
      unpin: (slot) => unpinSlot(words, slot),
    };
  }

  /** The worker runs. What was given before already lies in the ring. */
  attach(thread: WorkerThread): void {
    this.#thread = thread;
    this.#postDrain();
  }

  /** Nothing that was given is waited for. */
  get isIdle(): boolean {
    return this.#open.size === 0 && this.#held.length === 0;
  }

  post(message: ToIngest): void {
    this.#thread?.post(message);
  }

  give(request: OpenRequest): void {
    this.pendingBytes += request.bytes;
    request.turnsHeard = this.turnsHeard;
    if (this.#held.length > 0 || !this.#write(request)) {
      this.#held.push(request);
      this.#retryLater();
    }
  }

  /** Asks the worker to finish everything that was given. */
  drain(): void {
    this.#draining = true;
    this.#postDrain();
  }

  /** Moves held requests into the ring. */
  flush(): void {
    while (this.#held.length > 0 && this.#write(this.#held[0]!)) {
      this.#held.shift();
    }
    if (this.#held.length > 0) {
      this.#retryLater();
    } else {
      this.#postDrain();
    }
  }

  /** The lane's command `number` is on its way to the metadata. */
  publishing(number: number): void {
    this.stream.lastNumber = number;
    this.#publishes.add(number);
  }

  /** It has an outcome, whether or not the lane still runs. */
  published(number: number): void {
    this.#publishes.delete(number);
    const [oldest = Number.POSITIVE_INFINITY] = this.#publishes;
    for (const [connection, last] of this.#pinned) {
      if (last >= oldest) continue;
      this.#pinned.delete(connection);
      connection.unpin();
    }
  }

  released(requests: Extract<FromIngest, { type: 'released' }>['requests']): void {
    for (const id of requests) {
      const request = this.#find(id);
      this.#release(request);
      this.#forgetSettled(id, request);
    }
  }

  answers(answers: AnswerColumns): void {
    for (const { request: id, frame, fate, close, busyMs } of partAnswers(answers)) {
      const request = this.#open.get(id);
      // Of a closed connection nothing is kept once its bytes are released; its answers may still be on their way.
      if (request !== undefined && !request.answered) {
        if (fate === 'undecided') this.#pin(request.connection);
        request.connection.told(fate, close, this.#world.clock.monotonicMs());
        settle(request);
        request.incoming.answered(frame, close, busyMs);
        this.#forgetSettled(id, request);
        if (close) {
          // It gives nothing more from here on, and may be idle when it ends: then nobody would tell the lane. What it sent
          // before is still to be answered: the pipeline closes behind that.
          this.#tell('connection-ending', request.connection);
        }
      }
    }
  }

  /** Nobody waits for the answers of this connection any more. */
  connectionClosed(connection: LaneConnection): void {
    for (const request of [...connection.unanswered]) {
      settle(request);
      if (request.id !== undefined) {
        this.#forgetSettled(request.id, request);
      }
    }
    this.#tell('connection-closed', connection);
  }

  /** The worker is gone: lets go of all bytes and closes the connections that wait; the clients come again. */
  abandon(): void {
    this.#retryTimer?.cancel();
    this.#thread = undefined;
    const all = [...this.#open.values(), ...this.#held];
    this.#open.clear();
    this.#held.length = 0;
    for (const request of all) {
      this.#release(request);
      if (!request.answered) {
        request.connection.told('failed', true, this.#world.clock.monotonicMs());
        settle(request);
        request.incoming.answered(undefined, true, 0);
      }
    }
  }

  #write(request: OpenRequest): boolean {
    const { incoming, topicsRevision, turnsHeard, fails } = request;
    const id = (this.#lastRequest + 1) >>> 0;
    const { connection, correlationId, apiVersion, receivedMs, pieces } = incoming;
    const record = encodeDescriptor({
      request: id,
      connection,
      correlationId,
      apiVersion,
      topicsRevision,
      receivedMs,
      fails,
      turnsHeard,
      pieces,
    });
    if (this.#ring.isEmpty) {
      this.#ringBytes = 0;
    }
    if (!this.#ring.write(record)) {
      return false;
    }
    this.#ringBytes += request.bytes;
    this.#lastRequest = id;
    request.id = id;
    this.#open.set(id, request);
    if (this.#ring.takeSleeping(this.#ringBytes >= this.#napBytesMax)) {
      this.post({ type: 'wake' });
    }
    return true;
  }

  /** A publish comes from the lane before the answer that gives it up, so it is one of those under way, or over. */
  #pin(connection: LaneConnection): void {
    const last = [...this.#publishes].at(-1);
    if (last === undefined) return;
    if (!this.#pinned.has(connection)) connection.pin();
    this.#pinned.set(connection, last);
  }

  #tell(type: 'connection-ending' | 'connection-closed', { id }: LaneConnection): void {
    this.post({ type, connection: id, turnsHeard: this.turnsHeard });
  }

  #retryLater(): void {
    this.#retryTimer ??= this.#world.timers.after(RING_RETRY_MS, () => {
      this.#retryTimer = undefined;
      this.flush();
    });
  }

  #postDrain(): void {
    if (this.#draining && this.#held.length === 0 && this.#thread !== undefined) {
      this.#draining = false;
      this.post({ type: 'drain' });
    }
  }

  #find(id: number): OpenRequest {
    const request = this.#open.get(id);
    if (request === undefined) {
      throw new Error(`lane ${this.init.lane} speaks of request ${id}, which it does not have`);
    }
    return request;
  }

  #release(request: OpenRequest): void {
    if (!request.released) {
      request.released = true;
      this.pendingBytes -= request.bytes;
      request.incoming.released();
    }
  }

  #forgetSettled(id: number, request: OpenRequest): void {
    if (request.released && request.answered) {
      this.#open.delete(id);
    }
  }
}

function settle(request: OpenRequest): void {
  request.answered = true;
  request.connection.settled(request);
}
