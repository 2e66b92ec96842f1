import { ackLoads, shortWindows } from './ack-loads.js';
import { consumeWithJava, produceWithJava } from './generators/java.js';
import { EVERYDAY_RECORDS_PER_SECOND, RECORD_BYTES, sideBySide, type Transfer } from './generators/generator.js';
import { consumeWithLibrdkafka, produceWithLibrdkafka } from './generators/librdkafka.js';
import { hotLoads } from './hot-loads.js';
import { partitionLoads } from './partition-loads.js';
import { producerLoads } from './producer-loads.js';
import { smallLoads } from './small-loads.js';
import { idempotentSystems, readSystems, usualSystems } from './systems/catalog.js';
import type { RunningSystem } from './systems/system.js';

/** What can make load here; undefined where `npm run setup` has not brought it. */
export interface Generators {
  readonly java: string | undefined;
  readonly librdkafka: string | undefined;
}

export interface Load {
  readonly name: string;
  readonly what: string;
  /** Its generators; the load is left out, loudly, when one is missing. */
  readonly needs: readonly (keyof Generators)[];
  /** Names of bench/systems/catalog.ts. */
  readonly systems: readonly string[];
  /** Flat out, MB/s tell; at a fixed rate the cores that a server takes. */
  readonly rate: 'flat-out' | 'fixed';
  /** Before the first round, on a server just started. */
  warmUp(on: Run): Promise<void>;
  /** For `weft agent` in this load. */
  readonly agentFlags?: readonly string[];
  /** Before each round, unmeasured. */
  prepare?(on: Run, round: number): Promise<void>;
  /** A server whose own memory is cold reads from its store. */
  readonly restarted: boolean;
  /**
   * Each round on an empty folder and a new process, warmed up, with no other system beside it: what all of them write would
   * not fit on a small disk, nor in memory that the machine has at hand (profiles/README.md, "Why did the same round cost two or three times as much").
   */
  readonly anew?: true;
  /** What is measured. Variants take turns on the same server, each with a row of its own. */
  readonly round: Round | readonly Variant[];
}

/** Rounds count from 1. */
export type Round = (on: Run, round: number) => Promise<Transfer>;

export interface Variant {
  readonly name: string;
  /** Its ratios are to the fastest of these variants. */
  readonly against: readonly string[];
  readonly round: Round;
}

export interface Run {
  readonly system: RunningSystem;
  readonly generators: { readonly [G in keyof Generators]: string };
  /** What a round moves is a share of this. */
  readonly roundBytes: number;
  /** Does everything run? */
  readonly quick: boolean;
}

const TOPIC = 'bench';
/** Java's classes, both compilers' code and the server's caches are warm after so much. */
const WARM_UP_BYTES = 2_000_000_000;
/** A minute of the everyday load. */
const EVERYDAY_WARM_UP_BYTES = 1_500_000_000;

function recordsOf(bytes: number): number {
  return Math.round(bytes / RECORD_BYTES);
}

function produceLibrdkafka({ system, generators, roundBytes }: Run): Promise<Transfer> {
  return produceWithLibrdkafka(generators.librdkafka, system.kafka, TOPIC, recordsOf(roundBytes));
}

/** Two producers share `bytes`. */
function produceJava(
  { system, generators }: Run,
  bytes: number,
  recordsPerSecond: number,
  settings: readonly string[] = [],
): Promise<Transfer> {
  const records = recordsOf(bytes / 2);
  return sideBySide(2, () =>
    produceWithJava(generators.java, system.kafka, TOPIC, records, recordsPerSecond, settings),
  );
}

function compressed(codec: string): Load {
  const round = (run: Run): Promise<Transfer> =>
    produceJava(run, run.roundBytes / 2, -1, [`compression.type=${codec}`]);
  return {
    name: `produce-java-${codec}`,
    what: `two stock Java producers with ${codec}, flat out; bytes and GB are those before compression`,
    needs: ['java', 'librdkafka'],
    systems: idempotentSystems,
    rate: 'flat-out',
    restarted: false,
    anew: true,
    async warmUp(run) {
      await warmUp(run);
      await round(run);
    },
    round,
  };
}

