const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const ZERO = 'A'.repeat(22);

/** 16 bytes as 22 characters of base64url; undefined when they are not 16 or all zero (Kafka: no id). */
export function topicIdText(bytes: Uint8Array): string | undefined {
  if (bytes.length !== 16) {
    return undefined;
  }
  let text = '';
  for (let at = 0; at < 15; at += 3) {
    const three = (bytes[at]! << 16) | (bytes[at + 1]! << 8) | bytes[at + 2]!;
    text +=
      ALPHABET[three >> 18]! + ALPHABET[(three >> 12) & 63]! + ALPHABET[(three >> 6) & 63]! + ALPHABET[three & 63]!;
  }
  text += ALPHABET[bytes[15]! >> 2]! + ALPHABET[(bytes[15]! & 3) << 4]!;
  return text === ZERO ? undefined : text;
}

/** The 16 bytes of a text that `topicIdText` made. */
export function topicIdBytes(text: string): Uint8Array {
  const bytes = new Uint8Array(16);
  let held = 0;
  let bits = 0;
  let at = 0;
  for (const character of text) {
    held = ((held << 6) | ALPHABET.indexOf(character)) & 0xfff;
    bits += 6;
    if (bits >= 8 && at < 16) {
      bits -= 8;
      bytes[at++] = held >> bits;
    }
  }
  return bytes;
}
