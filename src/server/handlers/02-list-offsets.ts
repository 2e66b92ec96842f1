/**
 * ListOffsets, v1 to v11.
 *
 * - Behind a fresh read whenever the answer depends on what was produced last: latest, greatest timestamp, by timestamp.
 * - Special timestamps: -1 latest; -2 earliest; -3 greatest timestamp (v7+); -4 earliest local = earliest (v8+); -5 latest
 *   tiered (v9+) and -6 earliest pending upload (v11+): -1, nothing is tiered. Others, or from a version too low:
 *   UNSUPPORTED_VERSION (35) for the partition, whether or not it exists. A partition that is named twice: INVALID_REQUEST (42).
 *   A topic without partitions is not answered.
 * - By timestamp: the first record, from the log start on, whose timestamp is not below, exact to the record; -1 when there is
 *   none. The greatest timestamp, too, is that of the records from the log start on; Kafka tells that of a deleted one while
 *   its segment file is still there.
 * - Both isolation levels see the same end: nothing is transactional yet.
 */
import { BlockUnavailable } from '../../cache/blocks.js';
import type { TimestampedOffset } from '../../fetch/engine-contract.js';
import { apis } from '../../protocol/apis.js';
import { errors } from '../../protocol/errors.js';
import { readFresh } from '../fresh.js';
import { handler, type Services } from '../handler.js';

const LATEST = -1;
const EARLIEST = -2;
const MAX_TIMESTAMP = -3;
const EARLIEST_LOCAL = -4;
const LATEST_TIERED = -5;
const EARLIEST_PENDING_UPLOAD = -6;

/** The first version that knows each. */
const sinceVersion = new Map([
  [LATEST, 1],
  [EARLIEST, 1],
  [MAX_TIMESTAMP, 7],
  [EARLIEST_LOCAL, 8],
  [LATEST_TIERED, 9],
  [EARLIEST_PENDING_UPLOAD, 11],
]);

/** Lookups in records that one request runs at once. */
const LOOKUPS_MAX = 8;

interface Found {
  readonly errorCode: number;
  readonly timestamp: number;
  readonly offset: number;
  readonly leaderEpoch: number;
}

interface Wanted {
  readonly name: string;
  readonly partition: number;
  readonly timestamp: number;
  isDuplicate: boolean;
}

export const listOffsets = (services: Services) =>
  handler(apis.listOffsets, async (request, call) => {
    const topics = wantedOf(request.topics);
    const rows = [...topics.values()].flatMap((partitions) => [...partitions.values()]);
    const needsFresh = rows.some(({ timestamp }) => timestamp !== EARLIEST && timestamp >= MAX_TIMESTAMP);
    const isFresh = !needsFresh || (await readFresh(services));
    const answers = new Map<Wanted, Found>();
    const queue = rows.values();
    const work = async (): Promise<void> => {
      for (const row of queue) {
        // It may be thousands of lookups in the store, and whoever gave up asks for them again.
        if (call.signal.aborted) return;
        answers.set(
          row,
          isFresh ? await find(services, call.version, row) : nothing(errors.NOT_LEADER_OR_FOLLOWER.code),
        );
      }
    };
    await Promise.all(Array.from({ length: LOOKUPS_MAX }, work));
    if (call.signal.aborted) return undefined;
    return {
      throttleTimeMs: 0,
      topics: Array.from(topics, ([name, partitions]) => ({
        name,
        partitions: Array.from(partitions.values(), (row) => ({
          partitionIndex: row.partition,
          ...answers.get(row)!,
        })),
      })),
    };
  });

/** By topic and partition, each once; topics without partitions are left out. */
function wantedOf(
  topics: readonly {
    readonly name: string;
    readonly partitions: readonly { readonly partitionIndex: number; readonly timestamp: number }[];
  }[],
): Map<string, Map<number, Wanted>> {
  const wanted = new Map<string, Map<number, Wanted>>();
  for (const { name, partitions } of topics) {
    if (partitions.length === 0) continue;
    const rows = wanted.get(name) ?? new Map<number, Wanted>();
    wanted.set(name, rows);
    for (const { partitionIndex: partition, timestamp } of partitions) {
      const former = rows.get(partition);
      if (former === undefined) rows.set(partition, { name, partition, timestamp, isDuplicate: false });
      else former.isDuplicate = true;
    }
  }
  return wanted;
}

async function find(services: Services, version: number, wanted: Wanted): Promise<Found> {
  const { name, partition: index, timestamp } = wanted;
  if (wanted.isDuplicate) {
    return nothing(errors.INVALID_REQUEST.code);
  }
  if (timestamp < 0 && version < (sinceVersion.get(timestamp) ?? Number.POSITIVE_INFINITY)) {
    return nothing(errors.UNSUPPORTED_VERSION.code);
  }
  const topic = services.metadata.view.topicByName(name);
  const partition = topic?.partitions[index];
  if (topic === undefined || partition === undefined) {
    return nothing(errors.UNKNOWN_TOPIC_OR_PARTITION.code);
  }
  switch (timestamp) {
    case LATEST:
      return at({ offset: partition.highWatermark, timestampMs: -1 });
    case EARLIEST:
    case EARLIEST_LOCAL:
      return at({ offset: partition.logStartOffset, timestampMs: -1 });
    case LATEST_TIERED:
    case EARLIEST_PENDING_UPLOAD:
      return at(undefined);
    default:
  }
  try {
    return at(
      timestamp === MAX_TIMESTAMP
        ? await services.fetch.offsetOfMaxTimestamp(topic.topicId, index)
        : await services.fetch.offsetForTimestamp(topic.topicId, index, timestamp),
    );
  } catch (failure) {
    if (failure instanceof BlockUnavailable) {
      services.log.warn('lookup', { err: failure, topic: name, partition: index }, 'cannot look up a timestamp');
      return nothing(errors.KAFKA_STORAGE_ERROR.code);
    }
    throw failure;
  }
}

function at(found: TimestampedOffset | undefined): Found {
  return found === undefined
    ? nothing(errors.NONE.code)
    : { errorCode: errors.NONE.code, timestamp: found.timestampMs, offset: found.offset, leaderEpoch: 0 };
}

function nothing(errorCode: number): Found {
  return { errorCode, timestamp: -1, offset: -1, leaderEpoch: -1 };
}
