import type { MetadataView, TopicView } from '../metadata/view.js';
import { errors } from '../protocol/errors.js';

/** A topic as a request names it, or the error for not knowing it: by id from the version on that has ids. */
export function topicOf(
  view: MetadataView,
  byId: boolean,
  name: string | null,
  topicId: string,
): { readonly topic: TopicView; readonly error: 0 } | { readonly topic: undefined; readonly error: number } {
  const topic = byId ? view.topicById(topicId) : view.topicByName(name ?? '');
  if (topic !== undefined) {
    return { topic, error: 0 };
  }
  const { UNKNOWN_TOPIC_ID, UNKNOWN_TOPIC_OR_PARTITION } = errors;
  return { topic: undefined, error: (byId ? UNKNOWN_TOPIC_ID : UNKNOWN_TOPIC_OR_PARTITION).code };
}
