/** Many partitions: what an agent's work must not grow with, or not much. */
import { shortWindows } from './ack-loads.js';
import { EVERYDAY_RECORDS_PER_SECOND, sideBySide, type Transfer } from './generators/generator.js';
import { produceWithJava } from './generators/java.js';
import { produceWithLoad } from './generators/load.js';
import type { Load, Run, Variant } from './loads.js';

const PARTITION_COUNTS = [64, 1_024] as const;
const ROUND_SECONDS = 10;
const QUICK_SECONDS = 3;
/** Of each number of partitions: 1 GB in all. */
const WARM_UP_ROUNDS = 2;

const baseline = nameOf(PARTITION_COUNTS[0]);

const partitions: readonly Variant[] = PARTITION_COUNTS.map((count) => ({
  name: nameOf(count),
  against: [baseline],
  round: (run) => everyday(run, count),
}));

function nameOf(count: number): string {
  return `${count} partitions`;
}

function topicOf(count: number): string {
  return `everyday-${count}`;
}

function everyday({ system, generators, quick }: Run, count: number): Promise<Transfer> {
  const records = EVERYDAY_RECORDS_PER_SECOND * (quick ? QUICK_SECONDS : ROUND_SECONDS);
  return sideBySide(2, () =>
    produceWithJava(generators.java, system.kafka, topicOf(count), records, EVERYDAY_RECORDS_PER_SECOND),
  );
}

/** Made by the load generator, since Java's tool leaves the number of partitions to the server. */
function makeTopic({ system }: Run, count: number): Promise<Transfer> {
  const small = ['--topic', topicOf(count), '--partitions', `${count}`, '--rate', '1MB', '--producers', '1'];
  return produceWithLoad(system, 1, 0, small);
}

export const partitionLoads: readonly Load[] = [
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
];
