// What src/world/world.ts promises of a connection, whatever it runs on: real sockets on loopback.
import type { Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import type { Connection, Listening, ReadSink } from '../../src/world/world.js';

/** A way of being connected. */
export interface Transport {
  listen(port: number, accept: (connection: Connection) => void): Promise<Listening>;
  /** Resolves once the client may send. It stays half open when the other end ends. */
  dial(port: number): Promise<Dialled>;
}

export interface Dialled {
  readonly client: Socket;
  /** Ends it by a reset. */
  reset(): void;
}

/** Records what lands, in memory of odd lengths, and holds the sink to its contract. */
export class Recorder implements ReadSink {
  readonly parts: Buffer[] = [];
  bytes = 0;
  asked = 0;
  onLanded: (count: number) => void = () => {};
  #current: Uint8Array | undefined;
  readonly #give: () => Uint8Array;

  constructor(give: () => Uint8Array = () => new Uint8Array(new SharedArrayBuffer(1 + (this.asked % 7) * 997))) {
    this.#give = give;
  }

  next(): Uint8Array {
    if (this.#current !== undefined) throw new Error('next came twice without landed');
    this.asked += 1;
    this.#current = this.#give();
    return this.#current;
  }

  landed(count: number): void {
    if (this.#current === undefined) throw new Error('landed came without next');
    this.parts.push(Buffer.from(this.#current.subarray(0, count)));
    this.#current = undefined;
    this.bytes += count;
    this.onLanded(count);
  }

  get all(): Buffer {
    return Buffer.concat(this.parts);
  }
}

/** Bytes that depend on their position, so that a swap or a loss shows. */
export function pattern(length: number, seed: number): Buffer {
  const bytes = Buffer.alloc(length);
  let state = seed;
  for (let index = 0; index < length; index += 1) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[index] = state >>> 24;
  }
  return bytes;
}

export function shared(bytes: Uint8Array): Uint8Array {
  const view = new Uint8Array(new SharedArrayBuffer(bytes.length));
  view.set(bytes);
  return view;
}

export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve));
}

/** Opens listeners and connections of one transport, and closes them after each test. */
export class Ends {
  readonly #transport: Transport;
  readonly #closing: (() => unknown)[] = [];

  constructor(transport: Transport) {
    this.#transport = transport;
    afterEach(async () => {
      for (const close of this.#closing.splice(0)) await close();
    });
  }

  async listen(accept: (connection: Connection) => void): Promise<Listening> {
    const listening = await this.#transport.listen(0, (connection) => {
      this.#closing.push(() => connection.destroy());
      accept(connection);
    });
    this.#closing.push(() => listening.close());
    return listening;
  }

  async dial(listening: Listening): Promise<Dialled> {
    const dialled = await this.#transport.dial(listening.address.port);
    dialled.client.on('error', () => {});
    this.#closing.push(() => dialled.client.destroy());
    return dialled;
  }

  /** One connection, both its ends. */
  async pair(sink: ReadSink): Promise<{ connection: Connection } & Dialled> {
    let connection: Connection | undefined;
    const listening = await this.listen((accepted) => {
      connection = accepted;
      accepted.readInto(sink);
    });
    const dialled = await this.dial(listening);
    await until(() => connection !== undefined);
    return { connection: connection!, ...dialled };
  }
}

