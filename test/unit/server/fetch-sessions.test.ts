import { describe, expect, it } from 'vitest';
import {
  epochAfter,
  type FetchContext,
  FetchSessions,
  type SessionRequest,
  type Told,
} from '../../../src/server/fetch-sessions.js';
import { SeededRandom } from '../../simulation/random.js';

const EPOCH_MAX = 0x7fff_ffff;
const NOTHING: Told = { error: 0, highWatermark: 10, logStartOffset: 0, bytes: 0 };

function sessionsOf(bytesMax = 64 * 1024 * 1024, random = new SeededRandom(1)) {
  const evicted = { count: 0 };
  const sessions = new FetchSessions(random, bytesMax, () => {
    evicted.count += 1;
  });
  return { sessions, evicted };
}

function request(changes: Partial<SessionRequest> & { readonly partitions?: readonly number[] } = {}): SessionRequest {
  const { partitions = [], ...given } = changes;
  return {
    sessionId: 0,
    sessionEpoch: 0,
    byId: false,
    privileged: false,
    asked: partitions.length === 0 ? [] : [asked('t', ...partitions)],
    forgotten: [],
    ...given,
  };
}

function asked(reference: string, ...partitions: readonly number[]) {
  return {
    reference,
    partitions: partitions.map((partition) => ({ partition, fetchOffset: partition * 10, partitionMaxBytes: 1_000 })),
  };
}

const upTo = (count: number) => Array.from({ length: count }, (_, i) => i);

function begun(context: FetchContext | number): FetchContext {
  if (typeof context === 'number') throw new Error(`error ${context}`);
  return context;
}

const numbers = (context: FetchContext) => context.list.partitions.map(({ partition }) => partition);

/** Answers: what `found` says of a partition, `NOTHING` of the others. Gives the partitions told and the session id. */
function answer(context: FetchContext, found: Readonly<Record<number, Partial<Told>>> = {}, nowMs = 0) {
  const answered = context.list.partitions
    .map((partition) => ({ partition, told: { ...NOTHING, ...found[partition.partition] } }))
    .filter(({ partition, told }) => context.tells(partition, told));
  const sessionId = context.finish(answered, nowMs);
  return { told: answered.map(({ partition }) => partition.partition), sessionId };
}

/** A full request answered: the new session's id. */
function create(sessions: FetchSessions, count: number, nowMs = 0, privileged = false): number {
  return answer(begun(sessions.begin(request({ partitions: upTo(count), privileged }), nowMs)), {}, nowMs).sessionId;
}

