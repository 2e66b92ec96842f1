/**
 * DeleteTopics, v1 to v6. By name or, in v6, by id. Unknown name 3, unknown id 100. An entry with both or neither is
 * INVALID_REQUEST (42); so is a topic named more than once, which is answered once and stays.
 * Answered when the deletion is in the metadata; REQUEST_TIMED_OUT (7) after the client's timeout, though it may still
 * happen; v5+ THROTTLING_QUOTA_EXCEEDED (89); NOT_CONTROLLER (41) while this agent cannot reach the metadata leader.
 */
import { ZERO_UUID } from '../../bytes/uuid.js';
import type { TopicView } from '../../metadata/view.js';
import { apis } from '../../protocol/apis.js';
import type { ResponseIn } from '../../protocol/codec.js';
import { errors, type KafkaError } from '../../protocol/errors.js';
import { administer } from '../administration.js';
import { handler, mayMutate, QUOTA_EXCEEDED, type Services } from '../handler.js';
import { topicIdBytes } from '../topic-creation.js';

const STRICT_QUOTA_SINCE = 5;

type Answer = ResponseIn<typeof apis.deleteTopics>['responses'][number];

interface Wanted {
  readonly name: string | null;
  readonly topicId: string;
}

export const deleteTopics = (services: Services) =>
  handler(apis.deleteTopics, async (request, call) => {
    const wanted: readonly Wanted[] =
      call.version >= 6 ? request.topics : request.topicNames.map((name) => ({ name, topicId: ZERO_UUID }));
    const { view } = services.metadata;
    const responses: (Answer | Promise<Answer>)[] = [];
    const named = new Map<string, { readonly by: Wanted; readonly topic: TopicView | undefined; times: number }>();
    for (const by of wanted) {
      const { name, topicId } = by;
      if ((name === null) === (topicId === ZERO_UUID)) {
        responses.push(refused(by, errors.INVALID_REQUEST, 'a topic is named by its name or by its id'));
        continue;
      }
      const topic = name === null ? view.topicById(topicId) : view.topicByName(name);
      const key = topic?.topicId ?? name ?? topicId;
      const known = named.get(key);
      if (known === undefined) named.set(key, { by, topic, times: 1 });
      else known.times += 1;
    }
    for (const { by, topic, times } of named.values()) {
      if (times > 1) responses.push(refused(by, errors.INVALID_REQUEST, 'the topic is named more than once'));
      else if (topic !== undefined) {
        const isLetIn = mayMutate(call, STRICT_QUOTA_SINCE, topic.partitions.length);
        responses.push(isLetIn ? deleted(services, topic, request.timeoutMs) : overQuota(topic));
      } else {
        const error = by.name === null ? errors.UNKNOWN_TOPIC_ID : errors.UNKNOWN_TOPIC_OR_PARTITION;
        responses.push(refused(by, error, 'there is no such topic'));
      }
    }
    return { throttleTimeMs: 0, responses: await Promise.all(responses) };
  });

function refused({ name, topicId }: Wanted, error: KafkaError, errorMessage: string): Answer {
  return { name, topicId, errorCode: error.code, errorMessage };
}

function overQuota({ name, topicId }: TopicView): Answer {
  return { name, topicId, errorCode: QUOTA_EXCEEDED.error, errorMessage: QUOTA_EXCEEDED.message };
}

async function deleted(services: Services, { name, topicId }: TopicView, timeoutMs: number): Promise<Answer> {
  const { outcome, error, message } = await administer(
    services,
    timeoutMs,
    services.metadata.submit({ kind: { $case: 'deleteTopic', value: { topicId: topicIdBytes(topicId) } } }),
  );
  return { name, topicId, errorCode: outcome === undefined ? error : errors.NONE.code, errorMessage: message };
}
