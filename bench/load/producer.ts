import { errorByCode, errors } from '../../src/protocol/errors.js';
import type { Clock, Pumped, Waker } from './clock.js';
import type { OnAnswer } from './connection.js';
import type { Gathering, Part } from './gathering.js';
import type { AfterAck } from './after-ack.js';
import {
  acceptedOffsets,
  allAccepted,
  isAccepted,
  type ProduceAnswer,
  produceAnswers,
  type ProduceFrames,
} from './produce-frame.js';
import type { Counting } from './tally.js';
import type { BatchStamp } from './templates.js';

/** What a producer needs of its connection. */
export interface ProduceTransport {
  nextCorrelationId(): number;
  send(frame: Uint8Array, answer: OnAnswer | undefined, written?: () => void): void;
}

export interface ProducerId {
  readonly id: number;
  readonly epoch: number;
}

export interface ProducerOptions {
  readonly acks: number;
  readonly inFlightMax: number;
  readonly partitions: number;
  readonly runId: number;
  /** Asks for a new producer id; undefined without idempotence. */
  readonly newProducerId: (() => Promise<ProducerId>) | undefined;
  /** Told of what was acknowledged, where somebody consumes it. */
  readonly afterAck: AfterAck | undefined;
}

interface Sent {
  parts: Part[];
  frame: Buffer;
  tries: number;
}

const NO_PRODUCER: ProducerId = { id: -1, epoch: -1 };
const RETRY_MS = 100;
/** A sequence that a broker still calls out of order after so many tries was lost. */
const TRIES_MAX = 8;
const FRAME_BYTES_MIN = 4096;

/**
 * One producing connection: sends what its schedule has gathered while fewer than `inFlightMax` requests wait, and counts
 * each record from the time when it was due. What is refused for now is sent again in order once nothing else is in flight,
 * with the same sequences.
 */
export class Producer implements Pumped {
  readonly #gathering: Gathering;
  readonly #frames: ProduceFrames;
  readonly #options: ProducerOptions;
  readonly #clock: Clock;
  readonly #waker: Waker;
  readonly #counting: Counting;
  readonly #sequences: Int32Array;
  readonly #free: Buffer[] = [];
  readonly #inFlight: Sent[] = [];
  #transport: ProduceTransport | undefined;
  #producer: ProducerId;
  /** To be sent again, in order. */
  #again: Sent[] = [];
  #againAtMs = 0;
  #renewing = false;
  #needsProducer = false;
  #wakeMs = Number.POSITIVE_INFINITY;
  #stopped = false;

  constructor(
    gathering: Gathering,
    frames: ProduceFrames,
    options: ProducerOptions,
    producer: ProducerId | undefined,
    clock: Clock,
    waker: Waker,
    counting: Counting,
  ) {
    this.#gathering = gathering;
    this.#frames = frames;
    this.#options = options;
    this.#producer = producer ?? NO_PRODUCER;
    this.#clock = clock;
    this.#waker = waker;
    this.#counting = counting;
    this.#sequences = new Int32Array(producer === undefined ? 0 : options.partitions);
  }

