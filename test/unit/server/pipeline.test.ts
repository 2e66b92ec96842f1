import { describe, expect, it } from 'vitest';
import { Pipeline, type Place, STARTS_IN_TURN } from '../../../src/server/pipeline.js';
import { UnsentAnswers, withoutNeighbours } from '../../../src/server/unsent-answers.js';
import { SeededRandom } from '../../simulation/random.js';
import { MemoryConnection } from './memory-net.js';

const limits = { requestsMax: 20, unsentBytesMax: 1_000 };

function connect(unsent = new UnsentAnswers(1_000_000, queueMicrotask)) {
  const socket = new MemoryConnection();
  const held: boolean[] = [];
  const pipeline = new Pipeline(
    socket,
    limits,
    {
      hold: () => held.push(true),
      continue: () => held.push(false),
      sent: () => {},
      soon: setImmediate,
    },
    unsent,
  );
  return { socket, pipeline, isHeld: () => held.at(-1) ?? false };
}

function response(number: number, length = 4): { slices: Uint8Array[]; bytes: number } {
  const bytes = Buffer.alloc(length);
  bytes.writeInt32BE(number);
  return { slices: [bytes.subarray(0, 1), bytes.subarray(1)], bytes: length };
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('responses leave in the order of the requests, serial ones start one by one', () => {
  for (let seed = 1; seed <= 20; seed += 1) {
    it(`seed ${seed}`, async () => {
      const random = new SeededRandom(seed);
      const { socket, pipeline, isHeld } = connect();
      const open: { readonly number: number; readonly place: Place; readonly serial: boolean }[] = [];
      const started: number[] = [];
      const expected: number[] = [];
      let number = 0;
      while (number < 200 || pipeline.running > 0) {
        if (number < 200 && !isHeld() && random.chance(0.6)) {
          number += 1;
          const own = number;
          if (random.chance(0.5)) {
            open.push({ number: own, place: pipeline.concurrent(), serial: false });
          } else {
            pipeline.serial((place) => {
              started.push(own);
              open.push({ number: own, place, serial: true });
            });
          }
        } else if (open.length > 0) {
          expect(open.filter(({ serial }) => serial).length).toBeLessThanOrEqual(1);
          const [done] = open.splice(random.between(0, open.length - 1), 1);
          const isSilent = random.chance(0.1);
          if (!isSilent) {
            expected.push(done!.number);
          }
          done!.place.answer({ frame: isSilent ? undefined : response(done!.number), close: false });
        }
        await settle();
        expect(pipeline.running).toBeLessThanOrEqual(limits.requestsMax);
      }
      const answers = Buffer.from(socket.received);
      const numbers = Array.from({ length: answers.length / 4 }, (_, at) => answers.readInt32BE(at * 4));
      expect(numbers).toEqual(expected.sort((one, other) => one - other));
      expect(started).toEqual([...started].sort((one, other) => one - other));
    });
  }
});

describe('serial ones of a kind that runs together start behind one another, and nothing else beside them', () => {
  for (let seed = 1; seed <= 20; seed += 1) {
    it(`seed ${seed}`, async () => {
      const random = new SeededRandom(seed);
      const { socket, pipeline, isHeld } = connect();
      const kinds: (string | undefined)[] = [];
      const started: number[] = [];
      const open = new Map<number, Place>();
      let besideMax = 0;
      while (kinds.length < 300 || open.size > 0) {
        if (kinds.length < 300 && !isHeld() && random.chance(0.6)) {
          const own = kinds.length;
          const kind = random.chance(0.8)
            ? (kinds.at(-1) ?? 'commits')
            : ['commits', 'others', undefined][random.between(0, 2)];
          kinds.push(kind);
          const start = (place: Place): void => {
            started.push(own);
            open.set(own, place);
          };
          pipeline.serial(start, () => expect.unreachable(), kind);
        } else if (open.size > 0) {
          const own = [...open.keys()][random.between(0, open.size - 1)]!;
          const place = open.get(own)!;
          open.delete(own);
          place.answer({ frame: response(own), close: false });
        }
        await settle();
        const running = new Set([...open.keys()].map((number) => kinds[number]));
        expect(running.size).toBeLessThanOrEqual(1);
        if (running.has(undefined)) {
          expect(open.size).toBe(1);
        }
        // All that may run does: the next that has not started is of another kind, or one that runs alone.
        const next = kinds[started.length];
        if (started.length < kinds.length && next !== undefined) {
          expect(running.has(next)).toBe(false);
        }
        besideMax = Math.max(besideMax, open.size);
      }
      expect(started).toEqual(kinds.map((_, number) => number));
      const answers = Buffer.from(socket.received);
      expect(Array.from(kinds, (_, at) => answers.readInt32BE(at * 4))).toEqual(started);
      expect(besideMax).toBeGreaterThan(2);
    });
  }
});

it('concurrent requests that are answered in one go leave in one write, those answered later in another', async () => {
  const { socket, pipeline } = connect();
  const places = Array.from({ length: 5 }, () => pipeline.concurrent());
  for (const at of [2, 0, 1]) places[at]!.answer({ frame: response(at), close: false });
  await settle();
  expect(socket.writes).toBe(1);
  expect(socket.received.length).toBe(12);
  for (const at of [3, 4]) {
    places[at]!.answer({ frame: response(at), close: false });
    await settle();
  }
  expect(socket.writes).toBe(3);
});

describe('a response that waits keeps no memory of its neighbours', () => {
  /** 60 bytes out of a large buffer. */
  const small = (number: number): { slices: Uint8Array[]; bytes: number } => ({
    slices: [new Uint8Array(1_000_000).fill(number, 0, 60).subarray(0, 60)],
    bytes: 60,
  });
  const sharesBuffer = (slice: Uint8Array | undefined): boolean => slice!.buffer.byteLength === 1_000_000;

  /** What the connection was given, whole. */
  function follow() {
    const { socket, pipeline } = connect();
    const given: Uint8Array[] = [];
    const write = socket.write.bind(socket);
    socket.write = (slices, done) => {
      given.push(...slices);
      write(slices, done);
    };
    return { socket, pipeline, given };
  }

  it('for one before it that the client has not taken', async () => {
    const { socket, pipeline, given } = follow();
    socket.clientReads = false;
    for (const number of [1, 2]) {
      pipeline.concurrent().answer({ frame: small(number), close: false });
      await settle();
    }
    pipeline.serial((place) => place.answer({ frame: small(3), close: false }));
    // The first could have left at once.
    expect(given.map(sharesBuffer)).toEqual([true, false, false]);
    socket.takeQueued();
    expect([...new Set(socket.received)]).toEqual([1, 2, 3]);
    pipeline.concurrent().answer({ frame: small(4), close: false });
    await settle();
    expect(sharesBuffer(given.at(-1))).toBe(true);
  });

  it('for one before it that is not answered; those answered in one go, in whatever order, are not copied', async () => {
    const { socket, pipeline, given } = follow();
    const places = Array.from({ length: 4 }, () => pipeline.concurrent());
    for (const at of [3, 1, 0]) places[at]!.answer({ frame: small(at + 1), close: false });
    await settle();
    places[2]!.answer({ frame: small(3), close: false });
    await settle();
    expect(given.map(sharesBuffer)).toEqual([true, true, true, false]);
    expect([...new Set(socket.received)]).toEqual([1, 2, 3, 4]);
  });

  it('but memory that is not heap, and what fills its buffer, is not copied', () => {
    const shared = new Uint8Array(new SharedArrayBuffer(1_000)).subarray(0, 10);
    const filling = new Uint8Array(1_000).subarray(499);
    const half = new Uint8Array(1_000).subarray(0, 500).fill(7);
    const own = withoutNeighbours([shared, filling, half]);
    expect(own.map((slice, at) => slice === [shared, filling, half][at])).toEqual([true, true, false]);
    expect([own[2]!.buffer.byteLength, own[2]]).toEqual([500, half]);
  });
});

it('memory of a response is told of once, when it is sent or never will be', async () => {
  const { socket, pipeline } = connect();
  socket.clientReads = false;
  const sent: string[] = [];
  const first = pipeline.concurrent();
  const second = pipeline.concurrent();
  const third = pipeline.concurrent();
  for (const [name, place] of Object.entries({ first, second, third })) {
    place.whenSent(() => sent.push(name));
  }
  second.answer({ frame: response(2), close: false });
  first.answer({ frame: response(1), close: false });
  await settle();
  expect(sent).toEqual([]);
  socket.takeQueued();
  expect(sent).toEqual(['first', 'second']);
  pipeline.end();
  expect(sent).toEqual(['first', 'second', 'third']);
  third.whenSent(() => sent.push('late'));
  third.answer({ frame: response(3), close: false });
  expect(sent).toEqual(['first', 'second', 'third', 'late']);
});

it('a client that does not take its responses is neither read nor served further', async () => {
  const { socket, pipeline, isHeld } = connect();
  socket.clientReads = false;
  const started: number[] = [];
  for (let number = 1; number <= 5; number += 1) {
    pipeline.serial((place) => {
      started.push(number);
      place.answer({ frame: response(number, 600), close: false });
    });
  }
  await settle();
  expect(started).toEqual([1, 2]);
  expect(isHeld()).toBe(true);
  socket.takeQueued();
  await settle();
  expect(started).toEqual([1, 2, 3, 4]);
  socket.clientReads = true;
  socket.takeQueued();
  await settle();
  expect(started).toEqual([1, 2, 3, 4, 5]);
  expect(isHeld()).toBe(false);
});

it('requests that never start are told so', () => {
  for (const end of ['end', 'finish'] as const) {
    const { pipeline } = connect();
    let dropped = 0;
    pipeline.serial(() => {});
    pipeline.serial(
      () => expect.unreachable(),
      () => {
        dropped += 1;
      },
    );
    pipeline[end]();
    expect(dropped).toBe(1);
  }
});

it('finishing waits for what is under way', async () => {
  const { socket, pipeline } = connect();
  const place = pipeline.concurrent();
  pipeline.finish();
  await settle();
  expect(socket.closed).toBe(false);
  place.answer({ frame: response(1), close: false });
  await settle();
  expect(socket.received.length).toBe(4);
  expect(socket.closed).toBe(true);
});

it('an answer behind a request that finishing dropped does not take its place', async () => {
  const { socket, pipeline } = connect();
  let first: Place | undefined;
  pipeline.serial((place) => {
    first = place;
  });
  pipeline.serial(() => expect.unreachable());
  const behind = pipeline.concurrent();
  pipeline.finish();
  behind.answer({ frame: response(3), close: false });
  await settle();
  expect(socket.closed).toBe(false);
  first!.answer({ frame: response(1), close: false });
  await settle();
  expect(Buffer.from(socket.received)).toEqual(Buffer.concat(response(1).slices));
  expect(socket.closed).toBe(true);
  expect([pipeline.running, pipeline.unsentBytes]).toEqual([0, 0]);
});

it('one that finishes reads nothing more, though it was held and its responses leave', async () => {
  const { pipeline, isHeld } = connect();
  const places = Array.from({ length: limits.requestsMax }, () => pipeline.concurrent());
  expect(isHeld()).toBe(true);
  pipeline.finish();
  places[0]!.answer({ frame: response(1), close: false });
  await settle();
  expect(isHeld()).toBe(true);
});

it('of many requests that came at once only some are answered before others have their turn', async () => {
  const { pipeline } = connect();
  let answered = 0;
  const send = (): void =>
    pipeline.serial((place) => {
      answered += 1;
      place.answer({ frame: undefined, close: false });
    });
  for (let i = 0; i < 3 * STARTS_IN_TURN; i += 1) send();
  // Promises are no turn of their own: what they start counts with the rest.
  await Promise.resolve();
  expect(answered).toBe(STARTS_IN_TURN);
  await settle();
  expect(answered).toBe(2 * STARTS_IN_TURN);
  await settle();
  await settle();
  expect(answered).toBe(3 * STARTS_IN_TURN);
});
