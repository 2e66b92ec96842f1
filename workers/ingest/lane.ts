import {
  decodeDescriptor,
  type FromIngest,
  type FromIngestTurn,
  type IngestInit,
  joinAnswers,
  type ProduceDescriptor,
  type ToIngest,
} from '../../src/ingest/messages.js';
import { Hedging } from '../../src/objects/hedge.js';
import type { Store } from '../../src/objects/store.js';
import { errors } from '../../src/protocol/errors.js';
import { attachMeters, type Meters } from '../../src/telemetry/counters.js';
import { RingReader } from '../../src/threads/ring.js';
import { SegmentRing } from '../../src/threads/segment-ring.js';
import type { Timer, World } from '../../src/world/world.js';
import { decodeProduce } from './decode.js';
import { Look } from './look.js';
import { Publisher } from './publisher.js';
import type { Request } from './requests.js';
import { Scratch } from './scratch.js';
import { gather, makeObject, type SealedData } from './seal.js';
import { fitsOpen, SealPace, type SealReason, sealDue, segmentBytesTarget } from './seal-policy.js';
import { TopicsView } from './topics.js';
import { Unanswered } from './unanswered.js';
import { upload } from './upload.js';
import { examine } from './validate.js';
import { OpenSegment } from './window.js';

/** Bytes taken from the ring in one turn, and decompressed: outcomes and timers get their turn in between. */
const TURN_BYTES = 4 * 1024 * 1024;
/** How often room is sought again in an arena full of pinned and unpublished segments. */
const ROOM_RETRY_MS = 2;
/**
 * A lane that is busy looks by itself so often: requests need not wake it meanwhile, a message and a turn of its thread for
 * each. Nobody waits longer for it: the window ends, and is looked at, when it did.
 */
const NAP_MS = 5;
/** So much is told to be no longer needed at once; less waits for something to be told with, until the next look. */
const RELEASE_BYTES = 256 * 1024;
const EXPIRY_INTERVAL_MS = 250;
/**
 * acks 0 and 1 carry no timeout that Kafka would honour: it answers when it can. No client waits longer than librdkafka does
 * (socket.timeout.ms); then what keeps its place from others has to go.
 */
const UNSTATED_TIMEOUT_MS = 60_000;

/**
 * One ingest worker: takes Produce requests from its ring in order, gathers them into segments, uploads and publishes
 * those, and answers (docs/ARCHITECTURE.md, Produce). Everything happens in `#step`, which runs after whatever may have changed
 * something: it takes, seals and reports all that is possible now. Memory is bounded by stopping to take: requests stay in
 * the ring while the open segment is full and cannot be sealed.
 */
export class Lane {
  readonly #world: World;
  readonly #init: IngestInit;
  readonly #store: Store;
  readonly #post: (turn: FromIngestTurn) => void;
  readonly #crash: (error: unknown) => void;
  readonly #meters: Meters;
  readonly #reader: RingReader;
  readonly #chunks: Uint8Array;
  readonly #arena: Uint8Array;
  readonly #ring: SegmentRing;
  readonly #segmentNumbers: BigInt64Array;
  readonly #topics = new TopicsView();
  /** Frames whose pieces do not lie side by side. */
  readonly #frames = new Scratch();
  /** Batches that were compressed anew. */
  readonly #scratch = new Scratch();
  readonly #takeScratch = (length: number): Uint8Array => this.#scratch.take(length);
  readonly #unanswered: Unanswered;
  readonly #publisher: Publisher;
  /** None on a disk, where a second write would only wait behind the first. */
  readonly #hedging: Hedging | undefined;
  readonly #segmentBytesTarget: number;
  #batchWindowMs: number;
  #open: OpenSegment | undefined;
  readonly #pace = new SealPace();
  #uploads = 0;
  #turns = 0;
  /** To be told with the end of this step. */
  #outbox: FromIngest[] = [];
  #released: number[] = [];
  #releasedBytes = 0;
  readonly #look: Look;
  #roomTimer: Timer | undefined;
  #expiryTimer: Timer | undefined;
  #turnPending = false;
  /** A request stays in the ring, for want of place or of topics: what ends that steps the lane, no later request does. */
  #isBlocked = false;
  #draining = false;

