import { type IncomingProduce, IngestEngine } from '../../src/ingest/engine.js';
import { apis } from '../../src/protocol/apis.js';
import { decodeResponse } from '../../src/protocol/frames.js';

/** What a lane answers when a request was certainly not stored. */
const KAFKA_STORAGE_ERROR = 56;

interface Asked {
  readonly receivedMs: number;
  /** Of virtual time: when one of its partitions was answered that it is not stored; Infinity otherwise. */
  failedMs: number;
}

/**
 * Between the server and the lanes, in every agent of a run: nothing that a connection sent is stored when something that
 * it sent before was not and has to come again. Only a request that came after the failure may be: its client cannot have
 * known either. Returns how to end the watch.
 */
export function watchRequestOrder(nowMs: () => number, violation: (sentence: string) => void): () => void {
  const former = IngestEngine.prototype.produce;
  const engines = new WeakMap<IngestEngine, Map<number, Asked[]>>();
  IngestEngine.prototype.produce = function (this: IngestEngine, incoming: IncomingProduce) {
    const { connection, apiVersion, receivedMs } = incoming;
    const connections = engines.get(this) ?? new Map<number, Asked[]>();
    engines.set(this, connections);
    const asked = connections.get(connection) ?? [];
    connections.set(connection, asked);
    const mine: Asked = { receivedMs, failedMs: Number.POSITIVE_INFINITY };
    const earlier = [...asked];
    asked.push(mine);
    former.call(this, {
      ...incoming,
      answered: (frame, close, busyMs) => {
        const errors = frame === undefined ? [] : errorsOf(frame, apiVersion);
        if (errors.includes(KAFKA_STORAGE_ERROR)) mine.failedMs = nowMs();
        const overtakes =
          errors.includes(0) && earlier.some(({ failedMs }) => receivedMs < failedMs && failedMs < nowMs());
        if (overtakes) violation(`invariant 6: connection ${connection} had a request stored behind one that failed`);
        incoming.answered(frame, close, busyMs);
      },
    });
  };
  return () => {
    IngestEngine.prototype.produce = former;
  };
}

function errorsOf(frame: Uint8Array, version: number): number[] {
  const { response } = decodeResponse(apis.produce, version, frame, 4);
  return response.responses.flatMap(({ partitionResponses }) => partitionResponses.map(({ errorCode }) => errorCode));
}
