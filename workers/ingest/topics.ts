import { UUID_BYTES, uuidToBytes } from '../../src/bytes/uuid.js';
import type { IngestTopic } from '../../src/ingest/messages.js';

/** A topic, its id also as the 16 bytes that footers and commands hold. */
export interface LaneTopic extends IngestTopic {
  readonly topicIdBytes: Uint8Array;
}

/** A lane's read-only view of topics, fed by revision. */
export class TopicsView {
  /** Topic changes up to here are in the view. */
  revision = 0;
  readonly #byId = new Map<string, LaneTopic>();
  readonly #byName = new Map<string, LaneTopic>();

  byId(topicId: string): LaneTopic | undefined {
    return this.#byId.get(topicId);
  }

  byName(name: string): LaneTopic | undefined {
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
    for (const ingestTopic of changed) {
      const topicIdBytes = new Uint8Array(UUID_BYTES);
      uuidToBytes(ingestTopic.topicId, topicIdBytes);
      const topic = { ...ingestTopic, topicIdBytes };
      this.#byId.set(topic.topicId, topic);
      this.#byName.set(topic.name, topic);
    }
    this.revision = revision;
  }
}
