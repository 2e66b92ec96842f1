/**
 * OffsetDelete, v0.
 *
 * - GROUP_ID_NOT_FOUND (69); NON_EMPTY_GROUP (68) for a group with members that is not of protocol type "consumer"; of one
 *   that is, only topics that no member consumes: GROUP_SUBSCRIBED_TO_TOPIC (86) for the others.
 * - UNKNOWN_TOPIC_OR_PARTITION (3) for a partition that does not exist. An offset that was never committed is no error.
 */
import { apis } from '../../protocol/apis.js';
import { errors } from '../../protocol/errors.js';
import { handler, type Services } from '../handler.js';

export const offsetDelete = (services: Services) =>
  handler(apis.offsetDelete, async (request) => {
    const { view } = services.metadata;
    const known: { topicId: string; partitions: number[] }[] = [];
    const asked = request.topics.map(({ name, partitions }) => {
      const topic = view.topicByName(name);
      const exists = (partition: number) => topic?.partitions[partition] !== undefined;
      const wanted = [...new Set(partitions.map(({ partitionIndex }) => partitionIndex))];
      if (topic !== undefined) {
        known.push({ topicId: topic.topicId, partitions: wanted.filter(exists) });
      }
      return { name, partitions: wanted.map((partitionIndex) => ({ partitionIndex, exists: exists(partitionIndex) })) };
    });
    const { error, partitionErrors } = await services.groups.deleteOffsets(request.groupId, known);
    if (error !== errors.NONE.code) {
      return { errorCode: error, throttleTimeMs: 0, topics: [] };
    }
    let place = 0;
    return {
      errorCode: errors.NONE.code,
      throttleTimeMs: 0,
      topics: asked.map(({ name, partitions }) => ({
        name,
        partitions: partitions.map(({ partitionIndex, exists }) => ({
          partitionIndex,
          errorCode: exists ? partitionErrors[place++]! : errors.UNKNOWN_TOPIC_OR_PARTITION.code,
        })),
      })),
    };
  });
