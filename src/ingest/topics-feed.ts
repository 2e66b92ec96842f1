import { type TopicDefaults, topicRules } from '../config/topic-configs.js';
import type { MetadataView, TopicView } from '../metadata/view.js';
import type { IngestTopic } from './messages.js';

interface Known {
  readonly configs: ReadonlyMap<string, string>;
  readonly topic: IngestTopic;
}

/** What the lanes know of topics, kept beside the replica so that only differences are sent. */
export class TopicsFeed {
  readonly #view: MetadataView;
  readonly #defaults: TopicDefaults;
  #known = new Map<string, Known>();
  /** The replica's revision at the last look. */
  revision = 0;

  constructor(view: MetadataView, defaults: TopicDefaults) {
    this.#view = view;
    this.#defaults = defaults;
    this.look();
  }

  /** All topics, for a new lane. */
  all(): IngestTopic[] {
    return Array.from(this.#known.values(), ({ topic }) => topic);
  }

  /** What has changed in the replica since the last look. */
  look(): { readonly changed: readonly IngestTopic[]; readonly removed: readonly string[] } {
    const known = new Map<string, Known>();
    const changed: IngestTopic[] = [];
    for (const view of this.#view.topics()) {
      const before = this.#known.get(view.topicId);
      const same = before?.configs === view.configs && before.topic.partitions === view.partitions.length;
      const now = same ? before : { configs: view.configs, topic: this.#ingestTopic(view) };
      known.set(view.topicId, now);
      if (!same) {
        changed.push(now.topic);
      }
    }
    const removed = [...this.#known.keys()].filter((topicId) => !known.has(topicId));
    this.#known = known;
    this.revision = this.#view.revision;
    return { changed, removed };
  }

  #ingestTopic({ topicId, name, partitions, configs }: TopicView): IngestTopic {
    return { topicId, name, partitions: partitions.length, ...topicRules(configs, this.#defaults) };
  }
}
