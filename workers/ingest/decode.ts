import { apis } from '../../src/protocol/apis.js';
import type { RequestOf } from '../../src/protocol/codec.js';
import { ProtocolError } from '../../src/protocol/protocol-error.js';

export type ProduceRequest = RequestOf<typeof apis.produce>;

/** The body of a Produce request, its records as positions in `bytes`; undefined when the bytes are no such request. */
export function decodeProduce(apiVersion: number, bytes: Uint8Array): ProduceRequest | undefined {
  try {
    return apis.produce.request.decodeLeading(apiVersion, bytes);
  } catch (error) {
    if (error instanceof ProtocolError) {
      return undefined;
    }
    throw error;
  }
}
