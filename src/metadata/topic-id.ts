import { UUID_BYTES, uuidFromBytes, uuidToBytes, ZERO_UUID } from '../bytes/uuid.js';

/** A topic id as text; undefined when it is not 16 bytes, or all zero (Kafka: no id). */
export function topicIdText(bytes: Uint8Array): string | undefined {
  if (bytes.length !== UUID_BYTES) {
    return undefined;
  }
  const text = uuidFromBytes(bytes);
  return text === ZERO_UUID ? undefined : text;
}

/** The 16 bytes of a text that `topicIdText` made. */
export function topicIdBytes(text: string): Uint8Array {
  const bytes = new Uint8Array(UUID_BYTES);
  uuidToBytes(text, bytes);
  return bytes;
}
