/**
 * OffsetForLeaderEpoch, v2 to v4. The leader epoch of every partition is 0 for ever, so epoch 0 ends at the high watermark
 * and any other is unknown (-1, -1). Behind a fresh read: an end that lags would look like a truncated log.
 */
import { apis } from '../../protocol/apis.js';
import { errors } from '../../protocol/errors.js';
import { readFresh } from '../fresh.js';
import { handler, type Services } from '../handler.js';

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
          const isOurs = leaderEpoch === 0;
          return {
            errorCode: errors.NONE.code,
            partition,
            leaderEpoch: isOurs ? 0 : -1,
            endOffset: isOurs ? found.highWatermark : -1,
          };
        }),
      })),
    };
  });
