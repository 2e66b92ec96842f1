import { BatchHeader } from './header.js';
import { storedBatchFault } from './stored.js';

/** Stored bytes are not the batches that were put there. */
export class BatchDamaged extends Error {
  override readonly name = 'BatchDamaged';
}

/** Goes over the batches that lie one behind the other in bytes, such as an extent's, and checks each before it is shown. */
export class BatchCursor {
  /** Of the batch that `next` came to. One object, moved along: nothing is allocated for a batch. */
  readonly header: BatchHeader;
  readonly #bytes: Uint8Array;
  #end = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.header = new BatchHeader(bytes);
  }

  /** Moves to the next batch; false behind the last one. Throws BatchDamaged. */
  next(): boolean {
    if (this.#end === this.#bytes.length) return false;
    const fault = storedBatchFault(this.#bytes, this.#end, this.#bytes.length);
    if (fault !== undefined) throw new BatchDamaged(`at ${this.#end}: ${fault}`);
    this.header.position = this.#end;
    this.#end += this.header.bytes;
    return true;
  }
}
