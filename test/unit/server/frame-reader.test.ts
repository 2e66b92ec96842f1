import { describe, expect, it } from 'vitest';
import { FrameMemory } from '../../../src/server/frame-memory.js';
import type { Frame } from '../../../src/server/frame.js';
import { FrameReader } from '../../../src/server/frame-reader.js';
import { ByteBudget } from '../../../src/threads/budget.js';
import { Chunks, runOf } from '../../../src/threads/chunks.js';
import { SeededRandom } from '../../simulation/random.js';
import { MemoryConnection } from './memory-net.js';

const CHUNK = 64 * 1024;
const PRODUCE = 0;
const METADATA = 3;

interface Arena {
  readonly chunks: number;
  readonly smallBytes: number;
  readonly commonBytes: number;
}

const roomy: Arena = { chunks: 64, smallBytes: 1 << 20, commonBytes: 4 << 20 };
/** Frames often find neither a chunk nor budget. */
const tight: Arena = { chunks: 12, smallBytes: 128 << 10, commonBytes: 640 << 10 };

class Agent {
  readonly chunks: Chunks;
  readonly memory: FrameMemory;
  readonly budget: ByteBudget;
  nowMs = 0;

  constructor(arena: Arena) {
    this.chunks = new Chunks(new SharedArrayBuffer(arena.chunks * CHUNK), CHUNK);
    this.memory = new FrameMemory(this.chunks);
    this.budget = new ByteBudget({ smallBytes: arena.smallBytes, commonBytes: arena.commonBytes, ownBytes: 0 }, 0);
  }

  connect(): Client {
    return new Client(this);
  }
}

/** A connection and the frames that were read from it; frames are kept until `use`. */
class Client {
  readonly socket = new MemoryConnection();
  readonly reader: FrameReader;
  readonly frames: Frame[] = [];
  readonly taken: Uint8Array[] = [];
  refused: string | undefined;
  readonly waits: string[] = [];
  landedBytes = 0;
  onFrame = (): void => {};
  readonly #agent: Agent;

  constructor(agent: Agent) {
    this.#agent = agent;
    const clock = { monotonicMs: () => agent.nowMs, wallMs: () => agent.nowMs };
    const limits = { frameBytesMax: 600 * 1024, controlFrameBytesMax: 300 * 1024 };
    this.reader = new FrameReader(agent.memory, agent.budget, clock, limits, {
      frame: (frame) => {
        this.frames.push(frame);
        this.onFrame();
      },
      refused: (reason, detail) => {
        this.refused = `${reason}: ${detail}`;
        this.socket.destroy();
        this.reader.end();
      },
      pause: () => this.socket.pause(),
      resume: () => this.socket.resume(),
      waits: (forWhat) => this.waits.push(forWhat),
      landed: (count) => {
        this.landedBytes += count;
      },
    });
    this.socket.readInto(this.reader);
  }

