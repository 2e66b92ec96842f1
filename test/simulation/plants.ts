import { BlockCache } from '../../src/cache/block-cache.js';
import { BlockMemory } from '../../src/cache/block-memory.js';
import { BlockUnavailable } from '../../src/cache/blocks.js';
import { HotSegments } from '../../src/cache/hot-segments.js';
import { Client } from '../../src/cluster/client.js';
import { IngestEngine } from '../../src/ingest/engine.js';
import { LaneConnection } from '../../src/ingest/lane-connection.js';
import type { FromIngest, FromIngestTurn } from '../../src/ingest/messages.js';
import type { Journal } from '../../src/journal/journal.js';
import { Entry } from '../../src/metadata/journal.wire.js';
import { SIZE } from '../../src/metadata/limits.js';
import { Extents } from '../../src/metadata/extents.js';
import { Metadata } from '../../src/metadata/metadata.js';
import { Producers } from '../../src/metadata/producers.js';
import { Snapshot } from '../../src/metadata/snapshot.wire.js';
import { Topics } from '../../src/metadata/topics.js';
import { type Store, StoreError } from '../../src/objects/store.js';
import { errors } from '../../src/protocol/errors.js';
import { Unanswered } from '../../workers/ingest/unanswered.js';
import { type PlantedBug, replace } from './plant.js';
import { plantedInGroups } from './plants-in-groups.js';

