/** Zigzag varints of records (Protocol Buffers encoding): read from and appended to bytes. */
export class VarintReader {
  readonly bytes: Uint8Array;
  position: number;

  constructor(bytes: Uint8Array, position = 0) {
    this.bytes = bytes;
    this.position = position;
  }

  /** Up to 64 bits, rounded beyond 2^53. Only for bytes that a walk has accepted. */
  next(): number {
    let raw = 0;
    let scale = 1;
    for (;;) {
      const byte = this.bytes[this.position]!;
      this.position += 1;
      raw += (byte & 0x7f) * scale;
      if (byte < 0x80) break;
      scale *= 128;
    }
    // Odd raw values are negative: -(raw + 1) / 2.
    return raw % 2 === 0 ? raw / 2 : -(raw + 1) / 2;
  }

  /** Length-prefixed bytes, not copied; null for -1. */
  nextBytes(): Uint8Array | null {
    const length = this.next();
    if (length < 0) return null;
    const start = this.position;
    this.position += length;
    return this.bytes.subarray(start, this.position);
  }
}

export function pushVarint(out: number[], value: number): void {
  let raw = value < 0 ? -value * 2 - 1 : value * 2;
  while (raw >= 128) {
    out.push((raw % 128) | 0x80);
    raw = Math.floor(raw / 128);
  }
  out.push(raw);
}