  /** Takes the bytes of the oldest frame and gives its memory back. */
  use(): boolean {
    const frame = this.frames.shift();
    if (frame === undefined) {
      return false;
    }
    if (frame.kind === 'heap') {
      this.taken.push(frame.bytes);
    } else {
      const parts = frame.pieces.map((piece) => this.#agent.memory.view(piece.position, piece.length).slice());
      this.taken.push(new Uint8Array(Buffer.concat([frame.key, ...parts])));
      this.#agent.memory.releaseAll(frame.pieces);
    }
    frame.reservation.release();
    return true;
  }
}

/** A frame of `size` bytes after its length. */
function frame(apiKey: number, size: number, fill: number): Uint8Array {
  const bytes = Buffer.alloc(4 + size);
  bytes.writeInt32BE(size);
  for (let at = 4; at < bytes.length; at += 1) {
    bytes[at] = (at * 31 + fill) & 0xff;
  }
  bytes.writeInt16BE(apiKey, 4);
  bytes.writeInt16BE(9, 6);
  return bytes;
}

describe('frames come out as they went in, whatever the pieces', () => {
  for (const [name, arena] of Object.entries({ roomy, tight })) {
    for (let seed = 1; seed <= 12; seed += 1) {
      it(`${name} memory, seed ${seed}`, () => {
        const random = new SeededRandom(seed);
        const agent = new Agent(arena);
        const clients = Array.from({ length: 5 }, () => agent.connect());
        const sent = clients.map((client) => {
          client.socket.readsAfterPause = random.between(0, 2);
          return Array.from({ length: 30 }, (_, at) => {
            const [least, most] = random.pick([
              [10, 3_000] as const,
              [3_000, 66_000] as const,
              [60_000, 280_000] as const,
            ]);
            const size = random.between(least, most);
            return frame(random.chance(0.7) ? PRODUCE : METADATA, size, at);
          });
        });
        const streams = sent.map((frames) => Buffer.concat(frames));
        for (
          let turn = 0;
          streams.some((stream) => stream.length > 0) || clients.some((c) => c.frames.length > 0);
          turn += 1
        ) {
          expect(turn).toBeLessThan(100_000);
          const which = random.between(0, clients.length - 1);
          const count = random.pick([1, 3, 100, 5_000, 70_000, 400_000]);
          clients[which]!.socket.send(streams[which]!.subarray(0, count));
          streams[which] = streams[which]!.subarray(count);
          if (random.chance(0.1)) clients[which]!.reader.hold();
          if (random.chance(0.3)) clients[which]!.reader.continue();
          if (random.chance(0.6)) random.pick(clients).use();
        }
        for (let turn = 0; turn < 400; turn += 1) {
          for (const client of clients) {
            client.reader.continue();
            client.use();
          }
        }
        for (const [index, client] of clients.entries()) {
          expect(client.refused).toBeUndefined();
          expect(client.taken.length).toBe(30);
          for (const [at, bytes] of client.taken.entries()) {
            expect(Buffer.compare(bytes, sent[index]![at]!.subarray(4)), `client ${index}, frame ${at}`).toBe(0);
          }
          client.reader.end();
        }
        expect(agent.budget.heldBytes).toBe(0);
        // The bump chunk stays with its owner.
        expect(agent.chunks.chunksFree).toBeGreaterThanOrEqual(agent.chunks.chunksTotal - 1);
      });
    }
  }
});

it('a connection that goes away in the middle of frames leaves nothing behind', () => {
  const agent = new Agent(tight);
  for (let at = 0; at < 40; at += 1) {
    const client = agent.connect();
    client.socket.send(frame(at % 2 === 0 ? PRODUCE : METADATA, 200_000, at).subarray(0, 5 + at * 4_000));
    client.reader.end();
  }
  expect(agent.budget.heldBytes).toBe(0);
  expect(agent.chunks.chunksFree).toBeGreaterThanOrEqual(agent.chunks.chunksTotal - 1);
});

it('a stream is copied once at its beginning, not throughout', () => {
  const agent = new Agent({ chunks: 256, smallBytes: 8 << 20, commonBytes: 16 << 20 });
  const client = agent.connect();
  const stream = Buffer.concat(Array.from({ length: 100 }, (_, at) => frame(PRODUCE, 100_000, at)));
  client.socket.send(stream, 40_000);
  while (client.use());
  expect(client.taken.length).toBe(100);
  expect(client.landedBytes).toBeLessThan(stream.length / 100);
});

it('a short frame that comes in parts lands where it is put together, in memory of those before it', () => {
  const agent = new Agent(tight);
  const sent = Array.from({ length: 20 }, (_, at) => frame(PRODUCE, 20_000, at));
  const homes = sent.map((bytes) => {
    const client = agent.connect();
    client.socket.send(bytes.subarray(0, 4_000));
    const home = client.reader.next();
    expect(home.length).toBe(bytes.length - 4_000);
    client.socket.send(bytes.subarray(4_000));
    while (client.use());
    expect(Buffer.compare(client.taken[0]!, bytes.subarray(4))).toBe(0);
    return home.buffer;
  });
  expect(new Set(homes).size).toBe(1);
});

/** Keeps the bytes of all chunks but `free`. */
function fillChunks(agent: Agent, free: number): number[] {
  const held: number[] = [];
  while (agent.chunks.chunksFree > free) held.push(agent.memory.takeChunk(true)!);
  return held;
}

it('a frame is delivered once, though one that was placed before it gives its room back at once', () => {
  const agent = new Agent(tight);
  const held = fillChunks(agent, 0);
  const careless = agent.connect();
  careless.onFrame = () => careless.use();
  const other = agent.connect();
  careless.socket.send(frame(PRODUCE, 100_000, 1));
  other.socket.send(frame(PRODUCE, 100_000, 2));
  expect([careless.waits, other.waits]).toEqual([['chunks'], ['chunks']]);
  for (const position of held.splice(0, 2)) agent.memory.release(position);
  expect([careless.taken.length, other.frames.length]).toEqual([1, 1]);
  other.use();
  expect(Buffer.compare(other.taken[0]!, frame(PRODUCE, 100_000, 2).subarray(4))).toBe(0);
  expect([agent.chunks.chunksFree, agent.budget.heldBytes]).toEqual([2, 0]);
});

it('a whole frame that waits for room is never revoked', () => {
  const agent = new Agent({ chunks: 12, smallBytes: 0, commonBytes: 150 << 10 });
  const held = fillChunks(agent, 0);
  const first = agent.connect();
  first.socket.send(frame(PRODUCE, 100_000, 1));
  agent.connect().socket.send(frame(PRODUCE, 100_000, 2));
  for (agent.nowMs = 1_000; agent.nowMs <= 30_000; agent.nowMs += 1_000) {
    agent.budget.tick(agent.nowMs, agent.memory.isWaitedFor);
  }
  expect(first.refused).toBeUndefined();
  for (const position of held.splice(0, 2)) agent.memory.release(position);
  expect(first.frames.length).toBe(1);
});

it('half-sent frames that keep all chunks are revoked when others wait for room', () => {
  const agent = new Agent({ chunks: 12, smallBytes: 8 << 20, commonBytes: 8 << 20 });
  const stallers = Array.from({ length: 20 }, () => agent.connect());
  // Those above a chunk may have the last eighth, too.
  for (const [at, staller] of stallers.entries())
    staller.socket.send(frame(PRODUCE, at < 12 ? 40_000 : 70_000, 1).subarray(0, 24));
  expect(agent.chunks.chunksFree).toBe(0);
  const other = agent.connect();
  other.socket.send(frame(PRODUCE, 200, 2));
  expect(other.waits).toEqual(['chunks']);
  for (agent.nowMs = 1_000; agent.nowMs <= 7_000; agent.nowMs += 1_000) {
    agent.budget.tick(agent.nowMs, agent.memory.isWaitedFor);
  }
  expect(stallers.every(({ refused }) => refused?.startsWith('stalled: '))).toBe(true);
  expect(other.frames.length).toBe(1);
});

it('a frame that waits for room comes in when all frames in the shared chunk are gone', () => {
  const agent = new Agent(tight);
  fillChunks(agent, 1);
  const clients = Array.from({ length: 3 }, () => agent.connect());
  for (const [at, client] of clients.entries()) client.socket.send(frame(PRODUCE, 30_000, at));
  const [first, second, third] = clients;
  expect(third!.waits).toEqual(['chunks']);
  first!.use();
  second!.use();
  expect(third!.frames.length).toBe(1);
});

it('any number of frames may wait for room that each gives back at once', () => {
  const chunks = new Chunks(new SharedArrayBuffer(4 * 1024), 1024);
  const memory = new FrameMemory(chunks);
  const held = [1, 2, 3, 4].map(() => memory.takeChunk(true)!);
  let placed = 0;
  const place = (): void => {
    const pieces = memory.place(new Uint8Array(1_500));
    if (pieces === undefined) {
      memory.whenRoom(() => place());
    } else {
      placed += 1;
      memory.releaseAll(pieces);
    }
  };
  for (let waiting = 0; waiting < 20_000; waiting += 1) memory.whenRoom(() => place());
  for (const position of held) memory.release(position);
  expect([placed, chunks.chunksFree, memory.isWaitedFor]).toEqual([20_000, 4, false]);
});

it('frames of which little has come take little memory, whatever they declare', () => {
  const agent = new Agent({ chunks: 64, smallBytes: 1 << 30, commonBytes: 1 << 30 });
  const clients = Array.from({ length: 2_000 }, () => agent.connect());
  const begins = [PRODUCE, METADATA].flatMap((key) =>
    [14, 5_000, 30_000].map((size) => frame(key, size, 1).slice(0, 9)),
  );
  const before = process.memoryUsage().arrayBuffers;
  for (const [at, client] of clients.entries()) client.socket.send(begins[at % begins.length]!);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1 << 20);
  for (const { reader } of clients) reader.end();
});

