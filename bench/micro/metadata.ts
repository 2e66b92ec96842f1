/**
 * How fast a replica applies the journal, and how long its slowest steps take. Run: node dist/bench/micro/metadata.js
 */
import { performance } from 'node:perf_hooks';
import { Bench } from 'tinybench';
import { decodeEntry } from '../../src/metadata/entry.js';
import type { Command } from '../../src/metadata/journal.wire.js';
import { Entry } from '../../src/metadata/journal.wire.js';
import { Metadata } from '../../src/metadata/metadata.js';

const PARTITIONS = 64;
const BATCHES = 2;
const EXTENTS = 1_000_000;

/** A replica with one agent and one topic, and the bytes of one publishing entry after the other. */
class Replica {
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
    const entry = this.entry(command, agentEpoch);
    const before = process.threadCpuUsage();
    const { outcomes } = this.metadata.apply(entry);
    const { user, system } = process.threadCpuUsage(before);
    const took = (user + system) / 1000;
    const refused = outcomes.find(({ kind }) => kind === 'refused');
    if (refused !== undefined) {
      throw new Error(JSON.stringify(refused));
    }
    return took;
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

const bench = new Bench({ time: 2000, warmupTime: 500 });
const applying = new Replica();
const wire = new Replica();
bench.add(`apply an entry of ${PARTITIONS} partitions x ${BATCHES} batches`, () => {
  applying.apply(applying.publish());
});
bench.add('the same through its bytes: encode, decode, apply', () => {
  wire.metadata.apply(decodeEntry(Entry.encode(wire.entry(wire.publish())).finish()));
});
await bench.run();
for (const { name, result } of bench.tasks) {
  if (result.state === 'completed') {
    console.log(`${name}: ${Math.round(result.throughput.mean)}/s, p99 ${result.latency.p99.toFixed(3)} ms`);
  }
}

function timed<T>(name: string, run: () => T): T {
  const before = performance.now();
  const result = run();
  console.log(`${name}: ${(performance.now() - before).toFixed(1)} ms`);
  return result;
}

const large = new Replica();
const publishing: number[] = [];
while (large.metadata.extentCount < EXTENTS) {
  publishing.push(large.apply(large.publish()));
}
publishing.sort((a, b) => a - b);
console.log(`${EXTENTS} extents count ${(large.metadata.bytes / EXTENTS).toFixed(1)} bytes each`);
console.log(
  `slowest publish: ${publishing.at(-1)!.toFixed(2)} ms, p99 ${publishing[Math.floor(publishing.length * 0.99)]!.toFixed(2)} ms`,
);
console.log(
  `slowest create of 4096 partitions: ${Math.max(...[2, 3, 4, 5].map((id) => large.create(id, 4096))).toFixed(2)} ms`,
);
const bytes = timed('snapshot', () => large.metadata.snapshot());
console.log(`snapshot bytes: ${bytes.length}`);
timed('restore', () => Metadata.fromSnapshot(bytes));
const retiring = [large.delete(1)];
while (large.metadata.extentCount > 0) {
  retiring.push(large.apply({ kind: { $case: 'skipNumber', value: {} } }));
}
console.log(`slowest entry while ${EXTENTS} extents retire: ${Math.max(...retiring).toFixed(2)} ms`);
