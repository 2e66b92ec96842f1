import { expect } from 'vitest';
import {
  encodeDescriptor,
  type FromIngest,
  type FromIngestTurn,
  type IngestInit,
  type IngestTopic,
  joinOutcome,
  partAnswers,
  type ToIngest,
} from '../../../src/ingest/messages.js';
import { Command, type Forwarded } from '../../../src/metadata/journal.wire.js';
import { Metadata } from '../../../src/metadata/metadata.js';
import type { Outcome } from '../../../src/metadata/outcomes.js';
import { apis } from '../../../src/protocol/apis.js';
import type { ResponseOf } from '../../../src/protocol/codec.js';
import { decodeResponse } from '../../../src/protocol/frames.js';
import { Shares } from '../../../src/telemetry/counters.js';
import { Chunks, type Piece } from '../../../src/threads/chunks.js';
import { createPins } from '../../../src/threads/pins.js';
import { createRing, RingWriter } from '../../../src/threads/ring.js';
import { run } from '../../../workers/ingest/run.js';
import { LocalThreads, type LocalWorker } from '../../simulation/local-threads.js';
import { HeldStore } from './held-store.js';
import { makeBatch } from './make-batch.js';
import { VirtualWorld } from './virtual-world.js';

export const TOPIC: IngestTopic = {
  topicId: 'AAAAAAAAAAAAAAAAAAAAAQ',
  name: 'orders',
  partitions: 4,
  maxMessageBytes: 1_048_588,
  logAppendTime: false,
  timestampBeforeMaxMs: Number.MAX_SAFE_INTEGER,
  timestampAfterMaxMs: 3_600_000,
  compacted: false,
  walkRecords: true,
  compression: undefined,
};

export interface ProduceSpec {
  readonly connection?: number;
  readonly acks?: number;
  readonly timeoutMs?: number;
  readonly version?: number;
  readonly topicsRevision?: number;
  readonly fails?: boolean;
  /** All that the lane said, unless it is told. */
  readonly turnsHeard?: number;
  readonly transactionalId?: string;
  /** Batches by partition, in order; null records stay null. */
  readonly partitions: readonly (readonly [number, Uint8Array | null])[];
  readonly topic?: string;
  readonly topicId?: string;
  /** Bytes of a frame piece; a whole frame in one otherwise. */
  readonly pieceBytes?: number;
}

export type PartitionResponse = ResponseOf<typeof apis.produce>['responses'][number]['partitionResponses'][number];

export interface Answered {
  readonly request: number;
  readonly close: boolean;
  /** Of its first topic; undefined without a frame. */
  readonly partitions: readonly PartitionResponse[] | undefined;
}

/** A lane on virtual time, with a real metadata replica as its leader and a store that obeys the test. */
export class LaneHarness {
  readonly world = new VirtualWorld();
  readonly store = new HeldStore();
  readonly metadata = new Metadata();
  readonly init: IngestInit;
  readonly chunks = new Chunks(new SharedArrayBuffer(16 * 1024 * 1024), 1024 * 1024);
  readonly worker: LocalWorker;
  readonly messages: FromIngest[] = [];
  /** What came, by message. */
  readonly turns: FromIngest['type'][][] = [];
  readonly released: number[] = [];
  readonly answers: Answered[] = [];
  readonly commands: Command[] = [];
  /** While true, publishes wait in `heldPublishes`. */
  holdPublishes = false;
  readonly heldPublishes: Extract<FromIngest, { type: 'publish' }>[] = [];
  readonly #ring: RingWriter;
  readonly #versions = new Map<number, number>();
  #requests = 0;
  #ringBytes = 0;
  /** Times that a request had to wake the lane. */
  wakes = 0;
  exit: { readonly error: Error | undefined } | undefined;

  constructor(
    overrides: Partial<IngestInit> & { readonly segmentBytes?: number; readonly topic?: Partial<IngestTopic> } = {},
  ) {
    const { segmentBytes, topic, ...init } = overrides;
    this.init = {
      lane: 1,
      lastNumber: 0,
      cluster: 'test',
      agentEpoch: 1,
      segmentNumbers: new SharedArrayBuffer(8),
      bucket: { kind: 'memory' },
      batchWindowMs: 100,
      batchBytes: 64 * 1024,
      chunks: this.chunks.memory,
      segments: new SharedArrayBuffer(segmentBytes ?? 1024 * 1024),
      pins: createPins(16),
      requests: createRing(64 * 1024),
      telemetry: new Shares(1).take(),
      uploadsMax: 4,
      ...init,
    };
    this.#ring = new RingWriter(this.init.requests);
    this.apply(1, 0, {
      kind: {
        $case: 'registerAgent',
        value: { name: 'a', incarnation: new Uint8Array(16).fill(1), zone: '', listeners: [] },
      },
    });
    const topicId = Buffer.from(TOPIC.topicId, 'base64url');
    const partitions = topic?.partitions ?? TOPIC.partitions;
    this.apply(2, 0, { kind: { $case: 'createTopic', value: { name: TOPIC.name, topicId, partitions, configs: [] } } });
    const threads = new LocalThreads(this.world, {
      ingest: (world, laneInit, port) => run(world, laneInit, port, this.store),
    });
    this.worker = threads.spawn('ingest', this.init);
    this.worker.onMessage((turn: FromIngestTurn) => {
      this.turns.push(turn.map(({ type }) => type));
      for (const message of turn) this.#receive(message);
    });
    this.worker.onExit((error) => {
      this.exit = { error };
    });
    this.topics([{ ...TOPIC, ...topic }]);
  }

  topics(changed: readonly IngestTopic[], removed: readonly string[] = [], revision = this.metadata.revision): void {
    this.post({ type: 'topics', revision, changed, removed });
  }

