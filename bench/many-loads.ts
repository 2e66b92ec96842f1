/** Many partitions, many connections: what an agent's work must not grow with, or not much. */
import { shortWindows } from './ack-loads.js';
import { EVERYDAY_RECORDS_PER_SECOND, type Transfer, together } from './generators/generator.js';
import { produceWithJava } from './generators/java.js';
import { produceWithLoad } from './generators/load.js';
import type { Load, Run, Variant } from './loads.js';

const PARTITION_COUNTS = [64, 1_024] as const;
const ROUND_SECONDS = 10;
const QUICK_SECONDS = 3;
/** At a tenth of a gigabyte a second or so. */
const SMALL_WARM_UP_SECONDS = 20;
/** Of each number of partitions: 1 GB in all. */
const WARM_UP_ROUNDS = 2;

const baseline = nameOf(PARTITION_COUNTS[0]);

const partitions: readonly Variant[] = PARTITION_COUNTS.map((count) => ({
  name: nameOf(count),
  ...(nameOf(count) !== baseline && { against: baseline }),
  round: (run) => everyday(run, count),
}));

function nameOf(count: number): string {
  return `${count} partitions`;
}

function topicOf(count: number): string {
  return `everyday-${count}`;
}

async function everyday({ system, generators, quick }: Run, count: number): Promise<Transfer> {
  const records = EVERYDAY_RECORDS_PER_SECOND * (quick ? QUICK_SECONDS : ROUND_SECONDS);
  const one = (): Promise<Transfer> =>
    produceWithJava(generators.java, system.kafka, topicOf(count), records, EVERYDAY_RECORDS_PER_SECOND);
  return together(await Promise.all([one(), one()]));
}

/** Made by the load generator, since Java's tool leaves the number of partitions to the server. */
function makeTopic({ system }: Run, count: number): Promise<Transfer> {
  const small = ['--topic', topicOf(count), '--partitions', `${count}`, '--rate', '1MB', '--producers', '1'];
  return produceWithLoad(system.kafka, system.pid, 1, small);
}

/** A request at a time, of at most a few batches: a thousand connections with Kafka's limits would have gigabytes under way. */
const connections = [
  ...['--topic', 'small', '--producers', '1000', '--size', '100', '--linger', '5'],
  ...['--in-flight', '1', '--batch-bytes', '4096', '--request-bytes', '16384'],
];

function produceSmall({ system, quick }: Run, seconds: number): Promise<Transfer> {
  return produceWithLoad(system.kafka, system.pid, quick ? QUICK_SECONDS : seconds, connections);
}

export const manyLoads: readonly Load[] = [
  {
    name: 'everyday-partitions',
    what: 'two stock Java producers of 12.5 MB/s each to a topic of 64 partitions and to one of 1,024, in turns',
    needs: ['java'],
    systems: ['kafka', 'weft-disk', 'weft-s3'],
    rate: 'fixed',
    restarted: false,
    agentFlags: shortWindows,
    async warmUp(run) {
      for (const count of PARTITION_COUNTS) {
        await makeTopic(run, count);
        for (let i = run.quick ? 1 : WARM_UP_ROUNDS; i > 0; i -= 1) await everyday(run, count);
      }
    },
    round: partitions,
  },
  {
    name: 'small-records',
    what: 'values of 100 B from 1,000 connections of the load generator, linger 5 ms, flat out, each with one request of at most 16 KiB under way: MB/s × 10,000 are records/s',
    needs: [],
    systems: ['kafka', 'weft-disk', 'weft-s3'],
    rate: 'flat-out',
    restarted: false,
    anew: true,
    warmUp: async (run) => void (await produceSmall(run, SMALL_WARM_UP_SECONDS)),
    round: (run) => produceSmall(run, ROUND_SECONDS),
  },
];
