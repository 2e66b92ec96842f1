import { describe, expect, test } from 'vitest';
import type { Command } from '../../src/metadata/journal.wire.js';
import type { Outcome } from '../../src/metadata/outcomes.js';
import { silentLog } from '../../src/telemetry/log.js';
import type { Clock } from '../../src/world/world.js';
import { encodeOwn } from '../../workers/leader/compose.js';
import { ExpiryTime } from '../../workers/leader/expiry-time.js';
import { LeadershipLost } from '../../workers/leader/leadership-lost.js';
import { OffsetsClock } from '../../workers/leader/offsets-clock.js';
import { command, JournalMaker } from '../unit/metadata/journal-maker.js';
import { VirtualTime } from './virtual-time.js';

const MINUTE = 60_000;
const DAY = 1440 * MINUTE;
const BEGAN_MS = 1_700_000_000_000;

/** A leader's clock over a metadata state of its own; `jumpMs` moves its wall clock. */
class Leading {
  readonly time = new VirtualTime();
  readonly journal = new JournalMaker();
  readonly epoch = this.journal.register();
  readonly commands: Command[] = [];
  readonly warnings: string[] = [];
  jumpMs = 0;
  /** How much slower than the wall clock the monotonic one is; the store's clock, if it has one. */
  slowness = 0;
  storeMs: number | undefined;
  readonly clock = new OffsetsClock(
    { offsetsRetentionMs: 7 * DAY, offsetsCheckMs: 10 * MINUTE },
    {
      world: {
        clock: {
          monotonicMs: () => this.time.nowMs * (1 - this.slowness),
          wallMs: () => BEGAN_MS + this.time.nowMs + this.jumpMs,
        },
        timers: this.time.timersOf(() => true),
      },
      view: () => this.journal.metadata,
      storeMs: () => this.storeMs,
      propose: async (proposed) => this.#propose(proposed),
      log: { ...silentLog, warn: (_fields, message) => this.warnings.push(message) },
    },
  );

  /** What becomes of the next command, instead of its being appended. */
  failure: Error | undefined;

  constructor(topics = 1, partitions = 4096) {
    for (let id = 1; id <= topics; id += 1) this.journal.createTopic(this.epoch, `t${id}`, id, partitions);
  }

  #propose(proposed: Command): Outcome {
    if (this.failure !== undefined) throw this.failure;
    encodeOwn(proposed);
    this.commands.push(proposed);
    this.#tick();
    return this.journal.bare(proposed);
  }

  #tick(): void {
    this.journal.timeMs = Math.max(this.journal.timeMs, BEGAN_MS + this.time.nowMs);
  }

  commit(group: string, topic = 't1', partitions = 1): void {
    this.#tick();
    const offsets = Array.from({ length: partitions }, (_, partition) => ({
      topic,
      partition,
      offset: 1,
      leaderEpoch: -1,
      metadata: '',
    }));
    this.journal.send(this.epoch, command('commitOffsets', { group, generation: -1, memberId: '', offsets }));
  }

  async pass(ms: number): Promise<void> {
    let over = false;
    this.time.after(ms, () => {
      over = true;
    });
    await this.time.run(() => over, Number.POSITIVE_INFINITY);
    this.#tick();
  }

  offsets(group: string): number {
    return [...this.journal.metadata.committedOffsets(group)].length;
  }
}

