import { uuidFromBytes, uuidToBytes, ZERO_UUID } from '../bytes/uuid.js';
import type { Outcome } from '../metadata/outcomes.js';
import type { Services } from './handler.js';

/** Kafka's rule: 1 to 249 of [a-zA-Z0-9._-], neither "." nor "..". */
export function isTopicName(name: string): boolean {
  return /^[a-zA-Z0-9._-]{1,249}$/.test(name) && name !== '.' && name !== '..';
}

/** Rejects with MetadataUnavailable and JournalUnavailable. The caller has checked everything that the metadata does not: configs above all. */
export function createTopic(
  { metadata, world }: Services,
  name: string,
  partitions: number,
  configs: readonly { readonly name: string; readonly value: string }[],
): Promise<Outcome> {
  return metadata.submit({
    kind: {
      $case: 'createTopic',
      value: { name, topicId: newTopicId(world.random.bytes(16)), partitions, configs: [...configs] },
    },
  });
}

/** Kafka's Uuid.randomUuid: version 4 (RFC 9562), neither zero nor one that begins with a dash in text. */
function newTopicId(bytes: Uint8Array): Uint8Array {
  const id = bytes.slice();
  id[6] = (id[6]! & 0x0f) | 0x40;
  id[8] = (id[8]! & 0x3f) | 0x80;
  if (uuidFromBytes(id).startsWith('-')) {
    id[0] = id[0]! & 0x7f;
  }
  return id;
}

export function topicIdBytes(topicId: string): Uint8Array {
  const bytes = new Uint8Array(16);
  uuidToBytes(topicId, bytes);
  return bytes;
}

export function isNoTopicId(topicId: string): boolean {
  return topicId === ZERO_UUID;
}