/** Faults that the simulator must find. None of them lives in the product: each is put in at a seam, from outside. */
export const plantedBugs: readonly PlantedBug[] = [
  {
    name: 'ack-before-upload',
    what: 'a segment counts as stored when its upload begins',
    make: () => ({
      store: (store, thread) =>
        thread !== 'ingest'
          ? store
          : withPut(store, async (key, body, options) => {
              const copy = body.map((slice) => slice.slice());
              store.put(key, copy, options).catch(storeErrorsOnly);
              return { version: '' };
            }),
    }),
  },
  {
    name: 'ack-after-put-timeout',
    what: 'an upload whose outcome is unknown counts as done',
    make: () => ({
      store: (store, thread) =>
        thread !== 'ingest'
          ? store
          : withPut(store, async (key, body, options) => {
              try {
                return await store.put(key, body, options);
              } catch (error) {
                if (error instanceof StoreError && error.fault === 'unknown') return { version: '' };
                throw error;
              }
            }),
    }),
  },
  {
    name: 'ack-before-journal',
    what: 'an entry is streamed and answered before its slot is known full',
    make: () => ({
      journal: (journal) =>
        withAppend(journal, async (revision, bytes) => {
          journal.append(revision, bytes).catch(storeErrorsOnly);
          return 'appended';
        }),
    }),
  },
  {
    name: 'retry-with-other-bytes',
    what: 'a revision whose append failed is tried again with another token',
    make: () => {
      const tried = new Set<number>();
      return {
        journal: (journal) =>
          withAppend(journal, async (revision, bytes) => {
            if (!tried.has(revision)) {
              tried.add(revision);
              return journal.append(revision, bytes);
            }
            const entry = Entry.decode(bytes);
            return journal.append(revision, Entry.encode({ ...entry, token: new Uint8Array(16) }).finish());
          }),
      };
    },
  },
  {
    name: 'slot-reused-after-412',
    what: 'a slot that another entry owns counts as ours',
    make: () => ({
      journal: (journal) =>
        withAppend(journal, async (revision, bytes) => {
          await journal.append(revision, bytes);
          return 'appended';
        }),
    }),
  },
  {
    name: 'removed-before-boundary',
    what: 'slots are removed before the boundary that allows it is written',
    make: () => ({
      journal: (journal) => ({
        ...journal,
        async writeBoundary(boundary, version) {
          journal.writeBoundary(boundary, version).catch(storeErrorsOnly);
          return 'written';
        },
      }),
    }),
  },
  {
    name: 'stale-fresh-read',
    what: 'an agent answers a fresh read from its replica, without a look at the journal',
    make: () => ({ patch: () => replace(Client.prototype, 'fresh', () => async () => {}) }),
  },
  {
    name: 'no-dedup',
    what: 'a repeated batch of an idempotent producer is appended again',
    make: () => ({
      patch: () =>
        replace(
          Producers.prototype,
          'judge',
          (judge) =>
            function (this: Producers, ...batch) {
              return { ...judge.apply(this, batch), duplicateOf: -1 };
            },
        ),
    }),
  },
  {
    name: 'sequence-gap-accepted',
    what: 'a batch that skips sequences is appended',
    make: () => ({
      patch: () =>
        replace(
          Producers.prototype,
          'judge',
          (judge) =>
            function (this: Producers, ...batch) {
              const judgement = judge.apply(this, batch);
              const gap = judgement.error === errors.OUT_OF_ORDER_SEQUENCE_NUMBER.code;
              return gap ? { error: 0, duplicateOf: -1 } : judgement;
            },
        ),
    }),
  },
  {
    name: 'sequence-advanced-on-reject',
    what: 'a refused batch moves its producer forward all the same',
    make: () => ({
      patch: () =>
        replace(
          Producers.prototype,
          'judge',
          (judge) =>
            function (this: Producers, ...batch) {
              const judgement = judge.apply(this, batch);
              if (judgement.error !== 0) this.accept(...batch, 0, 0, 0);
              return judgement;
            },
        ),
    }),
  },
  {
    name: 'snapshot-without-producers',
    what: 'a snapshot forgets what idempotent producers did last',
    make: () => ({
      patch: () =>
        replace(
          Metadata.prototype,
          'snapshot',
          (snapshot) =>
            function (this: Metadata) {
              const whole = Snapshot.decode(snapshot.call(this));
              const rows = whole.producersByUse.length;
              for (const { partitions } of whole.topics)
                for (const partition of partitions) partition.producers = undefined;
              return Snapshot.encode({
                ...whole,
                bytes: whole.bytes - rows * SIZE.producer,
                producersByUse: [],
              }).finish();
            },
        ),
    }),
  },
  {
    name: 'log-start-past-the-end',
    what: 'deleting records takes the one behind the last to delete, too',
    make: () => ({
      patch: () =>
        replace(
          Topics.prototype,
          'raiseLogStart',
          (raise) =>
            function (this: Topics, partition, offset) {
              raise.call(this, partition, offset + 1);
            },
        ),
    }),
  },
  {
    name: 'extent-dropped-too-many',
    what: 'an extent goes although the log start only cuts it, or lies at its beginning',
    make: () => ({
      patch: () =>
        replace(
          Extents.prototype,
          'endOffset',
          () =>
            function (this: Extents, index) {
              return this.baseOffset(index);
            },
        ),
    }),
  },
  {
    name: 'snapshot-without-log-starts',
    what: 'a snapshot forgets where logs begin, so deleted records are there again',
    make: () => ({
      patch: () =>
        replace(
          Metadata.prototype,
          'snapshot',
          (snapshot) =>
            function (this: Metadata) {
              const whole = Snapshot.decode(snapshot.call(this));
              for (const { partitions } of whole.topics)
                for (const partition of partitions) partition.logStartOffset = 0;
              return Snapshot.encode({ ...whole, trimming: [] }).finish();
            },
        ),
    }),
  },
  {
    name: 'skip-number-dropped',
    what: 'the number of a failed segment is never spent, so those behind it wait for ever',
    make: () => ({
      port: (thread, port) =>
        thread !== 'ingest'
          ? port
          : {
              ...port,
              post(message, transfer) {
                const skips = (said: FromIngest) => said.type === 'publish' && said.segment === undefined;
                port.post(
                  (message as FromIngestTurn).filter((said) => !skips(said)),
                  transfer,
                );
              },
            },
    }),
  },
  {
    name: 'later-requests-overtake',
    what: 'what a connection sent after a request that failed is published all the same',
    make: () => ({
      patch: () =>
        replace(
          Unanswered.prototype,
          'fail',
          (fail) =>
            function (this: Unanswered, request, error) {
              const { connection } = request;
              const { failUntilTurn } = connection;
              const later = [...connection.unanswered].slice([...connection.unanswered].indexOf(request) + 1);
              for (const one of later) connection.unanswered.delete(one);
              connection.failUntilTurn = Number.POSITIVE_INFINITY;
              fail.call(this, request, error);
              connection.failUntilTurn = failUntilTurn;
              for (const one of later) connection.unanswered.add(one);
            },
        ),
    }),
  },
  {
    name: 'lane-changed-at-once',
    what: 'a connection changes lanes while it has requests unanswered',
    make: () => ({
      patch: () =>
        replace(
          LaneConnection.prototype,
          'moveTo',
          (moveTo) =>
            function (this: LaneConnection, place) {
              const unanswered = [...this.unanswered];
              this.unanswered.clear();
              moveTo.call(this, place);
              for (const request of unanswered) this.unanswered.add(request);
            },
        ),
    }),
  },
  ...plantedInGroups,
  {
    name: 'chunks-released-early',
    what: "a request's memory is given back before its batches were gathered",
    make: () => ({
      patch: () =>
        replace(
          IngestEngine.prototype,
          'produce',
          (produce) =>
            function (this: IngestEngine, incoming) {
              incoming.released();
              produce.call(this, { ...incoming, released: () => {} });
            },
        ),
    }),
  },
  {
    name: 'pins-ignored',
    what: "a sealed segment's memory is used again while a response still reads it",
    make: () => ({
      patch: () =>
        replace(
          HotSegments.prototype,
          'openLane',
          (openLane) =>
            function (this: HotSegments, lane) {
              openLane.call(this, lane, { tryPin: () => true, unpin: () => {} });
            },
        ),
    }),
  },
  {
    name: 'empty-fetch-for-error',
    what: 'an object that cannot be read turns into an empty fetch',
    make: () => ({
      patch: () =>
        replace(
          BlockCache.prototype,
          'readCold',
          (readCold) =>
            async function (this: BlockCache, ...wanted) {
              const readings = await readCold.call(this, ...wanted);
              return readings.map((reading) => (reading instanceof BlockUnavailable ? undefined : reading));
            },
        ),
    }),
  },
  {
    name: 'damaged-block-kept',
    what: 'a block that came damaged stays in the cache (a bug that we had)',
    // After a storm a new process would read it with an empty cache.
    mode: 'liveness',
    make: () => ({ patch: () => replace(BlockMemory.prototype, 'forget', () => () => {}) }),
  },
  {
    name: 'no-fsync-of-files',
    what: 'bytes are not fsynced',
    make: () => ({ ignoredSync: 'file' }),
  },
  {
    name: 'no-fsync-of-folders',
    what: 'names are not fsynced',
    make: () => ({ ignoredSync: 'folder' }),
  },
];

function withPut(store: Store, put: Store['put']): Store {
  return {
    name: store.name,
    get: (key, options) => store.get(key, options),
    put,
    delete: (key) => store.delete(key),
    list: (prefix) => store.list(prefix),
    close: () => store.close(),
  };
}

function withAppend(journal: Journal, append: Journal['append']): Journal {
  return { ...journal, append };
}

function storeErrorsOnly(error: unknown): void {
  if (!(error instanceof StoreError)) throw error;
}
