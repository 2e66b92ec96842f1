import type { Clock, Pumped, Waker } from '../../../bench/load/clock.js';
import type { OnAnswer } from '../../../bench/load/connection.js';
import type { ProduceTransport } from '../../../bench/load/producer.js';
import { apis } from '../../../src/protocol/apis.js';
import { encodeResponseFrame, readRequestHeader } from '../../../src/protocol/frames.js';
import { BatchHeader } from '../../../src/records/header.js';
import { recordsOf } from '../../../src/records/read.js';

/** Time that only a test moves, and what it wakes. */
export class FakeTime implements Clock, Waker {
  readonly epochMs = 1_700_000_000_000;
  #nowMs = 0;
  readonly #events: { atMs: number; run: (nowMs: number) => void }[] = [];

  nowMs(): number {
    return this.#nowMs;
  }

  wakeAt(thing: Pumped, atMs: number): void {
    this.at(atMs, (nowMs) => thing.pump(nowMs));
  }

  at(atMs: number, run: (nowMs: number) => void): void {
    if (atMs !== Number.POSITIVE_INFINITY) this.#events.push({ atMs: Math.max(atMs, this.#nowMs), run });
  }

  /** Runs everything until then, in order of time. */
  runUntil(untilMs: number): void {
    for (;;) {
      this.#events.sort((a, b) => a.atMs - b.atMs);
      const next = this.#events[0];
      if (next === undefined || next.atMs > untilMs) break;
      this.#events.shift();
      this.#nowMs = next.atMs;
      next.run(this.#nowMs);
    }
    this.#nowMs = untilMs;
  }
}

export interface FakePart {
  readonly partition: number;
  readonly sequence: number;
  /** In its partition. */
  readonly baseOffset: number;
  readonly producerId: number;
  readonly records: number;
  readonly valueBytes: readonly number[];
  readonly keys: readonly string[];
}

export interface FakeRequest {
  readonly atMs: number;
  readonly parts: readonly FakePart[];
  readonly bytes: Buffer;
}

/** Answers Produce requests in order, each when the test says and with the codes that it says. */
export class FakeBroker implements ProduceTransport {
  readonly requests: FakeRequest[] = [];
  readonly #time: FakeTime;
  readonly #answerAtMs: (atMs: number) => number;
  readonly #codeOf: (request: number, part: FakePart) => number;
  readonly #ends = new Map<number, number>();
  #id = 0;
  #lastMs = 0;

  constructor(
    time: FakeTime,
    answerAtMs: (atMs: number) => number,
    codeOf: (request: number, part: FakePart) => number = () => 0,
  ) {
    this.#time = time;
    this.#answerAtMs = answerAtMs;
    this.#codeOf = codeOf;
  }

  nextCorrelationId(): number {
    this.#id += 1;
    return this.#id;
  }

  send(frame: Uint8Array, answer: OnAnswer | undefined, written?: () => void): void {
    const bytes = Buffer.from(frame);
    const atMs = this.#time.nowMs();
    const header = readRequestHeader(bytes, 4);
    const request = apis.produce.request.decode(header.apiVersion, bytes, header.bodyPosition);
    const [topic] = request.topicData;
    const parts = topic!.partitionData.map(({ index, records }) => {
      const baseOffset = this.#ends.get(index) ?? 0;
      const part = partOf(bytes, index, records!.position, baseOffset);
      this.#ends.set(index, baseOffset + part.records);
      return part;
    });
    const number = this.requests.length;
    this.requests.push({ atMs, parts, bytes });
    if (answer === undefined) {
      this.#time.at(atMs, () => written?.());
      return;
    }
    const partitionResponses = parts.map((part) => ({
      index: part.partition,
      errorCode: this.#codeOf(number, part),
      baseOffset: part.baseOffset,
    }));
    const response = { responses: [{ name: topic!.name, partitionResponses }] };
    const { slices } = encodeResponseFrame(apis.produce, header.apiVersion, header.correlationId, response);
    const whole = Buffer.concat(slices);
    // In order.
    this.#lastMs = Math.max(this.#lastMs, this.#answerAtMs(atMs));
    this.#time.at(this.#lastMs, () => answer(whole, 4, whole.length));
  }
}

function partOf(bytes: Buffer, partition: number, position: number, baseOffset: number): FakePart {
  const header = new BatchHeader(bytes, position);
  const all = [...recordsOf(bytes, position)];
  return {
    partition,
    sequence: bytes.readInt32BE(position + 53),
    baseOffset,
    producerId: header.producerId,
    records: header.recordCount,
    valueBytes: all.map(({ value }) => value?.length ?? -1),
    keys: all.map(({ key }) => Buffer.from(key ?? []).toString()),
  };
}
