import type { FromIngest, OutcomeColumns } from '../../src/ingest/messages.js';
import type { Meters } from '../../src/telemetry/counters.js';
import type { SegmentRing } from '../../src/threads/segment-ring.js';
import type { Clock } from '../../src/world/world.js';
import { applyOutcome } from './answer.js';
import { encodePublish, encodeSkip, type Run, runsOf } from './publish.js';
import type { Request } from './requests.js';
import type { SealedData } from './seal.js';
import type { Unanswered } from './unanswered.js';
import type { SegmentObject, UploadResult } from './upload.js';

/** A sealed segment until its command has an outcome. */
interface Sealed {
  /** Its number in the lane's stream: the order of seals. */
  readonly number: number;
  readonly data: SealedData;
  readonly requests: readonly Request[];
  upload: UploadResult | undefined;
}

/** One whose command was sent. */
interface Posted {
  readonly sealed: Sealed;
  readonly runs: readonly Run[];
  readonly object: SegmentObject | undefined;
  readonly postedMs: number;
}

/**
 * Publishes uploaded segments strictly in the order of their seals, though uploads end in any order. A segment that failed
 * spends its number with SkipNumber; batches of requests that failed meanwhile are left out of later commands.
 */
export class Publisher {
  readonly #post: (message: FromIngest) => void;
  readonly #ring: SegmentRing;
  readonly #unanswered: Unanswered;
  readonly #meters: Meters;
  readonly #clock: Clock;
  readonly #queue: Sealed[] = [];
  readonly #posted = new Map<number, Posted>();
  #lastNumber: number;

  constructor(
    post: (message: FromIngest) => void,
    ring: SegmentRing,
    unanswered: Unanswered,
    meters: Meters,
    clock: Clock,
    lastNumber: number,
  ) {
    this.#post = post;
    this.#ring = ring;
    this.#unanswered = unanswered;
    this.#meters = meters;
    this.#clock = clock;
    this.#lastNumber = lastNumber;
  }

  get isIdle(): boolean {
    return this.#queue.length === 0 && this.#posted.size === 0;
  }

  /** Takes a sealed segment, whose upload begins now; returns what to call when the upload is over. */
  add(data: SealedData, requests: readonly Request[]): (upload: UploadResult) => void {
    this.#lastNumber += 1;
    const sealed: Sealed = { number: this.#lastNumber, data, requests, upload: undefined };
    this.#queue.push(sealed);
    const startedMs = this.#clock.monotonicMs();
    return (upload) => {
      const nowMs = this.#clock.monotonicMs();
      sealed.upload = upload;
      this.#meters.produceStage.upload.observeMs(nowMs - startedMs);
      if (upload.kind === 'failed') {
        this.#meters.segmentsFailed.add(1);
        this.#failAll(requests, upload.error);
        this.#post({ type: 'upload-failed', reason: upload.cause?.message ?? 'nobody waits for it any more' });
      }
      this.#advance(nowMs);
    };
  }

  /** The outcome of a command. */
  published(number: number, outcome: OutcomeColumns): void {
    const { sealed, runs, object, postedMs } = this.#takePosted(number);
    const { data, requests } = sealed;
    if (object === undefined) {
      this.#ring.free(data.room);
      return;
    }
    const partitions = outcome.counts.length;
    if (partitions !== runs.length) {
      throw new Error(`outcome ${number} has ${partitions} partitions, its command ${runs.length}`);
    }
    this.#meters.produceStage.publish.observeMs(this.#clock.monotonicMs() - postedMs);
    const batches = applyOutcome(runs, outcome, data.memory, this.#meters);
    if (batches.positions.length === 0) {
      this.#ring.free(data.room);
    } else {
      const slotGeneration = this.#ring.makeReadable(data.room);
      const { slot, position, length } = data.room;
      this.#post({
        type: 'readable',
        number,
        segment: object.segment,
        slot,
        slotGeneration,
        position,
        length,
        batches,
      });
    }
    for (const request of requests) {
      if (request.state === 'posted') {
        this.#unanswered.answer(request);
      }
    }
  }

  /** The command was refused whole: nothing of it is visible, nor will be. */
  refused(number: number, error: number): void {
    const { sealed } = this.#takePosted(number);
    this.#meters.segmentsFailed.add(1);
    this.#ring.free(sealed.data.room);
    for (const request of sealed.requests) {
      if (request.state === 'posted') {
        request.state = 'open';
      }
    }
    this.#failAll(sealed.requests, error);
  }

  /** Sends the commands of the segments at the head whose uploads are over. */
  #advance(nowMs: number): void {
    for (let head = this.#queue[0]; head?.upload !== undefined; head = this.#queue[0]) {
      this.#queue.shift();
      const runs = head.upload.kind === 'uploaded' ? runsOf(head.data.batches) : [];
      const object = head.upload.kind === 'uploaded' && runs.length > 0 ? head.upload.object : undefined;
      for (const request of head.requests) {
        if (request.state === 'open') {
          request.state = 'posted';
        }
      }
      this.#posted.set(head.number, { sealed: head, runs, object, postedMs: nowMs });
      this.#post({
        type: 'publish',
        number: head.number,
        segment: object?.segment,
        command: object === undefined ? encodeSkip() : encodePublish(object.segment, object.bytes, runs),
      });
    }
  }

  #takePosted(number: number): Posted {
    const posted = this.#posted.get(number);
    if (posted === undefined) {
      throw new Error(`outcome of ${number}, which was not posted or came twice`);
    }
    this.#posted.delete(number);
    return posted;
  }

  #failAll(requests: readonly Request[], error: number): void {
    for (const request of requests) {
      if (request.state === 'open') {
        this.#unanswered.fail(request, error);
      }
    }
  }
}
