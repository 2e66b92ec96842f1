import { createConnection, type Socket } from 'node:net';
import { apis } from '../../src/protocol/apis.js';
import type { Api } from '../../src/protocol/codec.js';
import { decodeResponse, encodeRequestFrame } from '../../src/protocol/frames.js';
import { BatchHeader } from '../../src/records/header.js';
import { recordsOf } from '../../src/records/read.js';

/** A bare Kafka connection to a real agent: sends any bytes, and requests of any version. */
export class WireClient {
  readonly socket: Socket;
  /** Resolves when the connection is closed, by either side and however. */
  readonly closed: Promise<void>;
  isClosed = false;
  receivedBytes = 0;
  #received: Buffer[] = [];
  #wake: () => void = () => {};
  #correlationId = 0;

  static connect(address: string): Promise<WireClient> {
    const [host, port] = address.split(':');
    const socket = createConnection({ host: host!, port: Number(port), noDelay: true });
    return new Promise((resolve, reject) => {
      const client = new WireClient(socket);
      socket.once('connect', () => resolve(client));
      socket.once('error', reject);
    });
  }

  private constructor(socket: Socket) {
    this.socket = socket;
    // A reset is one of the ways to be closed.
    socket.on('error', () => {});
    socket.on('data', (bytes: Buffer) => {
      this.receivedBytes += bytes.length;
      this.#received.push(bytes);
      this.#wake();
    });
    this.closed = new Promise((resolve) => {
      socket.once('close', () => {
        this.isClosed = true;
        this.#wake();
        resolve();
      });
    });
  }

  /** Resolves when the kernel has the bytes, or the connection is closed. */
  async raw(bytes: Uint8Array): Promise<void> {
    await Promise.race([new Promise<void>((sent) => this.socket.write(bytes, () => sent())), this.closed]);
  }

  /** Writes a request; returns its correlation id. */
  send<A extends Api>(api: A, version: number, request: Parameters<A['request']['encode']>[1]): number {
    this.#correlationId += 1;
    const { slices } = encodeRequestFrame(api, version, this.#correlationId, 'wire', request);
    this.socket.write(Buffer.concat(slices));
    return this.#correlationId;
  }

  /** The next answer, which must be the one to that request. Rejects when the connection is closed instead. */
  async receive<A extends Api>(
    api: A,
    version: number,
    correlationId: number,
  ): Promise<ReturnType<A['response']['decode']>> {
    const frame = await this.frame();
    if (frame === undefined) throw new Error(`${api.name}: the connection was closed`);
    const answer = decodeResponse(api, version, frame);
    if (answer.correlationId !== correlationId) {
      throw new Error(`answer ${answer.correlationId} where ${correlationId} was due`);
    }
    return answer.response;
  }

  async call<A extends Api>(
    api: A,
    version: number,
    request: Parameters<A['request']['encode']>[1],
  ): Promise<ReturnType<A['response']['decode']>> {
    return this.receive(api, version, this.send(api, version, request));
  }

  /** The next frame without its length; undefined when the connection is closed before it is whole. */
  async frame(): Promise<Buffer | undefined> {
    for (;;) {
      const count = this.#received.reduce((sum, part) => sum + part.length, 0);
      if (count >= 4) {
        if (this.#received[0]!.length < 4) this.#received = [Buffer.concat(this.#received)];
        const length = this.#received[0]!.readInt32BE();
        if (count >= 4 + length) {
          const all = Buffer.concat(this.#received);
          this.#received = [all.subarray(4 + length)];
          return all.subarray(4, 4 + length);
        }
      }
      if (this.isClosed) return undefined;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Ends with a reset, as a process that is killed with unread bytes. */
  reset(): void {
    this.socket.resetAndDestroy();
  }
}

/** A frame around a body: its length first. */
export function framed(...parts: readonly (Uint8Array | readonly number[])[]): Uint8Array {
  const body = Buffer.concat(parts.map((part) => Uint8Array.from(part)));
  const length = Buffer.alloc(4);
  length.writeInt32BE(body.length);
  return Buffer.concat([length, body]);
}

/** A request header v1 with client id "c" and correlation id 7. */
export const header = (key: number, version: number): readonly number[] => [0, key, 0, version, 0, 0, 0, 7, 0, 1, 0x63];

/** Partition data of Produce v9. */
export function produceRequest(topic: string, partition: number, records: Uint8Array) {
  const data = { index: partition, records: { slices: [records], bytes: records.length } };
  return { acks: -1, timeoutMs: 30_000, topicData: [{ name: topic, partitionData: [data] }] };
}

/** Produces one batch; the error code and base offset of its answer. */
export async function produce(
  client: WireClient,
  topic: string,
  partition: number,
  records: Uint8Array,
  timeoutMs = 30_000,
): Promise<{ readonly errorCode: number; readonly baseOffset: number }> {
  const { responses } = await client.call(apis.produce, 9, {
    ...produceRequest(topic, partition, records),
    timeoutMs,
  });
  return responses[0]!.partitionResponses[0]!;
}

/** One Fetch v11 of one partition. */
export async function fetchBytes(
  client: WireClient,
  topic: string,
  partition: number,
  offset: number,
  bytesMax = 1 << 20,
) {
  const correlationId = client.send(apis.fetch, 11, fetchRequest(topic, partition, offset, bytesMax));
  const frame = await client.frame();
  if (frame === undefined) throw new Error('Fetch: the connection was closed');
  const answer = decodeResponse(apis.fetch, 11, frame);
  if (answer.correlationId !== correlationId) throw new Error('Fetch: not the answer that was due');
  const { errorCode, highWatermark, records } = answer.response.responses[0]!.partitions[0]!;
  return {
    errorCode,
    highWatermark,
    records: records === null ? Buffer.alloc(0) : frame.subarray(records.position, records.position + records.length),
  };
}

function fetchRequest(topic: string, partition: number, offset: number, bytesMax: number) {
  const partitions = [{ partition, fetchOffset: offset, partitionMaxBytes: bytesMax }];
  return { maxWaitMs: 0, minBytes: 0, maxBytes: bytesMax, topics: [{ topic, partitions }] };
}

/** All values of a partition from `from` to its end, each at its offset: offsets must be dense. */
export async function readValues(client: WireClient, topic: string, partition: number, from = 0): Promise<string[]> {
  const values: string[] = [];
  for (;;) {
    const offset = from + values.length;
    const { errorCode, highWatermark, records } = await fetchBytes(client, topic, partition, offset);
    if (errorCode !== 0) throw new Error(`fetch of ${topic}-${partition} at ${offset}: error ${errorCode}`);
    for (let position = 0; position < records.length; position += new BatchHeader(records, position).bytes) {
      for (const record of recordsOf(records, position)) {
        if (record.offset < offset) continue;
        if (record.offset !== from + values.length) throw new Error(`offset ${record.offset} after ${values.length}`);
        values.push(Buffer.from(record.value ?? []).toString());
      }
    }
    if (from + values.length >= highWatermark) return values;
  }
}
