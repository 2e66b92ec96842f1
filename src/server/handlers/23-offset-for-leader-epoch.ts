/**
 * OffsetForLeaderEpoch, v2 to v4. The leader epoch of every partition is 0 for ever, so epoch 0 ends at the high watermark, a
 * later one and -1 are unknown (-1, -1), and one below -1 ends where the log begins, as one before the first does in Kafka.
 * Behind a fresh read: an end that lags would look like a truncated log.
 */
import type { PartitionView } from '../../metadata/view.js';
import { apis } from '../../protocol/apis.js';
import { errors } from '../../protocol/errors.js';
import { readFresh } from '../fresh.js';
import { handler, type Services } from '../handler.js';

const OURS = 0;
const NONE = -1;

export const offsetForLeaderEpoch = (services: Services) =>
  handler(apis.offsetForLeaderEpoch, async (request) => {
    const isFresh = await readFresh(services);
    return {
      throttleTimeMs: 0,
      topics: request.topics.map(({ topic, partitions }) => ({
        topic,
        partitions: partitions.map(({ partition, leaderEpoch }) => {
          const found = services.metadata.view.topicByName(topic)?.partitions[partition];
          if (found === undefined || !isFresh) {
            const error = isFresh ? errors.UNKNOWN_TOPIC_OR_PARTITION : errors.NOT_LEADER_OR_FOLLOWER;
            return { errorCode: error.code, partition };
          }
          return { errorCode: errors.NONE.code, partition, ...endOf(leaderEpoch, found) };
        }),
      })),
    };
  });

function endOf(leaderEpoch: number, { logStartOffset, highWatermark }: PartitionView) {
  if (leaderEpoch === OURS) {
    return { leaderEpoch, endOffset: highWatermark };
  }
  return leaderEpoch < NONE ? { leaderEpoch, endOffset: logStartOffset } : { leaderEpoch: NONE, endOffset: -1 };
}