it('frames that a chunk ends in lie in one run of bytes, but for one where the stream goes back to earlier chunks', () => {
  const agent = new Agent({ chunks: 64, smallBytes: 8 << 20, commonBytes: 16 << 20 });
  const client = agent.connect();
  const stream = Buffer.concat(Array.from({ length: 300 }, (_, at) => frame(PRODUCE, 100_000, at)));
  const { chunkBytes } = agent.chunks;
  let inTwoChunks = 0;
  let scattered = 0;
  let last = 0;
  // A few frames at a time are under way.
  for (let at = 0; at < stream.length || client.frames.length > 0; at += 40_000) {
    client.socket.send(stream.subarray(at, at + 40_000));
    for (const each of client.frames.slice(last)) {
      if (each.kind !== 'pieces') continue;
      if (each.pieces.length > 1) inTwoChunks += 1;
      if (runOf(each.pieces) === undefined) scattered += 1;
    }
    if (client.frames.length > 8 || at >= stream.length) client.use();
    last = client.frames.length;
  }
  expect(client.taken.length).toBe(300);
  expect(inTwoChunks).toBeGreaterThan((300 * 100_000) / chunkBytes / 2);
  expect(scattered).toBeLessThan(inTwoChunks / 4);
});

describe('refusals', () => {
  const cases: readonly (readonly [name: string, bytes: Uint8Array, refused: RegExp])[] = [
    ['a negative length', Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0, 3, 0, 1), /^malformed: a frame of -1 bytes/],
    ['a length of 0', Uint8Array.of(0, 0, 0, 0, 0, 3, 0, 1), /^malformed: a frame of 0 bytes/],
    ['a length below any header', Uint8Array.of(0, 0, 0, 9, 0, 3, 0, 1), /^malformed: a frame of 9 bytes/],
    ['a Produce request above the limit', Uint8Array.of(0, 0x10, 0, 0, 0, 0, 0, 9), /^limit: a frame of 1048576 bytes/],
    ['another request above its limit', Uint8Array.of(0, 5, 0, 0, 0, 3, 0, 9), /^limit: a frame of 327680 bytes/],
    ['TLS', Uint8Array.of(0x16, 3, 1, 2, 0, 1, 0, 1), /^malformed: the client speaks TLS/],
    ['HTTP', new TextEncoder().encode('GET / HTTP/1.1\r\n'), /^malformed: the client speaks HTTP/],
  ];
  for (const [name, bytes, refused] of cases) {
    it(name, () => {
      const agent = new Agent(roomy);
      const client = agent.connect();
      client.socket.send(bytes, 3);
      expect(client.refused).toMatch(refused);
      expect(agent.budget.heldBytes).toBe(0);
    });
  }
});

