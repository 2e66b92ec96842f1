/** Reads of what was just produced and still lies in the server's memory, which for Kafka is the page cache. */
import { discard } from './generators/discard.js';
import { RECORD_BYTES, type Transfer } from './generators/generator.js';
import { consumeWithLibrdkafka, produceWithLibrdkafka } from './generators/librdkafka.js';
import type { Load, Run } from './loads.js';
import { storeRequests } from './metrics.js';
import { say } from './run.js';
import { readSystems } from './systems/catalog.js';

/** A round is read by so many groups, one after the other. */
const GROUPS = 4;
/** Read before the first round, since both servers' code gets warm by it. */
const WARM_UP_BYTES = 3_000_000_000;
/** What one lane keeps in memory of `--memory 3GiB` holds a quarter of the usual round; the default would hold 40 MB. */
const agentFlags = ['--memory', '3GiB'];

/** Records of a batch, and so the bytes of one. */
const batchSizes = [
  { name: '2', records: 2, what: 'two-record batches' },
  { name: '16k', records: 15, what: 'batches of 16 KiB' },
];

export const hotLoads: readonly Load[] = [
  ...batchSizes.flatMap(({ name, records, what }): Load[] => [
    hot(name, records, what),
    {
      name: `discard-${name}`,
      what: `${what} from memory into a reader that discards`,
      needs: ['librdkafka'],
      systems: readSystems,
      rate: 'flat-out',
      restarted: false,
      agentFlags,
      async warmUp(run) {
        await produce(run, 'hot', records);
        await discard(run.system.kafka, topicOf('hot'), run.quick ? run.roundBytes : WARM_UP_BYTES);
      },
      round: (run) => withoutStoreReads(run, () => discard(run.system.kafka, topicOf('hot'), 4 * run.roundBytes)),
    },
  ]),
  { ...hot('tls', 15, 'batches of 16 KiB, in plaintext and by TLS,'), systems: ['weft-disk', 'weft-disk-tls'] },
];

function hot(name: string, records: number, what: string): Load {
  return {
    name: `hot-${name}`,
    what: `one librdkafka group after the other reads ${what} from memory`,
    needs: ['librdkafka'],
    systems: readSystems,
    rate: 'flat-out',
    restarted: false,
    agentFlags,
    async warmUp(run) {
      await produce(run, 'warm', records);
      // Groups go on where they were, so each pass has its own.
      for (let pass = 1, left = run.quick ? 1 : WARM_UP_BYTES; left > 0; pass += 1, left -= run.roundBytes) {
        await withoutStoreReads(run, () => readByGroups(run, 'warm', `warm-${pass}`));
      }
    },
    prepare: (run, round) => produce(run, `${round}`, records),
    round: (run, round) => withoutStoreReads(run, () => readByGroups(run, `${round}`)),
  };
}

function topicOf(round: string): string {
  return `hot-${round}`;
}

function recordsOf({ roundBytes }: Run): number {
  return Math.round(roundBytes / GROUPS / RECORD_BYTES);
}

async function produce(run: Run, round: string, recordsOfBatch: number): Promise<void> {
  const settings = [`batch.num.messages=${recordsOfBatch}`];
  const { generators, system } = run;
  await produceWithLibrdkafka(generators.librdkafka, system.kafka, topicOf(round), recordsOf(run), settings);
}

async function readByGroups(run: Run, round: string, groups = round): Promise<Transfer> {
  const { generators, system } = run;
  let bytes = 0;
  let seconds = 0;
  for (let group = 1; group <= GROUPS; group += 1) {
    const name = `${topicOf(groups)}-${group}`;
    const read = await consumeWithLibrdkafka(generators.librdkafka, system.kafka, topicOf(round), name, recordsOf(run));
    bytes += read.bytes;
    seconds += read.seconds;
  }
  return { bytes, seconds };
}

/** Says aloud how many GETs a round made. Records from the object store would not be hot: then there is no figure. */
async function withoutStoreReads(run: Run, round: () => Promise<Transfer>): Promise<Transfer> {
  const { http } = run.system;
  if (http === undefined) return round();
  const before = await storeRequests(http);
  const transfer = await round();
  const after = await storeRequests(http);
  const recordBytes = after.recordBytes - before.recordBytes;
  if (recordBytes > 0) throw new Error(`${recordBytes} bytes came from the object store, not from memory`);
  say(`0 GETs of segments; ${after.gets - before.gets} of the journal, for the groups`);
  return transfer;
}