  /** Begins, or goes on after a loss. */
  attach(transport: ProduceTransport): void {
    this.#transport = transport;
    this.pump(this.#clock.nowMs());
  }

  /** Its connection is gone: what waited is sent again over the next one. */
  detach(): void {
    this.#transport = undefined;
    // What was refused had been sent before what is still in flight.
    this.#counting.tally.retriedRequests += this.#inFlight.length;
    this.#again = [...this.#again, ...this.#inFlight.splice(0)];
  }

  /** The schedule ends now; what was due by now is still sent. */
  end(nowMs: number): void {
    this.#gathering.end(nowMs);
    this.pump(nowMs);
  }

  /** Sends nothing new. */
  stop(): void {
    this.#stopped = true;
  }

  /** Nothing is in flight or waits to be sent again. */
  get isIdle(): boolean {
    return this.#inFlight.length === 0 && this.#again.length === 0;
  }

  /** Everything of its schedule was sent and answered. */
  get isDone(): boolean {
    return this.isIdle && this.#gathering.isOver() && this.#gathering.unsent(Number.POSITIVE_INFINITY) === 0;
  }

  /** Records due by then and never sent. */
  unsent(nowMs: number): number {
    return this.#gathering.unsent(nowMs);
  }

  /** Records sent and not answered. */
  get unanswered(): number {
    const all = [...this.#inFlight, ...this.#again];
    return all.reduce((sum, { parts }) => sum + parts.reduce((records, { count }) => records + count, 0), 0);
  }

  pump(nowMs: number): void {
    if (nowMs >= this.#wakeMs) this.#wakeMs = Number.POSITIVE_INFINITY;
    if (this.#transport === undefined || this.#renewing) return;
    if (this.#needsProducer || this.#again.length > 0) {
      this.#recover(nowMs);
      return;
    }
    while (!this.#stopped && this.#inFlight.length < this.#options.inFlightMax) {
      this.#gathering.gather(nowMs);
      if (!this.#gathering.ready(nowMs)) {
        this.#wake(this.#gathering.wakeMs());
        return;
      }
      const parts = this.#gathering.take();
      this.#number(parts);
      this.#send({ parts, frame: this.#frameFor(parts), tries: 0 });
    }
  }

  #wake(atMs: number): void {
    if (atMs >= this.#wakeMs) return;
    this.#wakeMs = atMs;
    this.#waker.wakeAt(this, atMs);
  }

  #recover(nowMs: number): void {
    if (this.#inFlight.length > 0) return;
    if (nowMs < this.#againAtMs) {
      this.#wake(this.#againAtMs);
      return;
    }
    if (this.#needsProducer) {
      this.#renew();
      return;
    }
    for (const sent of this.#again.splice(0)) this.#send(sent);
  }

  /** A new producer id and sequences from 0: the old ones have a gap that no broker would accept. */
  #renew(): void {
    this.#renewing = true;
    this.#options.newProducerId!().then(
      (producer) => {
        this.#renewing = false;
        this.#needsProducer = false;
        this.#producer = producer;
        this.#sequences.fill(0);
        for (const { parts } of this.#again) this.#number(parts);
        this.pump(this.#clock.nowMs());
      },
      (error: unknown) => {
        this.#renewing = false;
        this.#counting.tally.countError('InitProducerId', String(error));
        this.#againAtMs = this.#clock.nowMs() + RETRY_MS;
        this.#wake(this.#againAtMs);
      },
    );
  }

  #number(parts: readonly Part[]): void {
    if (this.#options.newProducerId === undefined) return;
    for (const part of parts) {
      part.sequence = this.#sequences[part.partition]!;
      // Sequences go round at 2^31.
      this.#sequences[part.partition] = (part.sequence + part.count) & 0x7fff_ffff;
    }
  }

  #frameFor(parts: readonly Part[]): Buffer {
    const bytes = this.#frames.bytesMax(parts);
    const free = this.#free.pop();
    return free !== undefined && free.length >= bytes ? free : Buffer.allocUnsafeSlow(Math.max(FRAME_BYTES_MIN, bytes));
  }

  #send(sent: Sent): void {
    const { frame, parts } = sent;
    const { epochMs } = this.#clock;
    sent.tries += 1;
    const bytes = this.#frames.write(frame, this.#transport!.nextCorrelationId(), parts, (part) =>
      this.#stamp(part, epochMs),
    );
    this.#inFlight.push(sent);
    const view = frame.subarray(0, bytes);
    if (this.#options.acks === 0) {
      this.#transport!.send(view, undefined, () => this.#written(sent));
    } else {
      this.#transport!.send(view, (answer, start, end) => this.#answered(sent, answer, start, end));
    }
  }

  #stamp({ firstMs, lastMs, sequence }: Part, epochMs: number): BatchStamp {
    return {
      producerId: this.#producer.id,
      producerEpoch: this.#producer.epoch,
      sequence,
      firstMs: firstMs + epochMs,
      lastMs: lastMs + epochMs,
      runId: this.#options.runId,
    };
  }

  /** acks=0: the socket has it, which is all that will ever be known. */
  #written(sent: Sent): void {
    const nowMs = this.#clock.nowMs();
    if (!this.#done(sent)) return;
    this.#acknowledge(sent.parts, nowMs, () => undefined);
    this.#free.push(sent.frame);
    this.pump(nowMs);
  }

  #done(sent: Sent): boolean {
    const place = this.#inFlight.indexOf(sent);
    if (place >= 0) this.#inFlight.splice(place, 1);
    return place >= 0;
  }