describe('the clock of offsets', () => {
  test('lets what is due go within one interval, and the group with it', async () => {
    const leading = new Leading();
    leading.clock.start();
    leading.commit('old');
    await leading.pass(DAY);
    leading.commit('young');
    await leading.pass(6 * DAY - MINUTE);
    expect([leading.offsets('old'), leading.commands.length]).toEqual([1, 0]);
    await leading.pass(10 * MINUTE + MINUTE);
    expect(leading.offsets('old')).toBe(0);
    expect(leading.journal.metadata.group('old')).toBeUndefined();
    expect(leading.offsets('young')).toBe(1);
    leading.clock.stop();
    await leading.pass(2 * DAY);
    expect(leading.offsets('young')).toBe(1);
  });

  test('goes by slices, however much is due at once, and takes all of it', async () => {
    const leading = new Leading(3);
    for (const topic of ['t1', 't2', 't3']) leading.commit('wide', topic, 4096);
    for (let i = 0; i < 5000; i += 1) leading.commit(`g${i}`);
    leading.clock.start();
    await leading.pass(7 * DAY + 20 * MINUTE);
    expect([...leading.journal.metadata.groups()]).toEqual([]);
    expect(leading.commands.length).toBeGreaterThan(4);
    for (const { kind } of leading.commands) {
      if (kind?.$case !== 'expireOffsets') throw new Error(`${kind?.$case}`);
      const { groups } = kind.value;
      const offsets = groups.flatMap(({ topics }) => topics.flatMap(({ partitions }) => partitions));
      expect(groups.length + offsets.length).toBeLessThanOrEqual(4096);
    }
  });

  test('forgets a group that has neither members nor offsets', async () => {
    const leading = new Leading();
    const join = {
      group: 'g',
      memberId: 'm',
      knownMember: false,
      clientId: '',
      clientHost: '',
      sessionTimeoutMs: 1000,
      rebalanceTimeoutMs: 1000,
      protocolType: 'consumer',
      protocols: [{ name: 'range', metadata: new Uint8Array(0) }],
      requireKnownMember: false,
      initialDelayMs: 0,
      groupSizeMax: 0,
    };
    leading.journal.send(leading.epoch, command('joinGroup', join));
    leading.clock.start();
    await leading.pass(11 * MINUTE);
    expect(leading.journal.metadata.group('g')?.members.size).toBe(1);
    const members = [{ memberId: 'm' }];
    leading.journal.send(leading.epoch, command('leaveGroup', { group: 'g', members }));
    await leading.pass(10 * MINUTE);
    expect(leading.journal.metadata.group('g')).toBeUndefined();
  });

  test.each([8 * DAY, -MINUTE])('a wall clock that jumps by %i ms expires nothing and is told', async (jumpMs) => {
    const leading = new Leading();
    leading.commit('g');
    leading.clock.start();
    await leading.pass(6.9 * DAY);
    leading.jumpMs = jumpMs;
    await leading.pass(DAY);
    expect(leading.offsets('g')).toBe(1);
    expect(leading.warnings.length).toBeGreaterThan(100);
    leading.jumpMs = 0;
    await leading.pass(10 * MINUTE);
    expect(leading.offsets('g')).toBe(0);
  });

  test.each([
    ['monotonic clock', { slowness: 1e-9 }],
    ["store's clock", { storeMs: BEGAN_MS + 7 * DAY + 9 * MINUTE + 59_999.7 }],
  ])('a %s of fractions of milliseconds lets what is due go', async (_name, clocks) => {
    const leading = new Leading();
    leading.commit('g');
    await leading.pass(7 * DAY);
    Object.assign(leading, clocks);
    leading.clock.start();
    await leading.pass(11 * MINUTE);
    expect(leading.commands.length).toBeGreaterThan(0);
    expect(leading.offsets('g')).toBe(0);
  });

  test('a leader whose clock is behind what the journal says expires nothing', async () => {
    const leading = new Leading();
    leading.commit('g');
    leading.journal.timeMs += 30 * DAY;
    leading.journal.bare(command('skipNumber', {}));
    leading.clock.start();
    await leading.pass(8 * DAY);
    expect(leading.offsets('g')).toBe(1);
  });
});

test('the time of expiry is the least of the clocks, while they differ by less than a minute', () => {
  let [wallMs, monotonicMs] = [1_000_000, 0];
  const clock: Clock = { wallMs: () => wallMs, monotonicMs: () => monotonicMs };
  const time = new ExpiryTime(clock, () => undefined);
  expect(time.nowMs(0)).toBe(1_000_000);
  monotonicMs = 500;
  expect(time.nowMs(0)).toBe(1_000_000);
  wallMs = 1_059_999;
  expect(time.nowMs(0)).toBe(1_000_500);
  wallMs = 1_060_500;
  expect(time.nowMs(0)).toBeUndefined();
  wallMs = 1_000_500;
  expect(time.nowMs(1_060_499)).toBe(1_000_500);
  expect(time.nowMs(1_060_500)).toBeUndefined();
});

test("where the store has a clock it is asked, not the leader's own beginnings", () => {
  let [wallMs, storeMs] = [1_000_000, 1_000_000];
  const time = new ExpiryTime({ wallMs: () => wallMs, monotonicMs: () => 0 }, () => storeMs);
  storeMs = 1_059_999;
  expect(time.nowMs(0)).toBe(1_000_000);
  storeMs = 1_060_000;
  expect(time.nowMs(0)).toBeUndefined();
  // As after a machine slept: both have moved on, and agree.
  wallMs = 9_000_500;
  storeMs = 9_000_000;
  expect(time.nowMs(0)).toBe(9_000_000);
});

test('only the loss of leadership stops a clock in silence', async () => {
  const uncaught: unknown[] = [];
  const note = (error: unknown) => uncaught.push(error);
  const others = process.listeners('unhandledRejection');
  process.removeAllListeners('unhandledRejection').on('unhandledRejection', note);
  try {
    for (const failure of [new LeadershipLost(), new Error('cannot be encoded')]) {
      const leading = new Leading();
      leading.failure = failure;
      leading.clock.start();
      leading.commit('g');
      await leading.pass(8 * DAY);
      await new Promise(setImmediate);
      expect(uncaught).toEqual(failure instanceof LeadershipLost ? [] : [failure]);
    }
  } finally {
    process.removeListener('unhandledRejection', note);
    for (const other of others) process.on('unhandledRejection', other);
  }
});
