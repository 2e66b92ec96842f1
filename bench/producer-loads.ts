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
/** Its batches are as large as a message may be anyway. */
const librdkafkaTuned = ['linger.ms=20'];
/** Java's comes so, with five requests under way. */
const IDEMPOTENT = 'enable.idempotence=true';

const variants: readonly Variant[] = [
  java('java stock', []),
  java('java tuned', javaTuned),
  // More under way lifts the ceiling of a slow store: 5 requests of this size.
  java('java, requests of 4 MiB', [...javaTuned, 'max.request.size=4194304']),
  librdkafka('librdkafka stock', []),
  librdkafka('librdkafka stock, idempotent', [IDEMPOTENT]),
  librdkafka('librdkafka tuned', librdkafkaTuned),
  librdkafka('librdkafka tuned, idempotent', [...librdkafkaTuned, IDEMPOTENT]),
  // Not idempotent: kafkajs then has one request under way for each broker.
  kafkajs('kafkajs, 5 × 1,000 records', 5, 1_000),
  kafkajs('kafkajs, 20 × 4,000 records', 20, 4_000),
];

function java(name: string, settings: readonly string[]): Variant {
  const round = ({ generators, system, roundBytes }: Run): Promise<Transfer> =>
    produceWithJava(generators.java, system.kafka, TOPIC, recordsOf(roundBytes), -1, settings);
  return { name, against: ['java tuned', 'java, requests of 4 MiB'], round };
}

/** Idempotent it has five requests under way, else any number: each is held against its own kind. */
function librdkafka(name: string, settings: readonly string[]): Variant {
  const round = ({ generators, system, roundBytes }: Run): Promise<Transfer> =>
    produceWithLibrdkafka(generators.librdkafka, system.kafka, TOPIC, recordsOf(roundBytes), settings);
  const isIdempotent = settings.includes(IDEMPOTENT);
  return { name, against: [isIdempotent ? 'librdkafka tuned, idempotent' : 'librdkafka tuned'], round };
}

function kafkajs(name: string, sends: number, recordsOfSend: number): Variant {
  const round = ({ system, roundBytes }: Run): Promise<Transfer> =>
    produceWithKafkajs(system.kafka, TOPIC, recordsOf(roundBytes), sends, recordsOfSend);
  return { name, against: ['kafkajs, 20 × 4,000 records'], round };
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
