/** Up to so many characters a loop takes less than two calls that leave JavaScript; most strings of the protocol are as short. */
export const SHORT_TEXT_MAX = 16;

/** Bytes of `text` in UTF-8; an unpaired surrogate takes the three of U+FFFD, which is written for it. */
export function utf8Bytes(text: string): number {
  const { length } = text;
  if (length > SHORT_TEXT_MAX) return Buffer.byteLength(text);
  for (let index = 0; index < length; index++) {
    if (text.charCodeAt(index) > 0x7f) return Buffer.byteLength(text);
  }
  return length;
}
