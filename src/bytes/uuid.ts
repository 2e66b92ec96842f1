/**
 * UUIDs as Kafka prints them: 16 bytes as 22 characters of base64url without padding. As strings they are Map keys.
 */

export const UUID_BYTES = 16;

/** Sixteen zero bytes: "no id" on the wire. */
export const ZERO_UUID = 'AAAAAAAAAAAAAAAAAAAAAA';

/** Sixteen bytes of `bytes` from `position` as text. The caller has checked that they are there. */
export function uuidFromBytes(bytes: Uint8Array, position = 0): string {
  if (!(position >= 0 && position + UUID_BYTES <= bytes.length)) {
    throw new RangeError(`a uuid at ${position} does not fit in ${bytes.length} bytes`);
  }
  if (!isLast(bytes, position)) {
    lastText = Buffer.from(bytes.buffer, bytes.byteOffset + position, UUID_BYTES).toString('base64url');
    for (let at = 0; at < UUID_BYTES; at += 1) lastBytes[at] = bytes[position + at]!;
  }
  return lastText;
}

/** What was turned into text or bytes last: one topic's id comes many times in a row. */
const lastBytes = new Uint8Array(UUID_BYTES);
let lastText = ZERO_UUID;

function isLast(bytes: Uint8Array, position: number): boolean {
  for (let at = 0; at < UUID_BYTES; at += 1) if (bytes[position + at] !== lastBytes[at]) return false;
  return true;
}

/** Writes the sixteen bytes of `uuid` at `position`. Throws RangeError when `uuid` is not a uuid in canonical text. */
export function uuidToBytes(uuid: string, bytes: Uint8Array, position = 0): void {
  if (uuid !== lastText && !isUuid(uuid)) {
    throw new RangeError(`not a uuid: ${JSON.stringify(uuid)}`);
  }
  if (!(position >= 0 && position + UUID_BYTES <= bytes.length)) {
    throw new RangeError(`a uuid at ${position} does not fit in ${bytes.length} bytes`);
  }
  if (uuid !== lastText) {
    Buffer.from(lastBytes.buffer).write(uuid, 'base64url');
    lastText = uuid;
  }
  bytes.set(lastBytes, position);
}

/** Whether `text` is the one canonical text of sixteen bytes: the last character carries only two bits. */
export function isUuid(text: string): boolean {
  return CANONICAL.test(text);
}

const CANONICAL = /^[A-Za-z0-9_-]{21}[AQgw]$/;
