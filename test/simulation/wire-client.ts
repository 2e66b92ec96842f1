import type { Api } from '../../src/protocol/codec.js';
import { decodeResponse, encodeRequestFrame } from '../../src/protocol/frames.js';
import type { ClientSocket, SimulatedNet } from './simulated-net.js';

/** The connection broke before the answer came: whatever was asked may have happened. */
export class Disconnected extends Error {
  override readonly name = 'Disconnected';
}

interface Asked {
  readonly api: Api;
  readonly version: number;
  readonly resolve: (response: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** A response and the bytes it was decoded from, for its records. */
export interface Answer<A extends Api> {
  readonly response: ReturnType<A['response']['decode']>;
  readonly frame: Uint8Array;
}

/** One connection of a model client: many requests in flight, answers in their order or the run fails. */
export class WireClient {
  readonly #socket: ClientSocket;
  readonly #clientId: string;
  readonly #asked: (Asked & { readonly correlationId: number })[] = [];
  #buffer = new Uint8Array(0);
  #nextCorrelationId = 1;
  closed = false;

  private constructor(socket: ClientSocket, clientId: string) {
    this.#socket = socket;
    this.#clientId = clientId;
    socket.onData((bytes) => this.#received(bytes));
    socket.onClose(() => this.#fail());
  }

  static async connect(
    net: SimulatedNet,
    host: string,
    port: number,
    clientId: string,
  ): Promise<WireClient | undefined> {
    const socket = await net.connect(host, port);
    return socket === undefined ? undefined : new WireClient(socket, clientId);
  }

  /** Rejects with `Disconnected` when the connection is or gets lost. */
  call<A extends Api>(api: A, version: number, request: Parameters<A['request']['encode']>[1]): Promise<Answer<A>> {
    if (this.closed) return Promise.reject(new Disconnected());
    const correlationId = this.#nextCorrelationId;
    this.#nextCorrelationId += 1;
    const frame = encodeRequestFrame(api, version, correlationId, this.#clientId, request);
    return new Promise<Answer<A>>((resolve, reject) => {
      this.#asked.push({ api, version, correlationId, resolve: resolve as (response: unknown) => void, reject });
      this.#socket.send(Buffer.concat(frame.slices));
    });
  }

  close(): void {
    this.#socket.close();
    this.#fail();
  }

  #received(bytes: Uint8Array): void {
    this.#buffer = Buffer.concat([this.#buffer, bytes]);
    for (;;) {
      if (this.#buffer.length < 4) return;
      const length = new DataView(this.#buffer.buffer, this.#buffer.byteOffset).getInt32(0);
      if (this.#buffer.length < 4 + length) return;
      const frame = this.#buffer.slice(4, 4 + length);
      this.#buffer = this.#buffer.slice(4 + length);
      const asked = this.#asked.shift();
      if (asked === undefined) throw new Error('an answer that nobody asked for');
      const { correlationId, response } = decodeResponse(asked.api, asked.version, frame);
      if (correlationId !== asked.correlationId) {
        throw new Error(`answers out of order: ${correlationId} where ${asked.correlationId} was due`);
      }
      asked.resolve({ response, frame });
    }
  }

  #fail(): void {
    if (this.closed) return;
    this.closed = true;
    for (const asked of this.#asked.splice(0)) asked.reject(new Disconnected());
  }
}
