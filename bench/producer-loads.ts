/** Producers as they come beside the same ones tuned for throughput: does one have to tune for Weft? */
import { RECORD_BYTES, type Transfer } from './generators/generator.js';
import { produceWithJava } from './generators/java.js';
import { produceWithKafkajs } from './generators/kafkajs.js';
import { produceWithLibrdkafka } from './generators/librdkafka.js';
import { shortWindows } from './ack-loads.js';
import type { Load, Run, Variant } from './loads.js';

const TOPIC = 'producers';
/** Which make it. */
const TOPIC_RECORDS = 10_000;

/** Larger batches and a longer linger; requests and their number stay, and with them what is under way. */
const javaTuned = ['batch.size=262144', 'linger.ms=20', 'buffer.memory=134217728'];
const librdkafkaTuned = ['linger.ms=20', 'batch.size=1000000'];
/** Java's comes so, with five requests under way. */
const librdkafkaIdempotent = ['enable.idempotence=true'];

const variants: readonly Variant[] = [
  java('java stock', 'java tuned', []),
  java('java tuned', undefined, javaTuned),
  // More under way lifts the ceiling of a slow store: 5 requests of this size.
  java('java, requests of 4 MiB', 'java tuned', [...javaTuned, 'max.request.size=4194304']),
  librdkafka('librdkafka stock', 'librdkafka tuned', []),
  librdkafka('librdkafka stock, idempotent', 'librdkafka tuned', librdkafkaIdempotent),
  librdkafka('librdkafka tuned', undefined, librdkafkaTuned),
  // Not idempotent: kafkajs then has one request under way for each broker.
  kafkajs('kafkajs, 5 × 1,000 records', 'kafkajs, 20 × 4,000 records', 5, 1_000),
  kafkajs('kafkajs, 20 × 4,000 records', undefined, 20, 4_000),
];

function java(name: string, against: string | undefined, settings: readonly string[]): Variant {
  const round = ({ generators, system, roundBytes }: Run): Promise<Transfer> =>
    produceWithJava(generators.java, system.kafka, TOPIC, recordsOf(roundBytes), -1, settings);
  return { name, ...(against && { against }), round };
}

function librdkafka(name: string, against: string | undefined, settings: readonly string[]): Variant {
  const round = ({ generators, system, roundBytes }: Run): Promise<Transfer> =>
    produceWithLibrdkafka(generators.librdkafka, system.kafka, TOPIC, recordsOf(roundBytes), settings);
  return { name, ...(against && { against }), round };
}

function kafkajs(name: string, against: string | undefined, sends: number, recordsOfSend: number): Variant {
  const round = ({ system, roundBytes }: Run): Promise<Transfer> =>
    produceWithKafkajs(system.kafka, TOPIC, recordsOf(roundBytes), sends, recordsOfSend);
  return { name, ...(against && { against }), round };
}

function recordsOf(roundBytes: number): number {
  return Math.round(roundBytes / RECORD_BYTES);
}

/** At a few requests a second a round of the usual size would take minutes. Kafka tells how much of it is the producers' own. */
const stores = [
  { on: 'disk', share: 1 / 4, systems: ['kafka', 'weft-disk'] },
  { on: 'express', share: 1 / 4, systems: ['weft-express'] },
  { on: 'standard', share: 1 / 25, systems: ['weft-standard'] },
];

export const producerLoads: readonly Load[] = stores.map(({ on, share, systems }) => {
  const less = (run: Run): Run => ({ ...run, roundBytes: run.roundBytes * share });
  return {
    name: `producers-${on}`,
    what: 'one producer of each kind, flat out, as it comes and tuned',
    needs: ['java', 'librdkafka'],
    systems,
    rate: 'flat-out',
    restarted: false,
    // What five rounds of seven variants leave behind could fill the memory of the machine.
    anew: true,
    agentFlags: shortWindows,
    round: variants.map((variant) => ({ ...variant, round: (run, round) => variant.round(less(run), round) })),
    async warmUp(run) {
      // Kafka 4.3.1 lets batches of a Java producer expire that makes its topic.
      await produceWithLibrdkafka(run.generators.librdkafka, run.system.kafka, TOPIC, TOPIC_RECORDS);
      for (const { round } of variants) await round({ ...run, roundBytes: (run.roundBytes * share) / 2 }, 0);
    },
  };
});
