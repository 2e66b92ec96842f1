/**
 * What the first bytes of a connection are on a TLS listener: not yet a whole ClientHello, a whole one, or no TLS. Only its
 * frame is looked at (RFC 8446 §4 and §5.1, the same in TLS 1.2); what it says is OpenSSL's to judge.
 */
export type FirstBytes = 'partial' | 'whole' | 'foreign';

const RECORD_HEADER_BYTES = 5;
const MESSAGE_HEADER_BYTES = 4;
/** RFC 8446 §5.1. */
const RECORD_BYTES_MAX = 2 ** 14;
/** A ClientHello with a session ticket that holds a chain of certificates has some KiB. */
export const HELLO_BYTES_MAX = 32 * 1024;

const HANDSHAKE = 22;
const CLIENT_HELLO = 1;

export function judgeFirstBytes(bytes: Uint8Array): FirstBytes {
  /** Bytes of the message in the records before `position`. */
  let gathered = 0;
  let needed: number | undefined;
  for (let position = 0; ; ) {
    const left = bytes.length - position;
    if (left > 0 && bytes[position] !== HANDSHAKE) return 'foreign';
    if (left > 1 && bytes[position + 1] !== 3) return 'foreign';
    if (left < RECORD_HEADER_BYTES) return 'partial';
    const length = (bytes[position + 3]! << 8) | bytes[position + 4]!;
    const body = position + RECORD_HEADER_BYTES;
    if (needed === undefined) {
      // No client spreads the header of its first message over two records.
      if (length < MESSAGE_HEADER_BYTES) return 'foreign';
      if (bytes.length > body && bytes[body] !== CLIENT_HELLO) return 'foreign';
      if (bytes.length < body + MESSAGE_HEADER_BYTES) return 'partial';
      needed = MESSAGE_HEADER_BYTES + ((bytes[body + 1]! << 16) | (bytes[body + 2]! << 8) | bytes[body + 3]!);
    }
    if (length === 0 || length > RECORD_BYTES_MAX || needed > HELLO_BYTES_MAX) return 'foreign';
    gathered += length;
    position = body + length;
    if (position > bytes.length) return 'partial';
    if (gathered >= needed) return 'whole';
  }
}