describe('ids and epochs', () => {
  it('(0, 0) begins a session with its answer, and epochs count its requests', () => {
    const { sessions } = sessionsOf();
    const context = begun(sessions.begin(request({ partitions: [0, 1] }), 0));
    expect(sessions.count).toBe(0);
    const { told, sessionId } = answer(context);
    expect(told).toEqual([0, 1]);
    expect(sessionId).toBeGreaterThan(0);
    expect(sessions).toMatchObject({ count: 1, partitions: 2 });
    for (const sessionEpoch of [1, 2, 3]) {
      const next = begun(sessions.begin(request({ sessionId, sessionEpoch }), 0));
      expect(numbers(next)).toEqual([0, 1]);
      expect(answer(next)).toEqual({ told: [], sessionId });
    }
  });

  it('-1 neither begins nor keeps one', () => {
    const { sessions } = sessionsOf();
    expect(answer(begun(sessions.begin(request({ sessionEpoch: -1, partitions: [0] }), 0)))).toEqual({
      told: [0],
      sessionId: 0,
    });
    const sessionId = create(sessions, 1);
    const last = begun(sessions.begin(request({ sessionId, sessionEpoch: -1, partitions: [0] }), 0));
    expect(answer(last)).toEqual({ told: [0], sessionId: 0 });
    expect(sessions).toMatchObject({ count: 0, partitions: 0, bytes: 0 });
    expect(sessions.begin(request({ sessionId, sessionEpoch: 1 }), 0)).toBe(70);
  });

  it('(id, 0) closes one and begins another', () => {
    const { sessions } = sessionsOf();
    const first = create(sessions, 1);
    const context = begun(sessions.begin(request({ sessionId: first, partitions: [0] }), 0));
    expect(sessions.count).toBe(0);
    const { sessionId } = answer(context);
    expect(sessionId).not.toBe(first);
    expect(sessions.count).toBe(1);
  });

  it('errors: an id not known 70, another epoch 71, names where there were ids 106 and the other way round', () => {
    const { sessions } = sessionsOf();
    expect(sessions.begin(request({ sessionId: 0, sessionEpoch: 1 }), 0)).toBe(70);
    expect(sessions.begin(request({ sessionId: 9, sessionEpoch: 1 }), 0)).toBe(70);
    const byName = create(sessions, 1);
    for (const sessionEpoch of [2, EPOCH_MAX, -2]) {
      expect(sessions.begin(request({ sessionId: byName, sessionEpoch }), 0)).toBe(71);
    }
    expect(sessions.begin(request({ sessionId: byName, sessionEpoch: 1, byId: true }), 0)).toBe(106);
    const byId = answer(begun(sessions.begin(request({ byId: true, partitions: [0] }), 0))).sessionId;
    expect(sessions.begin(request({ sessionId: byId, sessionEpoch: 1 }), 0)).toBe(106);
    // None of these counted as a request.
    begun(sessions.begin(request({ sessionId: byName, sessionEpoch: 1 }), 0));
  });

  it('after the greatest epoch comes 1', () => {
    expect(epochAfter(0)).toBe(1);
    expect(epochAfter(EPOCH_MAX - 1)).toBe(EPOCH_MAX);
    expect(epochAfter(EPOCH_MAX)).toBe(1);
  });

  it('a request that waits while the next one comes is answered 71, with the session id', () => {
    const { sessions } = sessionsOf();
    const sessionId = create(sessions, 1);
    const waiting = begun(sessions.begin(request({ sessionId, sessionEpoch: 1 }), 0));
    expect(waiting.error).toBe(0);
    const next = begun(sessions.begin(request({ sessionId, sessionEpoch: 2 }), 0));
    expect(waiting).toMatchObject({ error: 71, idle: sessionId });
    expect(next.error).toBe(0);
  });
});