  post(message: ToIngest): void {
    this.worker.post(message);
  }

  /** Puts a request into the ring; returns its id. */
  produce(spec: ProduceSpec): number {
    const version = spec.version ?? 9;
    const { slices } = apis.produce.request.encode(version, {
      transactionalId: spec.transactionalId ?? null,
      acks: spec.acks ?? -1,
      timeoutMs: spec.timeoutMs ?? 30_000,
      topicData: [
        {
          name: spec.topic ?? TOPIC.name,
          topicId: spec.topicId ?? TOPIC.topicId,
          partitionData: spec.partitions.map(([index, batch]) => ({
            index,
            records: batch === null ? null : { slices: [batch], bytes: batch.length },
          })),
        },
      ],
    });
    return this.send(Buffer.concat(slices), spec);
  }

  /** Seals a segment of one record in partition 3 now and stores it: the next segment waits for a whole window. */
  async beginWindow(): Promise<void> {
    const request = this.produce({ connection: 99, partitions: [[3, makeBatch()]] });
    this.store.open = true;
    while (this.outcome(request) === undefined) await this.world.pass(0);
    this.store.open = false;
    expect(this.outcome(request)).toEqual([[0, 0]]);
    this.released.length = 0;
    this.answers.length = 0;
  }

  /** Puts any bytes into the ring as a request. */
  send(body: Uint8Array, spec: Partial<ProduceSpec> = {}): number {
    this.#requests += 1;
    const request = this.#requests;
    const version = spec.version ?? 9;
    this.#versions.set(request, version);
    const pieces = this.#land(body, spec.pieceBytes ?? body.length);
    const record = encodeDescriptor({
      request,
      connection: spec.connection ?? 1,
      correlationId: request * 10,
      apiVersion: version,
      topicsRevision: spec.topicsRevision ?? 2,
      receivedMs: this.world.clock.monotonicMs(),
      fails: spec.fails ?? false,
      turnsHeard: spec.turnsHeard ?? this.turns.length,
      pieces,
    });
    if (this.#ring.isEmpty) this.#ringBytes = 0;
    this.#ringBytes += body.length;
    expect(this.#ring.write(record)).toBe(true);
    if (this.#ring.takeSleeping(this.#ringBytes >= this.init.batchBytes)) {
      this.wakes += 1;
      this.post({ type: 'wake' });
    }
    return request;
  }

  #land(body: Uint8Array, pieceBytes: number): Piece[] {
    const pieces: Piece[] = [];
    for (let at = 0; at < body.length; at += pieceBytes) {
      const part = body.subarray(at, at + pieceBytes);
      const position = this.chunks.reserveSmall(part.length)!;
      this.chunks.bytes.set(part, position);
      pieces.push({ position, length: part.length });
    }
    return pieces;
  }

  answer(request: number): Answered | undefined {
    return this.answers.find((answered) => answered.request === request);
  }

  /** [error, base offset] of each partition of the request's first topic; undefined while it is unanswered. */
  outcome(request: number): readonly (readonly [number, number])[] | undefined {
    return this.answer(request)?.partitions?.map(({ errorCode, baseOffset }) => [errorCode, baseOffset] as const);
  }

  of<T extends FromIngest['type']>(type: T): Extract<FromIngest, { type: T }>[] {
    return this.messages.filter((message): message is Extract<FromIngest, { type: T }> => message.type === type);
  }

  releasePublishes(): void {
    for (const publish of this.heldPublishes.splice(0)) {
      this.#publish(publish);
    }
  }

  apply(number: number, stream: number, command: Command): Outcome {
    const forwarded: Forwarded = {
      agentEpoch: command.kind?.$case === 'registerAgent' ? 0 : 1,
      stream,
      number: command.kind?.$case === 'registerAgent' ? number : stream === 0 ? number - 1 : number,
      confirmed: 0,
      command,
    };
    const { outcomes } = this.metadata.apply({
      format: 1,
      revision: this.metadata.revision + 1,
      previousDigest: new Uint8Array(0),
      token: new Uint8Array(16),
      term: 1,
      timeMs: this.world.clock.wallMs(),
      commands: [forwarded],
    });
    return outcomes[0]!;
  }

  #receive(message: FromIngest): void {
    this.messages.push(message);
    if (message.type === 'released') {
      this.released.push(...message.requests);
    } else if (message.type === 'answers') {
      for (const { request, frame, close } of partAnswers(message.answers)) {
        let partitions: readonly PartitionResponse[] | undefined;
        if (frame !== undefined) {
          const { correlationId, response } = decodeResponse(apis.produce, this.#versions.get(request)!, frame, 4);
          expect(correlationId).toBe(request * 10);
          partitions = response.responses[0]?.partitionResponses ?? [];
        }
        expect(this.answer(request)).toBeUndefined();
        this.answers.push({ request, close, partitions });
      }
    } else if (message.type === 'publish') {
      if (this.holdPublishes) {
        this.heldPublishes.push(message);
      } else {
        this.#publish(message);
      }
    }
  }

  #publish({ number, command }: Extract<FromIngest, { type: 'publish' }>): void {
    const decoded = Command.decode(command);
    this.commands.push(decoded);
    const outcome = this.apply(number, this.init.lane, decoded);
    if (outcome.kind === 'published') {
      this.post({ type: 'published', number, outcome: joinOutcome(outcome.partitions) });
    } else if (outcome.kind === 'done') {
      this.post({ type: 'published', number, outcome: joinOutcome([]) });
    } else if (outcome.kind === 'refused') {
      this.post({ type: 'publish-refused', number, error: outcome.error });
    } else {
      throw new Error(`unexpected outcome ${outcome.kind}`);
    }
  }
}
