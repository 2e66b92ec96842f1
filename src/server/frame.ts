import type { Reservation } from '../threads/budget.js';
import type { Piece } from '../threads/chunks.js';

/** A whole request. Whoever takes it releases the reservation, and the pieces, when it needs the bytes no more. */
export type Frame =
  | { readonly kind: 'heap'; readonly bytes: Uint8Array; readonly reservation: Reservation }
  | {
      readonly kind: 'pieces';
      /** Api key and version: the first bytes, not in the pieces. */
      readonly key: Uint8Array;
      readonly pieces: readonly Piece[];
      readonly reservation: Reservation;
    };

export interface FrameReaderEvents {
  frame(frame: Frame): void;
  /** Nothing more can be read: the connection is to be closed. */
  refused(reason: 'malformed' | 'limit' | 'stalled', detail: string): void;
  /** Whether the socket should be read. */
  pause(): void;
  resume(): void;
  /** A frame must wait: for its share of the byte budget, or for room in the arena. */
  waits(forWhat: 'frames' | 'chunks'): void;
  /** Payload bytes that were copied once more than a stream's. */
  landed(count: number): void;
}

export interface FrameLimits {
  /** Produce requests. */
  readonly frameBytesMax: number;
  /** Every other request: the main thread decodes those. */
  readonly controlFrameBytesMax: number;
}
