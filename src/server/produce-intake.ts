import type { Piece } from '../threads/chunks.js';

/** The ingest engine as the server sees it. */
export interface ProduceIntake {
  /** Takes a request, in the order of its connection. The engine answers every one exactly once, unless the connection ends. */
  produce(request: IncomingProduce): void;
  /** Its answers need not be made any more. */
  connectionClosed(connection: number): void;
}

export interface IncomingProduce {
  /** Unique among the connections of this process. */
  readonly connection: number;
  readonly correlationId: number;
  readonly apiVersion: number;
  /** Monotonic ms at which its last byte came. */
  readonly receivedMs: number;
  /** The body, after the header, in the chunks. */
  readonly pieces: readonly Piece[];
  /** To be called once: the pieces' bytes are no longer needed. */
  released(): void;
  /** To be called once: the response frame (undefined when none is due), and whether to close the connection after it. */
  answered(frame: Uint8Array | undefined, close: boolean): void;
}