  constructor(
    world: World,
    init: IngestInit,
    store: Store,
    post: (turn: FromIngestTurn) => void,
    crash: (error: unknown) => void,
  ) {
    this.#world = world;
    this.#init = init;
    this.#store = store;
    this.#post = post;
    this.#crash = crash;
    this.#meters = attachMeters(init.telemetry);
    this.#unanswered = new Unanswered(this.#meters, () => this.#turns + 1);
    this.#reader = new RingReader(init.requests);
    this.#chunks = new Uint8Array(init.chunks);
    this.#arena = new Uint8Array(init.segments);
    this.#ring = new SegmentRing(init.segments.byteLength, new Int32Array(init.pins));
    this.#segmentNumbers = new BigInt64Array(init.segmentNumbers);
    this.#look = new Look(world, () => {
      this.#report(true);
      this.#step();
    });
    const say = (message: FromIngest) => this.#outbox.push(message);
    this.#publisher = new Publisher(say, this.#ring, this.#unanswered, this.#meters, world.clock, init.lastNumber);
    this.#hedging =
      init.bucket.kind === 'file'
        ? undefined
        : new Hedging(world, () => {
            this.#meters.storeHedges.upload.add(1);
            this.#pace.hedged(this.#batchWindowMs);
          });
    this.#segmentBytesTarget = segmentBytesTarget(init.batchBytes, init.segments.byteLength);
    this.#batchWindowMs = init.batchWindowMs;
  }

  start(): void {
    this.#outbox.push({ type: 'ready' });
    this.#step();
  }

  receive(message: ToIngest): void {
    switch (message.type) {
      case 'wake':
        break;
      case 'topics':
        this.#topics.update(message.revision, message.changed, message.removed);
        break;
      case 'published':
        this.#publisher.published(message.number, message.outcome);
        break;
      case 'publish-refused':
        this.#publisher.refused(message.number, message.error);
        break;
      case 'connection-ending':
        this.#unanswered.endConnection(message.connection, message.turnsHeard);
        break;
      case 'connection-closed':
        this.#unanswered.closeConnection(message.connection, message.turnsHeard);
        break;
      case 'window':
        this.#batchWindowMs = message.batchWindowMs;
        break;
      case 'drain':
        this.#draining = true;
        break;
    }
    this.#step();
  }

  #step(): void {
    // What made this step needed does not wait until the requests that came meanwhile are taken.
    this.#report(false);
    const bytes = this.#takeRequests();
    const isHeldUp = this.#sealWhenDue();
    const naps = this.#watchWindow(bytes > 0, isHeldUp);
    // Not by what the ring holds now: a request that came since it was found empty would neither be taken nor wake the lane.
    if (!this.#isBlocked && !this.#reader.sleep(naps)) {
      this.#stepSoon();
    }
    this.#report(!naps || this.#draining || this.#releasedBytes >= RELEASE_BYTES);
    this.#watchDeadlines();
  }

  /** Takes what the ring holds, as long as there is place for it; returns how many bytes, with what they decompressed to. */
  #takeRequests(): number {
    let turnBytes = 0;
    this.#isBlocked = false;
    while (turnBytes < TURN_BYTES) {
      const record = this.#reader.peek();
      if (record === undefined) return turnBytes;
      const descriptor = decodeDescriptor(record);
      const bytes = descriptor.pieces.reduce((sum, piece) => sum + piece.length, 0);
      if (descriptor.topicsRevision > this.#topics.revision || !this.#hasPlaceFor(bytes)) {
        this.#isBlocked = true;
        return turnBytes;
      }
      this.#reader.advance();
      turnBytes += bytes + this.#take(descriptor);
    }
    this.#stepSoon();
    return turnBytes;
  }

  #stepSoon(): void {
    if (!this.#turnPending) {
      this.#turnPending = true;
      this.#world.timers.soon(() => {
        this.#turnPending = false;
        this.#step();
      });
    }
  }

  /** Whether a request of at most `bytes` can go into the open segment, sealing the present one first where it must. */
  #hasPlaceFor(bytes: number): boolean {
    const fits = this.#open === undefined || fitsOpen(this.#open, bytes, this.#segmentBytesTarget);
    return fits || this.#seal('size');
  }

  /** Returns how many bytes were decompressed. */
  #take(descriptor: ProduceDescriptor): number {
    const { request: id, pieces, apiVersion, receivedMs, turnsHeard, fails } = descriptor;
    this.#unanswered.taking(turnsHeard);
    const nowMs = this.#world.clock.monotonicMs();
    const marks = [this.#frames.mark, this.#scratch.mark] as const;
    const { body, inPlace } = this.#frames.whole(this.#chunks, pieces);
    this.#releaseUnused(id, !inPlace, body.length);
    const decoded = decodeProduce(apiVersion, body);
    if (decoded === undefined) {
      // Bytes that are no Produce request get no answer: the connection is closed.
      this.#unanswered.push({ request: id, frame: undefined, fate: 'failed', close: true, busyMs: 0 });
      this.#releaseUnused(id, inPlace, body.length);
      this.#rewind(marks);
      return 0;
    }
    const { topics, batches, decompressedBytes } = examine(
      decoded,
      apiVersion,
      body,
      this.#topics,
      this.#world.clock.wallMs(),
      this.#ring.bytesMax,
      this.#takeScratch,
    );
    const request: Request = {
      id,
      connection: this.#unanswered.connection(descriptor.connection),
      correlationId: descriptor.correlationId,
      apiVersion,
      acks: decoded.acks,
      receivedMs,
      busyMs: this.#world.clock.monotonicMs() - nowMs,
      deadlineMs: receivedMs + (decoded.acks === -1 ? Math.max(0, decoded.timeoutMs) : UNSTATED_TIMEOUT_MS),
      topics,
      batches: [],
      state: 'open',
    };
    for (const batch of batches) {
      request.batches.push({ ...batch, request });
    }
    this.#unanswered.add(request);
    if (batches.length === 0) {
      this.#unanswered.answer(request);
      this.#releaseUnused(id, inPlace, body.length);
      this.#rewind(marks);
    } else if (fails || this.#unanswered.mustFail(request.connection, turnsHeard)) {
      this.#unanswered.failAlike(request, errors.KAFKA_STORAGE_ERROR.code);
      this.#releaseUnused(id, inPlace, body.length);
      this.#rewind(marks);
    } else {
      // Of a request whose batches were all compressed anew nothing is needed any more.
      const kept = batches.some(({ source }) => source === body);
      this.#open ??= new OpenSegment(nowMs);
      this.#open.add(request, inPlace && kept, kept ? body.length : 0);
      this.#releaseUnused(id, inPlace && !kept, body.length);
      if (!kept) this.#frames.rewind(marks[0]);
    }
    return decompressedBytes;
  }

  #releaseUnused(id: number, isUnused: boolean, bytes: number): void {
    if (isUnused) {
      this.#released.push(id);
      this.#releasedBytes += bytes;
    }
  }

  /** Nothing of the request that was taken last is needed any more. */
  #rewind([frames, scratch]: readonly [number, number]): void {
    this.#frames.rewind(frames);
    this.#scratch.rewind(scratch);
  }

  /** True when a seal is due and held up: the end of an upload or the timer for room steps the lane then. */
  #sealWhenDue(): boolean {
    if (this.#open === undefined) return false;
    const reason = sealDue({
      bytes: this.#open.bytes,
      batchCount: this.#open.batchCount,
      windowEndMs: this.#pace.dueMs(this.#batchWindowMs),
      nowMs: this.#world.clock.monotonicMs(),
      segmentBytesTarget: this.#segmentBytesTarget,
      draining: this.#draining,
    });
    return reason !== undefined && !this.#seal(reason);
  }

  /** Sees to it that the window's end is looked at. True when the lane looks so soon that requests need not wake it. */
  #watchWindow(tookSome: boolean, isHeldUp: boolean): boolean {
    const leftMs = isHeldUp
      ? Number.POSITIVE_INFINITY
      : this.#pace.dueMs(this.#batchWindowMs) - this.#world.clock.monotonicMs();
    if (leftMs > 0 && (tookSome || leftMs <= NAP_MS)) {
      this.#look.within(Math.min(leftMs, NAP_MS));
    } else if (this.#open !== undefined && !isHeldUp) {
      this.#look.within(leftMs);
    }
    return this.#look.isWithin(NAP_MS);
  }

  /** Seals the open segment; false when it must stay open: all uploads are running, or the arena has no room. */
  #seal(reason: SealReason): boolean {
    const open = this.#open!;
    const batches = open.batches();
    if (batches.length > 0) {
      const data = this.#uploads < this.#init.uploadsMax ? this.#gather(batches) : undefined;
      if (data === undefined) return false;
      const nowMs = this.#world.clock.monotonicMs();
      this.#pace.sealed(reason, nowMs, this.#batchWindowMs);
      this.#meters.segmentsSealed[reason].add(1);
      this.#meters.produceStage.buffer.observeMs(nowMs - open.openedMs);
      this.#upload(data, open.requests);
    }
    this.#open = undefined;
    this.#look.cancel();
    // One by one: a segment may hold more requests than a call takes arguments.
    for (const id of open.inPlace) {
      this.#released.push(id);
    }
    this.#releasedBytes += open.bytes;
    this.#frames.reset();
    this.#scratch.reset();
    return true;
  }

  #gather(batches: ReturnType<OpenSegment['batches']>): SealedData | undefined {
    const data = gather(batches, this.#ring, this.#arena, this.#world.clock.wallMs());
    if (data === undefined && this.#roomTimer === undefined) {
      this.#meters.budgetWaits.segments.add(1);
      this.#roomTimer = this.#world.timers.after(ROOM_RETRY_MS, () => {
        this.#roomTimer = undefined;
        this.#step();
      });
    }
    return data;
  }

  #upload(data: SealedData, requests: readonly Request[]): void {
    const done = this.#publisher.add(data, requests);
    this.#uploads += 1;
    const remake = () =>
      makeObject(data, this.#init.cluster, this.#init.agentEpoch, Number(Atomics.add(this.#segmentNumbers, 0, 1n)) + 1);
    const isUseful = () => requests.some((request) => request.state === 'open');
    upload(this.#world, this.#store, this.#hedging, remake, isUseful)
      .then((result) => {
        this.#uploads -= 1;
        done(result);
        this.#step();
      })
      .catch(this.#crash);
  }

  /** Sends what came together: commands, what is readable, answers, released requests, and that all is done. */
  #report(releaseNow: boolean): void {
    const answers = this.#unanswered.takeAnswers();
    if (answers.length > 0) {
      this.#outbox.push({ type: 'answers', answers: joinAnswers(answers) });
    }
    if (this.#released.length > 0 && (releaseNow || this.#outbox.length > 0)) {
      this.#outbox.push({ type: 'released', requests: this.#released });
      this.#released = [];
      this.#releasedBytes = 0;
    }
    if (this.#draining && this.#open === undefined && this.#publisher.isIdle && this.#reader.peek() === undefined) {
      this.#draining = false;
      this.#outbox.push({ type: 'drained' });
    }
    if (this.#outbox.length > 0) {
      this.#turns += 1;
      this.#post(this.#outbox);
      this.#outbox = [];
    }
  }

  #watchDeadlines(): void {
    if (this.#unanswered.size > 0 && this.#expiryTimer === undefined) {
      this.#expiryTimer = this.#world.timers.after(EXPIRY_INTERVAL_MS, () => {
        this.#expiryTimer = undefined;
        this.#unanswered.expire(this.#world.clock.monotonicMs());
        this.#step();
      });
    }
  }
}
