/**
 * The words of a ring that both threads touch. Each word has one writer (head: consumer, tail: producer; sleeping: both,
 * by exchange) and a cache line of its own.
 */

/** Bytes before the records. */
export const RING_HEADER_BYTES = 192;

const HEAD = 0;
const TAIL = 16;
const SLEEPING = 32;

/** Bytes consumed since the start, modulo 2^32. */
export function loadHead(words: Int32Array): number {
  return Atomics.load(words, HEAD) >>> 0;
}

export function storeHead(words: Int32Array, head: number): void {
  Atomics.store(words, HEAD, head | 0);
}

/** Bytes produced since the start, modulo 2^32. */
export function loadTail(words: Int32Array): number {
  return Atomics.load(words, TAIL) >>> 0;
}

/** Publishes everything written below `tail`: sequentially consistent, so the records are seen before the word. */
export function storeTail(words: Int32Array, tail: number): void {
  Atomics.store(words, TAIL, tail | 0);
}

const AWAKE = 0;
const ASLEEP = 1;
const NAPPING = 2;

/** The consumer stops to look: until it is woken, or, when it naps, until it looks again by itself in a moment. */
export function setSleeping(words: Int32Array, naps: boolean): void {
  Atomics.store(words, SLEEPING, naps ? NAPPING : ASLEEP);
}

/** True for at most one caller per `setSleeping`: one that sleeps must be woken, one that naps only when it is `urgent`. */
export function takeSleeping(words: Int32Array, urgent: boolean): boolean {
  const state = Atomics.load(words, SLEEPING);
  if (state === AWAKE || (state === NAPPING && !urgent)) {
    return false;
  }
  return Atomics.exchange(words, SLEEPING, AWAKE) !== AWAKE;
}
