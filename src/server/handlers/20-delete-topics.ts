/**
 * DeleteTopics, v1 to v6. By name or, in v6, by id; both at once, neither, or a topic named twice: INVALID_REQUEST (42).
 * Unknown name 3, unknown id 100. Answered when the deletion is in the metadata; REQUEST_TIMED_OUT (7) after the client's
 * timeout, though it may still happen; NOT_CONTROLLER (41) while this agent cannot reach the metadata leader.
 */
import type { TopicView } from '../../metadata/view.js';
import { ZERO_UUID } from '../../bytes/uuid.js';
import { apis } from '../../protocol/apis.js';
import { errors } from '../../protocol/errors.js';
import { administer } from '../administration.js';
import { handler, type Services } from '../handler.js';
import { topicIdBytes } from '../topic-creation.js';

export const deleteTopics = (services: Services) =>
  handler(apis.deleteTopics, async (request, call) => {
    const wanted =
      call.version >= 6 ? request.topics : request.topicNames.map((name) => ({ name, topicId: ZERO_UUID }));
    const seen = new Set<string>();
    const { view } = services.metadata;
    const responses = await Promise.all(
      wanted.map(async ({ name, topicId }) => {
        const byId = topicId !== ZERO_UUID;
        if (byId === (name !== null) || seen.has(byId ? topicId : name!)) {
          return {
            name,
            topicId,
            errorCode: errors.INVALID_REQUEST.code,
            errorMessage: 'a topic is named once, by name or id',
          };
        }
        seen.add(byId ? topicId : name!);
        const topic = byId ? view.topicById(topicId) : view.topicByName(name!);
        if (topic === undefined) {
          const error = byId ? errors.UNKNOWN_TOPIC_ID : errors.UNKNOWN_TOPIC_OR_PARTITION;
          return { name, topicId, errorCode: error.code, errorMessage: null };
        }
        const { error, message } = await deleteTopic(services, topic, request.timeoutMs);
        return { name: topic.name, topicId: topic.topicId, errorCode: error, errorMessage: message };
      }),
    );
    return { throttleTimeMs: 0, responses };
  });

async function deleteTopic(services: Services, topic: TopicView, timeoutMs: number) {
  const { outcome, error, message } = await administer(
    services,
    timeoutMs,
    services.metadata.submit({ kind: { $case: 'deleteTopic', value: { topicId: topicIdBytes(topic.topicId) } } }),
  );
  return { error: outcome === undefined ? error : errors.NONE.code, message };
}