it('a half-sent frame is revoked when it stalls others', () => {
  const agent = new Agent({ chunks: 64, smallBytes: 0, commonBytes: 500 << 10 });
  const staller = agent.connect();
  staller.socket.send(frame(PRODUCE, 400_000, 1).subarray(0, 24));
  const other = agent.connect();
  other.socket.send(frame(PRODUCE, 400_000, 2));
  expect(other.frames.length).toBe(0);
  for (agent.nowMs = 1_000; agent.nowMs <= 6_000; agent.nowMs += 1_000) {
    agent.budget.tick(agent.nowMs, agent.memory.isWaitedFor);
  }
  expect(staller.refused).toMatch(/^stalled: /);
  expect(other.frames.length).toBe(1);
});

it('a whole frame that waits for its turn is never revoked', () => {
  const agent = new Agent({ chunks: 64, smallBytes: 0, commonBytes: 500 << 10 });
  const first = agent.connect();
  first.socket.send(frame(PRODUCE, 400_000, 1));
  const other = agent.connect();
  other.socket.send(frame(PRODUCE, 400_000, 2));
  for (agent.nowMs = 1_000; agent.nowMs <= 30_000; agent.nowMs += 1_000) {
    agent.budget.tick(agent.nowMs, agent.memory.isWaitedFor);
  }
  expect(first.refused).toBeUndefined();
  expect(other.frames.length).toBe(0);
  expect(other.waits).toEqual(['frames']);
  first.use();
  expect(other.frames.length).toBe(1);
});

it('the last eighth of the chunks is for frames longer than one', () => {
  const memory = new Agent({ chunks: 16, smallBytes: 0, commonBytes: 0 }).memory;
  const taken = (forLongFrame: boolean): number => {
    let count = 0;
    while (memory.takeChunk(forLongFrame) !== undefined) count += 1;
    return count;
  };
  expect(taken(false)).toBe(14);
  expect(taken(true)).toBe(2);
});

it('a connection that waits for its share of the budget keeps no chunk from those that have theirs', () => {
  const agent = new Agent({ chunks: 64, smallBytes: 0, commonBytes: 1 << 20 });
  const clients = Array.from({ length: 128 }, () => agent.connect());
  const stream = Buffer.concat(Array.from({ length: 8 }, (_, at) => frame(PRODUCE, 60_000, at)));
  for (const client of clients) client.socket.send(stream, 30_000);
  let used = 0;
  for (let left = clients.length * 8; left > 0; left -= used) {
    // Bytes for which nothing is reserved yet may lie in chunks while more than half of them are free.
    expect(agent.chunks.chunksTotal - agent.chunks.chunksFree).toBeLessThanOrEqual(
      32 + 1 + agent.budget.heldBytes / 60_000,
    );
    used = clients.filter((client) => client.use()).length;
    expect(used).toBeGreaterThan(0);
  }
});