describe('what a session tells', () => {
  function established(count = 3) {
    const { sessions } = sessionsOf();
    const sessionId = create(sessions, count);
    let sessionEpoch = 0;
    const next = (more: Parameters<typeof request>[0] = {}) => {
      sessionEpoch += 1;
      return begun(sessions.begin(request({ sessionId, sessionEpoch, ...more }), 0));
    };
    return { sessions, sessionId, next };
  }

  it.each<[string, Partial<Told>]>([
    ['records', { bytes: 5 }],
    ['the high watermark', { highWatermark: 11 }],
    ['the log start', { logStartOffset: 1 }],
    ['an error', { error: 1 }],
  ])('%s', (_what, changed) => {
    const { next } = established();
    expect(answer(next(), { 1: changed }).told).toEqual([1]);
  });

  it('a high watermark once, an error each time, and the partition again when the error is gone', () => {
    const { next } = established();
    expect(answer(next(), { 1: { highWatermark: 11 } }).told).toEqual([1]);
    expect(answer(next(), { 1: { highWatermark: 11 } }).told).toEqual([]);
    expect(answer(next(), { 1: { error: 3, highWatermark: 11 } }).told).toEqual([1]);
    expect(answer(next(), { 1: { error: 3, highWatermark: 11 } }).told).toEqual([1]);
    expect(answer(next(), { 1: { highWatermark: 11 } }).told).toEqual([1]);
    expect(answer(next(), { 1: { highWatermark: 11 } }).told).toEqual([]);
  });

  it('partitions that gave records come last, in their order; others keep their places', () => {
    const { next } = established(4);
    answer(next(), { 0: { bytes: 1 }, 2: { bytes: 1 }, 3: { highWatermark: 12 } });
    const after = next();
    expect(numbers(after)).toEqual([1, 3, 0, 2]);
    answer(after, { 1: { bytes: 1 } });
    expect(numbers(next())).toEqual([3, 0, 2, 1]);
  });

  it('a request adds, changes and forgets', () => {
    const { sessions, next } = established(3);
    const changed = { reference: 't', partitions: [{ partition: 1, fetchOffset: 77, partitionMaxBytes: -5 }] };
    const context = next({
      asked: [asked('u', 0), changed],
      forgotten: [
        { reference: 't', partitions: [0, 9] },
        { reference: 'none', partitions: [0] },
      ],
    });
    expect(context.list.partitions.map(({ topic, partition }) => `${topic.reference}${partition}`)).toEqual([
      't1',
      't2',
      'u0',
    ]);
    expect(context.list.partitions[0]).toMatchObject({ offset: 77, bytesMax: 0 });
    expect(sessions.partitions).toBe(3);
    // What was added is told once, whatever it has.
    expect(context.list.partitions.filter((one) => context.tells(one, NOTHING))).toEqual([context.list.partitions[2]]);
  });

  it('one that forgets everything is over, and what it asks for besides is told', () => {
    const { sessions, sessionId, next } = established(1);
    const forgotten = [{ reference: 't', partitions: [0] }];
    expect(answer(next({ forgotten }))).toEqual({ told: [], sessionId: 0 });
    expect(sessions).toMatchObject({ count: 0, bytes: 0 });
    expect(sessions.begin(request({ sessionId, sessionEpoch: 2 }), 0)).toBe(70);
  });

  it('a waiting request keeps the partitions that it began with', () => {
    const { next } = established(2);
    const waiting = next();
    const { partitions } = waiting.list;
    next({ asked: [asked('t', 5)], forgotten: [{ reference: 't', partitions: [0] }] });
    expect(partitions.map(({ partition }) => partition)).toEqual([0, 1]);
  });

  it('of a partition that a request names twice the last counts', () => {
    const { sessions } = sessionsOf();
    const twice = {
      reference: 't',
      partitions: [0, 1].map((i) => ({ partition: 4, fetchOffset: i, partitionMaxBytes: 1 })),
    };
    const context = begun(sessions.begin(request({ asked: [twice] }), 0));
    expect(context.list.partitions).toMatchObject([{ partition: 4, offset: 1 }]);
  });
});

describe('a thousand at most', () => {
  const fill = (sessions: FetchSessions, count: number, nowMs: number) =>
    Array.from({ length: 1_000 }, () => create(sessions, count, nowMs));

  it('a new one finds no room among recent ones', () => {
    const { sessions, evicted } = sessionsOf();
    fill(sessions, 1, 0);
    expect(create(sessions, 50, 120_000)).toBe(0);
    expect([sessions.count, evicted.count]).toEqual([1_000, 0]);
  });

  it('one unused for more than two minutes goes, however large, the one longest unused first', () => {
    const { sessions, evicted } = sessionsOf();
    const ids = fill(sessions, 5, 0);
    begun(sessions.begin(request({ sessionId: ids[0]!, sessionEpoch: 1 }), 1));
    expect(create(sessions, 1, 120_001)).toBeGreaterThan(0);
    expect([sessions.count, evicted.count]).toEqual([1_000, 1]);
    expect(sessions.begin(request({ sessionId: ids[1]!, sessionEpoch: 1 }), 120_001)).toBe(70);
    begun(sessions.begin(request({ sessionId: ids[0]!, sessionEpoch: 2 }), 120_001));
  });

  it('one in use for more than two minutes goes to a new one with more partitions, the one with fewest first', () => {
    const { sessions } = sessionsOf();
    const ids = Array.from({ length: 1_000 }, (_, i) => create(sessions, 2 + (i % 7), 0));
    const small = create(sessions, 1, 0);
    expect(small).toBe(0);
    for (const sessionId of ids) begun(sessions.begin(request({ sessionId, sessionEpoch: 1 }), 120_001));
    expect(create(sessions, 2, 120_002)).toBe(0);
    expect(create(sessions, 3, 120_002)).toBeGreaterThan(0);
    const gone = ids.filter((sessionId) => sessions.begin(request({ sessionId, sessionEpoch: 9 }), 120_002) === 70);
    expect(gone.map((sessionId) => ids.indexOf(sessionId) % 7)).toEqual([0]);
  });

  it("a replica's goes before a young consumer's, and a consumer's never before a replica's", () => {
    const { sessions } = sessionsOf();
    fill(sessions, 5, 0);
    const replica = create(sessions, 1, 0, true);
    expect(replica).toBeGreaterThan(0);
    begun(sessions.begin(request({ sessionId: replica, sessionEpoch: 1 }), 120_000));
    expect(create(sessions, 9, 120_000)).toBe(0);
  });
});

