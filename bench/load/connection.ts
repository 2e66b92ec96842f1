import { readFileSync } from 'node:fs';
import { createConnection, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Api } from '../../src/protocol/codec.js';
import { decodeResponse, encodeRequestFrame } from '../../src/protocol/frames.js';

export interface Security {
  readonly tls: boolean;
  /** A PEM file; the system's authorities when undefined. */
  readonly caFile: string | undefined;
}

/** Takes an answer: its correlation id lies at `start`. The bytes are the receiver's only during the call. */
export type OnAnswer = (bytes: Buffer, start: number, end: number) => void;

/**
 * All plain connections read into this one: Node hands over what it read before it reads from another socket, and
 * whatever is not a whole frame is copied away in the same call.
 */
const landing = Buffer.alloc(512 * 1024);
export const CLIENT_ID = 'weft-load';

/** A connection to one node: requests in order, answers in order, as little work for each as can be. */
export class Connection {
  readonly address: string;
  readonly #socket: Socket;
  #answers: OnAnswer[] = [];
  /** The first that still waits; the list is cut when it has grown. */
  #answered = 0;
  /** A frame that came in part, with its length; undefined between frames. */
  #partial: Buffer | undefined;
  #partialBytes = 0;
  #lead = Buffer.alloc(4);
  #leadBytes = 0;
  #correlationId = 0;
  #closed = false;
  /** Called once, with what was left unanswered, when the connection ends and nobody here ended it. */
  onLost: (reason: string) => void = () => {};

  /** Rejects when the address does not answer. */
  static open(address: string, security: Security): Promise<Connection> {
    const [, host = '', port = ''] = /^\[?(.*?)\]?:(\d+)$/.exec(address) ?? [];
    return new Promise((resolve, reject) => {
      let connection: Connection | undefined;
      const receive = (count: number, bytes: Uint8Array): boolean => {
        connection!.#receive(bytes as Buffer, count);
        return true;
      };
      const where = { host, port: Number(port) };
      const ca = security.caFile === undefined ? {} : { ca: readFileSync(security.caFile) };
      const name = isIP(host) === 0 ? { servername: host } : {};
      const socket: Socket = security.tls
        ? connectTls({ ...where, ...name, ...ca }, () => resolve(connection!))
        : createConnection({ ...where, onread: { buffer: landing, callback: receive } }, () => resolve(connection!));
      connection = new Connection(address, socket);
      socket.setNoDelay(true);
      if (security.tls) socket.on('data', (bytes: Buffer) => receive(bytes.length, bytes));
      let failure = 'closed by the server';
      socket.on('error', (error) => {
        failure = error.message;
        reject(error);
      });
      socket.on('close', () => connection!.#lost(failure));
    });
  }

  private constructor(address: string, socket: Socket) {
    this.address = address;
    this.#socket = socket;
  }

  /** Requests sent and not answered. */
  get waiting(): number {
    return this.#answers.length - this.#answered;
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  nextCorrelationId(): number {
    this.#correlationId = (this.#correlationId + 1) & 0x7fff_ffff;
    return this.#correlationId;
  }

  /**
   * Sends a whole frame, which must not change before its answer, or `written` for a request that gets none.
   */
  send(frame: Uint8Array, answer: OnAnswer | undefined, written?: () => void): void {
    if (answer !== undefined) this.#answers.push(answer);
    this.#socket.write(frame, written);
  }

  /** One request and its answer, by the project's codec: for all but the hot requests. Rejects when the connection ends. */
  call<A extends Api>(
    api: A,
    version: number,
    request: Parameters<A['request']['encode']>[1],
  ): Promise<ReturnType<A['response']['decode']>> {
    return new Promise((resolve, reject) => {
      if (this.#closed) {
        reject(new Error(`${api.name}: the connection is closed`));
        return;
      }
      const lost = (): void => reject(new Error(`${api.name}: the connection was closed`));
      this.#socket.once('close', lost);
      const { slices } = encodeRequestFrame(api, version, this.nextCorrelationId(), CLIENT_ID, request);
      this.send(Buffer.concat(slices), (bytes, start, end) => {
        this.#socket.off('close', lost);
        try {
          // A copy, since what is decoded may point into the bytes.
          resolve(decodeResponse(api, version, Buffer.from(bytes.subarray(start, end))).response);
        } catch (error) {
          reject(error);
        }
      });
    });
  }

  close(): void {
    this.#closed = true;
    this.#socket.destroy();
  }

  #lost(reason: string): void {
    if (this.#closed) return;
    this.#closed = true;
    this.onLost(reason);
  }

  #receive(bytes: Buffer, count: number): void {
    let position = 0;
    while (position < count && !this.#closed) {
      if (this.#partial !== undefined) {
        position = this.#fillPartial(this.#partial, bytes, position, count);
        continue;
      }
      if (this.#leadBytes === 0 && count - position >= 4) {
        const length = bytes.readInt32BE(position);
        const start = position + 4;
        if (count - start >= length) {
          this.#answer(bytes, start, start + length);
          position = start + length;
        } else {
          this.#partial = Buffer.allocUnsafe(length);
          position = start;
        }
        continue;
      }
      this.#lead[this.#leadBytes] = bytes[position]!;
      this.#leadBytes += 1;
      position += 1;
      if (this.#leadBytes === 4) {
        this.#leadBytes = 0;
        this.#partial = Buffer.allocUnsafe(this.#lead.readInt32BE());
      }
    }
  }

  #fillPartial(partial: Buffer, bytes: Buffer, position: number, count: number): number {
    const taken = Math.min(partial.length - this.#partialBytes, count - position);
    bytes.copy(partial, this.#partialBytes, position, position + taken);
    this.#partialBytes += taken;
    if (this.#partialBytes === partial.length) {
      this.#partial = undefined;
      this.#partialBytes = 0;
      this.#answer(partial, 0, partial.length);
    }
    return position + taken;
  }

  #answer(bytes: Buffer, start: number, end: number): void {
    const answer = this.#answers[this.#answered];
    if (answer === undefined) throw new Error(`${this.address} answered what nobody asked`);
    this.#answered += 1;
    if (this.#answered === this.#answers.length || this.#answered > 64) {
      this.#answers = this.#answers.slice(this.#answered);
      this.#answered = 0;
    }
    answer(bytes, start, end);
  }
}
