import type { Command, Entry } from '../../src/metadata/journal.wire.js';
import { Metadata } from '../../src/metadata/metadata.js';
import type { Changes } from '../../src/metadata/outcomes.js';

export const PARTITIONS = 64;
export const BATCHES = 2;

/** A replica with one agent and one topic, and the bytes of one publishing entry after the other. */
export class Replica {
  readonly metadata = new Metadata();
  #number = 0;
  #segment = 0;

  constructor() {
    const incarnation = new Uint8Array(16).fill(1);
    this.apply({ kind: { $case: 'registerAgent', value: { name: 'a', incarnation, zone: '', listeners: [] } } }, 0);
    this.create(1, PARTITIONS);
  }

  create(id: number, partitions: number): number {
    const topicId = new Uint8Array(16).fill(id);
    return this.apply({ kind: { $case: 'createTopic', value: { name: `t${id}`, topicId, partitions, configs: [] } } });
  }

  delete(id: number): number {
    return this.apply({ kind: { $case: 'deleteTopic', value: { topicId: new Uint8Array(16).fill(id) } } });
  }

  /** Ms of this thread's processor that the apply took: other work on the machine does not show. */
  apply(command: Command, agentEpoch = 1): number {
    return this.applied(command, agentEpoch).took;
  }

  /** The same, and what it changed. */
  applied(command: Command, agentEpoch = 1): { readonly took: number; readonly changes: Changes } {
    const entry = this.entry(command, agentEpoch);
    const before = process.threadCpuUsage();
    const { outcomes, changes } = this.metadata.apply(entry);
    const { user, system } = process.threadCpuUsage(before);
    const refused = outcomes.find(({ kind }) => kind === 'refused');
    if (refused !== undefined) {
      throw new Error(JSON.stringify(refused));
    }
    return { took: (user + system) / 1000, changes };
  }

  entry(command: Command, agentEpoch = 1): Entry {
    const number = agentEpoch === 0 ? 0 : ++this.#number;
    return {
      format: 1,
      revision: this.metadata.revision + 1,
      previousDigest: new Uint8Array(32),
      token: new Uint8Array(16),
      term: 1,
      timeMs: 1_700_000_000_000,
      commands: [{ agentEpoch, stream: 0, number, confirmed: Math.max(0, number - 1), command }],
    };
  }

  publish(): Command {
    const segment = ++this.#segment;
    const partitions = Array.from({ length: PARTITIONS }, (_, partition) => ({
      topicId: new Uint8Array(16).fill(1),
      partition,
      position: partition * BATCHES * 1000,
      lengths: new Array<number>(BATCHES).fill(1000),
      records: new Array<number>(BATCHES).fill(10),
      maxTimestamps: new Array<number>(BATCHES).fill(1_700_000_000_000),
      producerIds: new Array<number>(BATCHES).fill(7),
      producerEpochs: new Array<number>(BATCHES).fill(0),
      baseSequences: Array.from({ length: BATCHES }, (__, at) => ((segment - 1) * BATCHES + at) * 10),
    }));
    return { kind: { $case: 'publishSegment', value: { segment, bytes: 1_000_000, partitions } } };
  }
}