  #answered(sent: Sent, bytes: Buffer, start: number, end: number): void {
    const nowMs = this.#clock.nowMs();
    this.#done(sent);
    if (allAccepted(bytes, start, end, sent.parts.length)) {
      const { afterAck } = this.#options;
      const offsets = afterAck === undefined ? undefined : acceptedOffsets(bytes, start, sent.parts.length);
      this.#acknowledge(sent.parts, nowMs, (partition) => offsets?.get(partition));
    } else this.#sort(sent, produceAnswers(bytes, start, end), nowMs);
    if (sent.parts.length === 0 || !this.#again.includes(sent)) this.#free.push(sent.frame);
    this.pump(nowMs);
  }

  /** What was accepted counts, what can be tried again waits, the rest is given up. */
  #sort(sent: Sent, answers: ReadonlyMap<number, ProduceAnswer>, nowMs: number): void {
    const { tally } = this.#counting;
    const codeOf = ({ partition }: Part): number =>
      answers.get(partition)?.errorCode ?? errors.UNKNOWN_SERVER_ERROR.code;
    for (const part of sent.parts) if (!isAccepted(codeOf(part))) tally.countError('Produce', codeOf(part));
    this.#acknowledge(
      sent.parts.filter((part) => isAccepted(codeOf(part))),
      nowMs,
      (partition) => answers.get(partition)?.baseOffset,
    );
    const refused = sent.parts.filter((part) => !isAccepted(codeOf(part)));
    const again = refused.filter((part) => sent.tries < TRIES_MAX && isRetriable(codeOf(part)));
    for (const part of refused) {
      if (again.includes(part)) continue;
      tally.failedRecords += part.count;
      this.#needsProducer = this.#options.newProducerId !== undefined;
    }
    sent.parts = again;
    if (again.length === 0) return;
    tally.retriedRequests += 1;
    this.#again.push(sent);
    this.#againAtMs = nowMs + RETRY_MS;
  }

  #acknowledge(parts: readonly Part[], nowMs: number, offsetOf: (partition: number) => number | undefined): void {
    if (parts.length === 0) return;
    const { produced, times, ackInterval } = this.#counting.tally;
    produced.requests += 1;
    for (const { partition, template, count, firstMs, lastMs } of parts) {
      produced.batches += 1;
      produced.records += count;
      produced.payloadBytes += template.payloadOf(count);
      produced.batchBytes += template.bytesOf(count);
      times.ack.recordSpread(nowMs - firstMs, nowMs - lastMs, count);
      ackInterval.recordSpread(nowMs - firstMs, nowMs - lastMs, count);
      const baseOffset = offsetOf(partition);
      if (baseOffset !== undefined && baseOffset >= 0)
        this.#options.afterAck?.acknowledged(partition, baseOffset, count, nowMs);
    }
  }
}

/** Out of order: an earlier request of the same partition was refused and goes first. */
function isRetriable(code: number): boolean {
  return code === errors.OUT_OF_ORDER_SEQUENCE_NUMBER.code || errorByCode(code)?.retriable === true;
}
