/**
 * A running 64-bit digest of everything the state machine does: two replicas that applied the same journal have the
 * same digest, and a write that differs anywhere changes it. It guards against our own bugs, not against an adversary
 * (the journal's SHA-256 chain does that), so it is cheap: two 32-bit multiply-and-rotate lanes (after MurmurHash3).
 */
export class Digest {
  #low: number;
  #high: number;

  constructor(low = 0x243f6a88, high = 0x85a308d3) {
    this.#low = low | 0;
    this.#high = high | 0;
  }

  /** Mixes in an integer of at most 53 bits, or any number by its integer part. */
  number(value: number): void {
    this.#mix(value | 0, Math.floor(value / 0x1_0000_0000) | 0);
  }

  text(value: string): void {
    this.#mix(value.length, 0x7465);
    for (let at = 0; at < value.length; at += 2) {
      this.#mix(value.charCodeAt(at), at + 1 < value.length ? value.charCodeAt(at + 1) : -1);
    }
  }

  bytes(value: Uint8Array): void {
    this.#mix(value.length, 0x6279);
    let at = 0;
    for (; at + 8 <= value.length; at += 8) {
      this.#mix(word(value, at), word(value, at + 4));
    }
    for (; at < value.length; at++) {
      this.#mix(value[at]!, -1);
    }
  }

  /** 16 hexadecimal digits. */
  get value(): string {
    return hex(this.#high) + hex(this.#low);
  }

  /** The same as 8 bytes, big endian. */
  get bytesValue(): Uint8Array {
    const bytes = new Uint8Array(8);
    const view = new DataView(bytes.buffer);
    view.setInt32(0, this.#high);
    view.setInt32(4, this.#low);
    return bytes;
  }

  /** Goes on from what `bytesValue` gave. */
  static of(bytes: Uint8Array): Digest {
    const view = new DataView(bytes.buffer, bytes.byteOffset, 8);
    return new Digest(view.getInt32(4), view.getInt32(0));
  }

  #mix(low: number, high: number): void {
    let a = Math.imul(this.#low ^ low, 0x85ebca6b);
    a = (a << 13) | (a >>> 19);
    let b = Math.imul(this.#high ^ high ^ a, 0xc2b2ae35);
    b = (b << 17) | (b >>> 15);
    this.#low = (Math.imul(a, 5) + b + 0xe6546b64) | 0;
    this.#high = (Math.imul(b, 5) + 0x38495ab5) | 0;
  }
}

/** The digest of a whole state: of its snapshot's bytes. */
export function digestOf(bytes: Uint8Array): string {
  const digest = new Digest();
  digest.bytes(bytes);
  return digest.value;
}

function word(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
}

function hex(lane: number): string {
  return (lane >>> 0).toString(16).padStart(8, '0');
}