export function connectionContract(name: string, transport: Transport): void {
  describe(name, () => {
    const ends = new Ends(transport);

    test('exact bytes arrive, however they were cut', async () => {
      const sink = new Recorder();
      const { client } = await ends.pair(sink);
      const bytes = pattern(300_000, 7);
      for (let position = 0, step = 1; position < bytes.length; position += step, step = (step * 5 + 3) % 8191) {
        client.write(bytes.subarray(position, position + step));
        if (step % 3 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
      await until(() => sink.bytes === bytes.length);
      expect(sink.all.equals(bytes)).toBe(true);
      expect(sink.asked).toBe(sink.parts.length + 1);
    });

    test('reads land in the memory given, from its start and nowhere else', async () => {
      const memory = new Uint8Array(new SharedArrayBuffer(4096));
      const sink = new Recorder(() => memory.subarray(1024, 1024 + 512));
      const { client } = await ends.pair(sink);
      client.write(Buffer.alloc(10_000, 0xaa));
      await until(() => sink.bytes === 10_000);
      expect(memory.subarray(0, 1024).every((byte) => byte === 0)).toBe(true);
      expect(memory.subarray(1536).every((byte) => byte === 0)).toBe(true);
      expect(memory[1024]).toBe(0xaa);
    });

    test('a pause stops reading and a resume loses nothing', async () => {
      const sink = new Recorder(() => new Uint8Array(new SharedArrayBuffer(65_536)));
      const { client, connection } = await ends.pair(sink);
      const bytes = pattern(8_000_000, 3);
      sink.onLanded = () => connection.pause();
      client.write(bytes);
      await until(() => sink.bytes > 0);
      const atPause = sink.bytes;
      for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve));
      expect(sink.bytes).toBe(atPause);
      expect(client.writableLength).toBeGreaterThan(0);
      let pauses = 1;
      sink.onLanded = () => {
        pauses += 1;
        connection.pause();
        setImmediate(() => connection.resume());
      };
      connection.resume();
      await until(() => sink.bytes === bytes.length);
      expect(pauses).toBeGreaterThan(10);
      expect(sink.all.equals(bytes)).toBe(true);
    });

    test('the peer ending lands what it sent, then closes', async () => {
      const sink = new Recorder();
      const { client, connection } = await ends.pair(sink);
      const closed = new Promise<void>((resolve) => connection.onClose(() => resolve()));
      client.end(pattern(50_000, 9));
      client.resume();
      await closed;
      expect(sink.all.equals(pattern(50_000, 9))).toBe(true);
    });

    test('end sends all that is queued', async () => {
      const { client, connection } = await ends.pair(new Recorder());
      const bytes = pattern(5_000_000, 5);
      const received: Buffer[] = [];
      client.on('data', (part: Buffer) => received.push(part));
      const ended = new Promise<void>((resolve) => client.once('end', () => resolve()));
      connection.write([shared(bytes.subarray(0, 10)), shared(bytes.subarray(10))]);
      connection.end();
      await ended;
      expect(Buffer.concat(received).equals(bytes)).toBe(true);
    });

    test('a reset closes, once, and no buffer is asked for or written afterwards', async () => {
      const memory = new Uint8Array(new SharedArrayBuffer(1000));
      const sink = new Recorder(() => memory);
      const { client, connection, reset } = await ends.pair(sink);
      let closes = 0;
      connection.onClose(() => {
        closes += 1;
      });
      client.write('x');
      await until(() => sink.bytes === 1);
      reset();
      await until(() => closes > 0);
      const asked = sink.asked;
      memory.fill(0x55);
      for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
      expect(closes).toBe(1);
      expect(sink.asked).toBe(asked);
      expect(memory.every((byte) => byte === 0x55)).toBe(true);
    });

    test('a connection destroyed while its bytes land gets no more of them', async () => {
      const memory = new Uint8Array(new SharedArrayBuffer(100));
      const sink = new Recorder(() => memory);
      const { client, connection } = await ends.pair(sink);
      sink.onLanded = () => connection.destroy();
      const closed = new Promise<void>((resolve) => connection.onClose(() => resolve()));
      client.write(Buffer.alloc(100_000, 1));
      await until(() => sink.bytes > 0);
      memory.fill(0x55);
      await closed;
      expect(sink.parts.length).toBe(1);
      expect(sink.asked).toBe(1);
      expect(memory.every((byte) => byte === 0x55)).toBe(true);
    });

    test('slices in shared memory are sent in order, and done comes when they may be reused', async () => {
      const { client, connection } = await ends.pair(new Recorder());
      const received: Buffer[] = [];
      let bytes = 0;
      client.on('data', (part: Buffer) => {
        received.push(part);
        bytes += part.length;
      });
      const expected: Buffer[] = [];
      let dones = 0;
      for (let turn = 0; turn < 50; turn += 1) {
        const slices = [0, 1, 2, 3].map((index) =>
          pattern(1 + ((turn * 7919 + index * 104_729) % 40_000), turn + index),
        );
        expected.push(...slices);
        const memory = slices.map(shared);
        connection.write(memory, () => {
          dones += 1;
          for (const slice of memory) slice.fill(0);
        });
      }
      const all = Buffer.concat(expected);
      await until(() => bytes === all.length && dones === 50);
      expect(Buffer.concat(received).equals(all)).toBe(true);
      expect(connection.queuedBytes).toBe(0);
    });

    test.each(['here', 'by the peer'])(
      'done comes exactly once per write when the connection dies %s',
      async (where) => {
        const { client, connection, reset } = await ends.pair(new Recorder());
        client.pause();
        const dones = new Array<number>(40).fill(0);
        const write = (index: number) =>
          connection.write([new Uint8Array(new SharedArrayBuffer(1_000_000)), new Uint8Array(1)], () => {
            dones[index]! += 1;
          });
        for (let index = 0; index < 20; index += 1) write(index);
        await until(() => dones[0] === 1);
        expect(connection.queuedBytes).toBeGreaterThan(0);
        const closed = new Promise<void>((resolve) => connection.onClose(() => resolve()));
        if (where === 'here') connection.destroy();
        else reset();
        for (let index = 20; index < 30; index += 1) write(index);
        await closed;
        for (let index = 30; index < 40; index += 1) write(index);
        await until(() => dones.every((count) => count > 0));
        for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
        expect(dones).toEqual(new Array(40).fill(1));
      },
    );

    test('queued bytes fall as a slow reader takes them, long before the write is done', async () => {
      const { client, connection } = await ends.pair(new Recorder());
      client.pause();
      const bytes = 60_000_000;
      let isDone = false;
      connection.write([new Uint8Array(new SharedArrayBuffer(bytes)), new Uint8Array(10)], () => {
        isDone = true;
      });
      await until(() => connection.queuedBytes < bytes);
      const before = connection.queuedBytes;
      let received = 0;
      client.on('data', (part: Buffer) => {
        received += part.length;
        if (received > 20_000_000) client.pause();
      });
      client.resume();
      await until(() => connection.queuedBytes < before - 5_000_000);
      expect(isDone).toBe(false);
      client.removeAllListeners('data');
      client.on('data', () => {});
      client.resume();
      await until(() => isDone);
      expect(connection.queuedBytes).toBe(0);
    });

    test('a write without bytes is done too, and one after end is not sent', async () => {
      const { client, connection } = await ends.pair(new Recorder());
      await new Promise<void>((resolve) => connection.write([], resolve));
      const bytes = pattern(5_000_000, 6);
      connection.write([bytes]);
      connection.end();
      await new Promise<void>((resolve) => connection.write([Buffer.from('late')], resolve));
      const received: Buffer[] = [];
      client.on('data', (part: Buffer) => received.push(part));
      await new Promise<void>((resolve) => client.once('end', () => resolve()));
      expect(Buffer.concat(received).equals(bytes)).toBe(true);
    });

    test('1,000 connections keep their bytes apart', async () => {
      const sinks: Recorder[] = [];
      let closes = 0;
      const listening = await ends.listen((connection) => {
        const sink = new Recorder(() => new Uint8Array(new SharedArrayBuffer(512)));
        sinks.push(sink);
        sink.onLanded = () => {
          if (sink.bytes === 2000) connection.write([shared(sink.all)]);
        };
        connection.onClose(() => {
          closes += 1;
        });
        connection.readInto(sink);
      });
      const clients: Socket[] = [];
      for (let index = 0; index < 1000; index += 1) clients.push((await ends.dial(listening)).client);
      const echoes = clients.map(
        (client) =>
          new Promise<Buffer>((resolve) => {
            const parts: Buffer[] = [];
            let bytes = 0;
            client.on('data', (part: Buffer) => {
              parts.push(part);
              bytes += part.length;
              if (bytes === 2000) resolve(Buffer.concat(parts));
            });
          }),
      );
      for (const half of [0, 1000]) {
        for (const [index, client] of clients.entries()) client.write(pattern(2000, index).subarray(half, half + 1000));
      }
      for (const [index, echo] of (await Promise.all(echoes)).entries()) {
        expect(echo.equals(pattern(2000, index))).toBe(true);
      }
      for (const client of clients) client.end();
      await until(() => closes === 1000);
    });

    test('closing the listener leaves open connections alone and frees the port', async () => {
      let connection: Connection | undefined;
      const sink = new Recorder();
      const listening = await ends.listen((accepted) => {
        connection = accepted;
        accepted.readInto(sink);
      });
      const { client } = await ends.dial(listening);
      await until(() => connection !== undefined);
      await listening.close();
      client.write('still here');
      await until(() => sink.bytes === 10);
      const again = await transport.listen(listening.address.port, () => {});
      expect(again.address.port).toBe(listening.address.port);
      await again.close();
    });

    test('a taken port is refused with the code of the system', async () => {
      const listening = await ends.listen(() => {});
      await expect(transport.listen(listening.address.port, () => {})).rejects.toMatchObject({ code: 'EADDRINUSE' });
    });
  });
}
