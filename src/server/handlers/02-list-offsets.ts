/**
 * ListOffsets, v1 to v11.
 *
 * - Behind a fresh read whenever the answer depends on what was produced last: latest, greatest timestamp, by timestamp.
 * - Special timestamps: -1 latest; -2 earliest; -3 greatest timestamp (v7+); -4 earliest local = earliest (v8+); -5 latest
 *   tiered (v9+) and -6 earliest pending upload (v11+): -1, nothing is tiered. Others, or from a version too low:
 *   UNSUPPORTED_VERSION (35) for the partition.
 * - By timestamp: the first record whose timestamp is not below, exact to the record; -1 when there is none.
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

export const listOffsets = (services: Services) =>
  handler(apis.listOffsets, async (request, call) => {
    const asked = request.topics.flatMap((topic) => topic.partitions.map((partition) => ({ topic, partition })));
    const needsFresh = asked.some(
      ({ partition: { timestamp } }) => timestamp !== EARLIEST && timestamp >= MAX_TIMESTAMP,
    );
    const isFresh = !needsFresh || (await readFresh(services));
    const answers = new Map<(typeof asked)[number]['partition'], Found>();
    const queue = asked.values();
    const work = async (): Promise<void> => {
      for (const { topic, partition } of queue) {
        const found = isFresh
          ? await find(services, call.version, topic.name, partition.partitionIndex, partition.timestamp)
          : nothing(errors.NOT_LEADER_OR_FOLLOWER.code);
        answers.set(partition, found);
      }
    };
    await Promise.all(Array.from({ length: LOOKUPS_MAX }, work));
    return {
      throttleTimeMs: 0,
      topics: request.topics.map((topic) => ({
        name: topic.name,
        partitions: topic.partitions.map((partition) => ({
          partitionIndex: partition.partitionIndex,
          ...answers.get(partition)!,
        })),
      })),
    };
  });

async function find(
  services: Services,
  version: number,
  name: string,
  index: number,
  timestamp: number,
): Promise<Found> {
  const topic = services.metadata.view.topicByName(name);
  const partition = topic?.partitions[index];
  if (topic === undefined || partition === undefined) {
    return nothing(errors.UNKNOWN_TOPIC_OR_PARTITION.code);
  }
  if (timestamp < 0 && version < (sinceVersion.get(timestamp) ?? Number.POSITIVE_INFINITY)) {
    return nothing(errors.UNSUPPORTED_VERSION.code);
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
      services.log.warn({ err: failure, topic: name, partition: index }, 'cannot look up a timestamp');
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