describe('memory', () => {
  it('all sessions together stay below the limit, and those without room get none', () => {
    const limit = 100_000;
    const { sessions } = sessionsOf(limit);
    const ids: number[] = [];
    while (ids.at(-1) !== 0) ids.push(create(sessions, 50));
    expect(ids.length).toBeGreaterThan(5);
    expect(sessions.bytes).toBeLessThanOrEqual(limit);
    expect(sessions.bytes).toBeGreaterThan(limit * 0.8);
    expect(create(sessionsOf(limit).sessions, 1_000)).toBe(0);
  });

  it('one that grows beyond it is told 70, and is gone', () => {
    const { sessions, evicted } = sessionsOf(20_000);
    const sessionId = create(sessions, 1);
    const grown = request({ sessionId, sessionEpoch: 1, partitions: upTo(200) });
    expect(sessions.begin(grown, 0)).toBe(70);
    expect(sessions).toMatchObject({ count: 0, bytes: 0, partitions: 0 });
    expect(evicted.count).toBe(1);
  });

  it('long names count', () => {
    const { sessions } = sessionsOf(50_000);
    const one = (name: string) => answer(begun(sessions.begin(request({ asked: [asked(name, 0)] }), 0))).sessionId;
    expect(one('x'.repeat(100))).toBeGreaterThan(0);
    expect(one('x'.repeat(30_000))).toBe(0);
  });

  it('counts come back to nothing, whatever happens', () => {
    const random = new SeededRandom(7);
    const { sessions } = sessionsOf(200_000, random);
    const open = new Map<number, number>();
    for (let step = 0; step < 3_000; step += 1) {
      const nowMs = step * 500;
      const ids = [...open.keys()];
      const sessionId = ids.length > 0 ? random.pick(ids) : 0;
      const partitions = upTo(random.uint32() % 20);
      if (sessionId === 0 || random.chance(0.3)) {
        const id = create(sessions, partitions.length, nowMs);
        if (id !== 0) open.set(id, 1);
        continue;
      }
      const closes = random.chance(0.2);
      const context = sessions.begin(
        request({
          sessionId,
          sessionEpoch: closes ? -1 : open.get(sessionId)!,
          partitions,
          forgotten: [{ reference: 't', partitions: upTo(random.uint32() % 15) }],
        }),
        nowMs,
      );
      if (typeof context === 'number' || answer(context, { 3: { bytes: 1 } }, nowMs).sessionId === 0)
        open.delete(sessionId);
      else open.set(sessionId, open.get(sessionId)! + 1);
      expect(sessions.bytes).toBeLessThanOrEqual(200_000);
    }
    for (const sessionId of open.keys()) sessions.begin(request({ sessionId, sessionEpoch: -1 }), 0);
    expect(sessions).toMatchObject({ count: 0, bytes: 0, partitions: 0 });
  });
});
