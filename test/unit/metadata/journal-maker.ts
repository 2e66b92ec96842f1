import type { Command, Entry } from '../../../src/metadata/journal.wire.js';
import { Metadata } from '../../../src/metadata/metadata.js';
import type { Changes, Outcome } from '../../../src/metadata/outcomes.js';

type Kinds = NonNullable<Command['kind']>;

/** What a test says of a command: a kind and its value. */
export function command<K extends Kinds['$case']>($case: K, value: Extract<Kinds, { $case: K }>['value']): Command {
  return { kind: { $case, value } as Kinds };
}

/** Makes a journal, entry by entry, and applies it to one replica. Keeps the entries for replays. */
export class JournalMaker {
  readonly metadata: Metadata;
  readonly entries: Entry[] = [];
  readonly #numbers = new Map<string, number>();
  timeMs = 1_700_000_000_000;
  lastChanges: Changes | undefined;

  constructor(metadata: Metadata = new Metadata()) {
    this.metadata = metadata;
  }

  entry(commands: Entry['commands']): readonly Outcome[] {
    const entry: Entry = {
      format: 1,
      revision: this.metadata.revision + 1,
      previousDigest: new Uint8Array(0),
      token: new Uint8Array(16),
      term: 1,
      timeMs: this.timeMs,
      commands,
    };
    this.entries.push(entry);
    const { outcomes, changes } = this.metadata.apply(entry);
    this.lastChanges = changes;
    return outcomes;
  }

  /** A command without an agent epoch, alone in its entry. */
  bare(given: Command): Outcome {
    return this.entry([{ agentEpoch: 0, stream: 0, number: 0, confirmed: 0, command: given }])[0]!;
  }

  /** The next command of an agent's stream, alone in its entry; earlier outcomes are confirmed. */
  send(agentEpoch: number, given: Command, stream = 0): Outcome {
    const key = `${agentEpoch}/${stream}`;
    const number = (this.#numbers.get(key) ?? 0) + 1;
    this.#numbers.set(key, number);
    return this.entry([{ agentEpoch, stream, number, confirmed: number - 1, command: given }])[0]!;
  }

  register(name = 'agent', incarnation = 1): number {
    const outcome = this.bare(
      command('registerAgent', {
        name,
        incarnation: new Uint8Array(16).fill(incarnation),
        zone: 'a',
        listeners: [{ name: 'tcp', host: 'localhost', port: 9092 }],
      }),
    );
    if (outcome.kind !== 'registered') {
      throw new Error(`not registered: ${JSON.stringify(outcome)}`);
    }
    return outcome.agentEpoch;
  }

  createTopic(agentEpoch: number, name: string, id: number, partitions = 1): string {
    const outcome = this.send(
      agentEpoch,
      command('createTopic', { name, topicId: topicId(id), partitions, configs: [] }),
    );
    if (outcome.kind !== 'topic-created') {
      throw new Error(`no topic: ${JSON.stringify(outcome)}`);
    }
    return outcome.topicId;
  }
}

/** A topic id of 16 bytes made from a number. */
export function topicId(id: number): Uint8Array {
  const bytes = new Uint8Array(16);
  new DataView(bytes.buffer).setUint32(12, id);
  bytes[0] = 1;
  return bytes;
}

/** One batch as a test writes it. */
export interface Batch {
  readonly records?: number;
  readonly length?: number;
  readonly timestamp?: number;
  readonly producer?: readonly [id: number, epoch: number, sequence: number];
}

/** A PublishSegment whose partitions lie one after the other. */
export function segment(
  number: number,
  partitions: readonly {
    readonly topic: Uint8Array;
    readonly partition?: number;
    readonly batches: readonly Batch[];
  }[],
): Command {
  let position = 0;
  const made = partitions.map(({ topic, partition = 0, batches }) => {
    const start = position;
    const lengths = batches.map(({ length = 100 }) => length);
    position += lengths.reduce((sum, length) => sum + length, 0);
    const some = batches.some(({ producer }) => producer !== undefined);
    return {
      topicId: topic,
      partition,
      position: start,
      lengths,
      records: batches.map(({ records = 1 }) => records),
      maxTimestamps: batches.map(({ timestamp = 1000 }) => timestamp),
      producerIds: some ? batches.map(({ producer }) => producer?.[0] ?? -1) : [],
      producerEpochs: some ? batches.map(({ producer }) => producer?.[1] ?? -1) : [],
      baseSequences: some ? batches.map(({ producer }) => producer?.[2] ?? -1) : [],
    };
  });
  return command('publishSegment', { segment: number, bytes: position + 500, partitions: made });
}
