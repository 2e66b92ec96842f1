import type { BrokerLayers } from '../cluster/broker-layers.js';
import type { ConfigLayers } from '../config/config-layers.js';
import { topicRules } from '../config/topic-configs.js';
import type { MetadataView, TopicView } from '../metadata/view.js';
import type { IngestTopic } from './messages.js';

interface Known {
  readonly configs: ReadonlyMap<string, string>;
  readonly layers: ConfigLayers;
  readonly topic: IngestTopic;
}

/** What the lanes know of topics, kept beside the replica so that only differences are sent. */
export class TopicsFeed {
  readonly #view: MetadataView;
  readonly #configs: BrokerLayers;
  #known = new Map<string, Known>();
  /** The replica's revision at the last look. */
  revision = 0;

  constructor(view: MetadataView, configs: BrokerLayers) {
    this.#view = view;
    this.#configs = configs;
    this.look();
  }

  /** All topics, for a new lane. */
  all(): IngestTopic[] {
    return Array.from(this.#known.values(), ({ topic }) => topic);
  }

  /** What has changed in the replica since the last look. */
  look(): { readonly changed: readonly IngestTopic[]; readonly removed: readonly string[] } {
    const layers = this.#configs.now;
    const known = new Map<string, Known>();
    const changed: IngestTopic[] = [];
    for (const view of this.#view.topics()) {
      const before = this.#known.get(view.topicId);
      const same =
        before?.configs === view.configs &&
        before.layers === layers &&
        before.topic.partitions === view.partitions.length;
      const now = same ? before : { configs: view.configs, layers, topic: ingestTopic(view, layers) };
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
}

function ingestTopic({ topicId, name, partitions, configs }: TopicView, layers: ConfigLayers): IngestTopic {
  return { topicId, name, partitions: partitions.length, ...topicRules(configs, layers) };
}
