import type { IngestTopic } from '../../src/ingest/messages.js';

/** A lane's read-only view of topics, fed by revision. */
export class TopicsView {
  /** Topic changes up to here are in the view. */
  revision = 0;
  readonly #byId = new Map<string, IngestTopic>();
  readonly #byName = new Map<string, IngestTopic>();

  byId(topicId: string): IngestTopic | undefined {
    return this.#byId.get(topicId);
  }

  byName(name: string): IngestTopic | undefined {
    return this.#byName.get(name);
  }

  /** A topic deleted and made again under its name comes as one removal and one change. */
  update(revision: number, changed: readonly IngestTopic[], removed: readonly string[]): void {
    for (const topicId of removed) {
      const topic = this.#byId.get(topicId);
      this.#byId.delete(topicId);
      if (topic !== undefined && this.#byName.get(topic.name) === topic) {
        this.#byName.delete(topic.name);
      }
    }
    for (const topic of changed) {
      this.#byId.set(topic.topicId, topic);
      this.#byName.set(topic.name, topic);
    }
    this.revision = revision;
  }
}