/** Without idempotence, which not every peer has. */
function produceUnderModel(model: string): Load {
  return {
    name: `produce-librdkafka-${model}`,
    what: 'one librdkafka producer, defaults, flat out, into a store as slow as its model',
    needs: ['librdkafka'],
    systems: [`kafscale-${model}`, `weft-${model}`],
    rate: 'flat-out',
    restarted: false,
    anew: true,
    warmUp,
    round: produceLibrdkafka,
  };
}

function warmUpRounds({ quick }: Run, bytesOfRound: number, bytes = WARM_UP_BYTES): number {
  return quick ? 1 : Math.ceil(bytes / bytesOfRound);
}

/** Ten seconds of the everyday load for a whole GiB of round. */
function everydayBytes({ roundBytes }: Run): number {
  return Math.max(roundBytes / 4, 50_000_000);
}

async function warmUp(run: Run): Promise<void> {
  for (let i = warmUpRounds(run, run.roundBytes); i > 0; i -= 1) await produceLibrdkafka(run);
}

export const loads: readonly Load[] = [
  {
    name: 'produce-librdkafka',
    what: 'one librdkafka producer, defaults, flat out',
    needs: ['librdkafka'],
    systems: [...usualSystems, 'weft-s3-https'],
    rate: 'flat-out',
    restarted: false,
    anew: true,
    warmUp,
    round: produceLibrdkafka,
  },
  ...['express', 'standard'].map(produceUnderModel),
  {
    name: 'produce-tls',
    what: 'one librdkafka producer, defaults, flat out, in plaintext and by TLS',
    needs: ['librdkafka'],
    systems: ['weft-disk', 'weft-disk-tls'],
    rate: 'flat-out',
    restarted: false,
    anew: true,
    warmUp,
    round: produceLibrdkafka,
  },
  {
    name: 'produce-java',
    what: 'two stock Java producers, flat out',
    needs: ['java', 'librdkafka'],
    systems: idempotentSystems,
    rate: 'flat-out',
    restarted: false,
    anew: true,
    async warmUp(run) {
      await warmUp(run);
      await produceJava(run, run.roundBytes / 2, -1);
    },
    round: (run) => produceJava(run, run.roundBytes / 2, -1),
  },
  compressed('lz4'),
  compressed('zstd'),
  {
    name: 'everyday',
    agentFlags: shortWindows,
    what: 'two stock Java producers of 12.5 MB/s each',
    needs: ['java', 'librdkafka'],
    systems: idempotentSystems,
    rate: 'fixed',
    restarted: false,
    anew: true,
    // Flat out other code is warm than at a fixed rate: both Java's and V8's compilers take a minute of this load to settle.
    async warmUp(run) {
      // Kafka 4.3.1 lets batches of Java producers expire that make their topic at the same moment.
      await produceLibrdkafka({ ...run, roundBytes: run.roundBytes / 100 });
      const bytes = everydayBytes(run);
      for (let i = warmUpRounds(run, bytes, EVERYDAY_WARM_UP_BYTES); i > 0; i -= 1) {
        await produceJava(run, bytes, EVERYDAY_RECORDS_PER_SECOND);
      }
    },
    round: (run) => produceJava(run, everydayBytes(run), EVERYDAY_RECORDS_PER_SECOND),
  },
  {
    name: 'replay-librdkafka',
    what: 'one librdkafka group consumer reads all of it, server restarted',
    needs: ['librdkafka'],
    systems: readSystems,
    rate: 'flat-out',
    restarted: true,
    warmUp,
    round: (run, round) => replay(consumeWithLibrdkafka, run.generators.librdkafka, run, round),
  },
  {
    name: 'replay-java',
    what: 'one stock Java consumer reads all of it, server restarted',
    needs: ['java', 'librdkafka'],
    systems: readSystems,
    rate: 'flat-out',
    restarted: true,
    warmUp,
    round: (run, round) => replay(consumeWithJava, run.generators.java, run, round),
  },
  ...hotLoads,
  ...ackLoads,
  ...producerLoads,
  ...partitionLoads,
  ...smallLoads,
];

function replay(consume: typeof consumeWithJava, generator: string, run: Run, round: number): Promise<Transfer> {
  const records = warmUpRounds(run, run.roundBytes) * recordsOf(run.roundBytes);
  return consume(generator, run.system.kafka, TOPIC, `replay-${round}`, records);
}
