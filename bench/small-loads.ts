/** Records of 100 B: what costs here is how many there are. MB/s × 10,000 are records/s. */
import { sideBySide, type Transfer } from './generators/generator.js';
import { produceWithLibrdkafka } from './generators/librdkafka.js';
import { produceWithLoad } from './generators/load.js';
import type { Load, Run } from './loads.js';
import { idempotentSystems, usualSystems } from './systems/catalog.js';

const RECORD_BYTES = 100;
const ROUND_SECONDS = 10;
const QUICK_SECONDS = 3;
/** At a tenth of a gigabyte a second or so. */
const WARM_UP_SECONDS = 20;

/** A request at a time, of at most a few batches: a thousand connections with Kafka's limits would have gigabytes under way. */
const connections = [
  ...['--topic', 'small', '--producers', '1000', '--size', `${RECORD_BYTES}`, '--linger', '5'],
  ...['--in-flight', '1', '--batch-bytes', '4096', '--request-bytes', '16384'],
];

/** Processes of librdkafka's tool, each with a connection to produce by. */
const LIBRDKAFKA_PRODUCERS = 8;
/** As many records as 4 KiB hold. */
const LIBRDKAFKA_BATCH = ['batch.num.messages=40'];
/** A round is this part of the usual bytes. */
const LIBRDKAFKA_SHARE = 1 / 8;
const LIBRDKAFKA_WARM_UP_ROUNDS = 3;

function byConnections({ system, quick }: Run, seconds: number, seed: number): Promise<Transfer> {
  return produceWithLoad(system, quick ? QUICK_SECONDS : seconds, seed, connections);
}

function byLibrdkafka({ system, generators, roundBytes }: Run): Promise<Transfer> {
  const records = Math.round((roundBytes * LIBRDKAFKA_SHARE) / LIBRDKAFKA_PRODUCERS / RECORD_BYTES);
  return sideBySide(LIBRDKAFKA_PRODUCERS, () =>
    produceWithLibrdkafka(generators.librdkafka, system.kafka, 'small', records, LIBRDKAFKA_BATCH, RECORD_BYTES),
  );
}

export const smallLoads: readonly Load[] = [
  {
    name: 'small-records',
    what: 'values of 100 B from 1,000 connections of the load generator, flat out, so that batches of 4 KiB are full before a linger of 5 ms counts, each with one request of at most 16 KiB under way: MB/s × 10,000 are records/s',
    needs: [],
    systems: idempotentSystems,
    rate: 'flat-out',
    restarted: false,
    anew: true,
    warmUp: async (run) => void (await byConnections(run, WARM_UP_SECONDS, 0)),
    round: (run, round) => byConnections(run, ROUND_SECONDS, round),
  },
  {
    name: 'small-records-librdkafka',
    what: 'values of 100 B from 8 librdkafka producers, linger 5 ms, flat out, in batches of at most 4 KiB: MB/s × 10,000 are records/s',
    needs: ['librdkafka'],
    systems: usualSystems,
    rate: 'flat-out',
    restarted: false,
    anew: true,
    async warmUp(run) {
      for (let i = run.quick ? 1 : LIBRDKAFKA_WARM_UP_ROUNDS; i > 0; i -= 1) await byLibrdkafka(run);
    },
    round: byLibrdkafka,
  },
];
