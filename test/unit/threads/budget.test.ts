import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  ByteBudget,
  type Claimant,
  Flow,
  PROGRESS_BYTES_MIN,
  PROGRESS_WINDOW_MS,
  type Reservation,
  SMALL_FRAME_BYTES_MAX,
} from '../../../src/threads/budget.js';

const MIB = 1024 * 1024;

test('pools are never overdrawn, no small frame waits while its share has room, and the common pool goes in order', () => {
  const step = fc.record({
    kind: fc.constantFrom('small', 'small', 'large', 'own', 'release', 'release', 'gain', 'fill', 'tick'),
    size: fc.integer({ min: 1, max: 8 }),
    pick: fc.nat(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 150 }), (steps) => {
      const shares = { smallBytes: 2 * MIB, commonBytes: 12 * MIB, ownBytes: 4 * MIB };
      const budget = new ByteBudget(shares, 0);
      let live: { readonly kind: string; readonly reservation: Reservation }[] = [];
      const granted: number[] = [];
      let arrivals = 0;
      for (const { kind, size, pick } of steps) {
        if (kind === 'release') {
          const [dropped] = live.length === 0 ? [] : live.splice(pick % live.length, 1);
          dropped?.reservation.release();
          dropped?.reservation.release();
        } else if (kind === 'tick') {
          budget.tick(0);
        } else if (kind === 'gain' || kind === 'fill') {
          const { reservation } = live.filter((entry) => entry.reservation.held).at(pick % 8) ?? {};
          if (kind === 'fill') reservation?.filled();
          else reservation?.gained(size * MIB);
        } else {
          const bytes = kind === 'small' ? size * (MIB / 8) : kind === 'large' ? (size + 1) * MIB : (size * MIB) / 2;
          const arrival = arrivals;
          arrivals += 1;
          const reservation = budget.reserve(bytes, kind === 'own' ? 'own' : pick % 2 === 0 ? 'client' : 'produce', 0, {
            granted: () => {
              if (kind === 'large') {
                granted.push(arrival);
              }
            },
            revoked: () => expect.unreachable(),
          });
          live.push({ kind, reservation: reservation! });
        }
        const held = live.filter(({ reservation }) => reservation.held);
        const heldBytes = (kinds: string) =>
          held
            .filter((entry) => kinds.includes(entry.kind))
            .reduce((sum, { reservation }) => sum + reservation.bytes, 0);
        expect(heldBytes('large')).toBeLessThanOrEqual(shares.commonBytes);
        expect(heldBytes('small large')).toBeLessThanOrEqual(shares.commonBytes + shares.smallBytes);
        expect(heldBytes('own')).toBeLessThanOrEqual(shares.ownBytes);
        expect(budget.heldBytes).toBe(heldBytes('small large'));
        const waits = (name: string) => live.some((entry) => entry.kind === name && !entry.reservation.held);
        // With nothing held by clients, no client waits; the same for own work.
        expect(heldBytes('small large') === 0 && (waits('small') || waits('large'))).toBe(false);
        expect(heldBytes('own') === 0 && waits('own')).toBe(false);
        expect(granted).toEqual([...granted].sort((a, b) => a - b));
      }
      for (const { reservation } of live) {
        reservation.release();
      }
      live = [];
      expect(budget.heldBytes).toBe(0);
      expect(budget.waitingCount).toBe(0);
      expect(budget.wholeProduceCount).toBe(0);
      // Nothing stands before the seal any more, as far as the budget knows.
      budget.limitProduce(1);
      expect(claim(budget, 1, 'produce').held()).toBe(true);
    }),
  );
});

test('large frames cannot take the share of small ones, nor clients the reserve', () => {
  const budget = new ByteBudget({ smallBytes: MIB, commonBytes: 4 * MIB, ownBytes: MIB }, 0);
  const large = claim(budget, 4 * MIB);
  const next = claim(budget, 2 * MIB);
  const small = claim(budget, SMALL_FRAME_BYTES_MAX);
  const smaller = claim(budget, 1);
  const own = claim(budget, MIB, 'own');
  expect([large, next, small, smaller, own].map((entry) => entry.held())).toEqual([true, false, true, false, true]);
  small.release();
  expect(smaller.held()).toBe(true);
  expect(next.held()).toBe(false);
  large.release();
  expect(next.held()).toBe(true);
});

test('a small frame that came earlier is served from the common pool before a large one', () => {
  const budget = new ByteBudget({ smallBytes: 0, commonBytes: 4 * MIB, ownBytes: 0 }, 0);
  const first = claim(budget, 4 * MIB);
  const large = claim(budget, 4 * MIB);
  const small = claim(budget, 10);
  first.release();
  expect([large.held(), small.held()]).toEqual([true, false]);
  large.release();
  expect(small.held()).toBe(true);
});

test('what no pool could ever hold is refused at once', () => {
  const budget = new ByteBudget({ smallBytes: MIB, commonBytes: 4 * MIB, ownBytes: 10 }, 0);
  const events = { granted: () => expect.unreachable(), revoked: () => expect.unreachable() };
  expect(budget.reserve(4 * MIB + 1, 'client', 0, events)).toBeUndefined();
  expect(budget.reserve(11, 'own', 0, events)).toBeUndefined();
});

test('a reservation that stands still is revoked, but only while others wait', () => {
  const budget = new ByteBudget({ smallBytes: 0, commonBytes: 4 * MIB, ownBytes: 0 }, 0);
  const idle = claim(budget, 4 * MIB);
  for (let nowMs = 0; nowMs <= 60_000; nowMs += 1000) {
    budget.tick(nowMs);
  }
  expect(idle.revoked()).toBe(0);
  const waiter = claim(budget, MIB, 'client', 60_000);
  budget.tick(60_000 + PROGRESS_WINDOW_MS - 1);
  expect(idle.revoked()).toBe(0);
  budget.tick(60_000 + PROGRESS_WINDOW_MS);
  expect(idle.revoked()).toBe(1);
  expect(waiter.held()).toBe(false);
  idle.release();
  expect(waiter.held()).toBe(true);
  budget.tick(200_000);
  expect(idle.revoked()).toBe(1);
});

test('the 5 s begin with the waiting, not with the reservation', () => {
  const budget = new ByteBudget({ smallBytes: 0, commonBytes: 4 * MIB, ownBytes: 0 }, 0);
  const holder = claim(budget, 4 * MIB);
  claim(budget, MIB, 'client', 60_000);
  budget.tick(60_001);
  expect(holder.revoked()).toBe(0);
  budget.tick(60_000 + PROGRESS_WINDOW_MS);
  expect(holder.revoked()).toBe(1);
});

test('64 KiB in every 5 s keep a reservation, and a filled one is out of danger', () => {
  const budget = new ByteBudget({ smallBytes: 0, commonBytes: 8 * MIB, ownBytes: 0 }, 0);
  const steady = claim(budget, 4 * MIB);
  const filled = claim(budget, 4 * MIB);
  filled.reservation().filled();
  claim(budget, MIB);
  for (let nowMs = PROGRESS_WINDOW_MS; nowMs <= 10 * PROGRESS_WINDOW_MS; nowMs += PROGRESS_WINDOW_MS) {
    steady.reservation().gained(PROGRESS_BYTES_MIN);
    budget.tick(nowMs);
  }
  expect([steady.revoked(), filled.revoked()]).toEqual([0, 0]);
  steady.reservation().gained(PROGRESS_BYTES_MIN - 1);
  budget.tick(11 * PROGRESS_WINDOW_MS);
  expect([steady.revoked(), filled.revoked()]).toEqual([1, 0]);
});

test.each(['client', 'produce'] as const)(
  '300 frames of 50 MB that never come are turned over, while small frames flow, under a shrunken limit too (%s)',
  (claimant) => {
    const budget = new ByteBudget({ smallBytes: 8 * MIB, commonBytes: 128 * MIB, ownBytes: 0 }, 0);
    budget.limitProduce(4 * MIB);
    let closed = 0;
    for (let i = 0; i < 300; i += 1) {
      const hostile: { reservation?: Reservation } = {};
      hostile.reservation = budget.reserve(50_000_000, claimant, 0, {
        granted: () => {},
        revoked: () => {
          closed += 1;
          hostile.reservation!.release();
        },
      })!;
    }
    for (let nowMs = 0; nowMs <= 2_000_000; nowMs += 1000) {
      for (const small of [claim(budget, 100_000, 'client', nowMs), claim(budget, 100_000, 'produce', nowMs)]) {
        expect(small.held()).toBe(true);
        small.release();
      }
      budget.tick(nowMs);
    }
    // The last two wait behind nobody.
    expect(closed).toBe(298);
  },
);

/** Clients that claim again as soon as they have given back, oldest first. */
class Greedy {
  readonly #budget: ByteBudget;
  readonly #held: { readonly reservation: Reservation; readonly flow: Flow }[] = [];
  grants = 0;

  constructor(budget: ByteBudget, count: number) {
    this.#budget = budget;
    for (let i = 0; i < count; i += 1) this.#claim(new Flow());
  }

  /** The one that has held for longest gives back. */
  turn(): void {
    const { reservation, flow } = this.#held.shift()!;
    reservation.release();
    this.#claim(flow);
  }

  #claim(flow: Flow): void {
    const granted = (): void => {
      this.grants += 1;
      // It may be granted before `reserve` returns.
      queueMicrotask(() => this.#held.push({ reservation: reservation!, flow }));
    };
    const reservation = this.#budget.reserve(MIB, 'client', 0, { granted, revoked: () => {} }, flow);
  }
}

test('whoever has had little waits for about as much of everybody else, a large frame for one of each', async () => {
  const budget = new ByteBudget({ smallBytes: 0, commonBytes: 4 * MIB, ownBytes: 0 }, 0);
  const greedy = new Greedy(budget, 64);
  const turn = async (): Promise<void> => {
    await Promise.resolve();
    greedy.turn();
    await Promise.resolve();
  };
  for (let i = 0; i < 200; i += 1) await turn();
  const quiet = new Flow();
  for (let i = 0; i < 20; i += 1) {
    const little = claim(budget, 1_000, 'client', 0, quiet);
    expect(little.held()).toBe(false);
    await turn();
    expect(little.held()).toBe(true);
    little.release();
  }
  const before = greedy.grants;
  const large = claim(budget, 3 * MIB, 'client', 0, new Flow());
  while (!large.held()) await turn();
  expect(greedy.grants - before).toBeLessThanOrEqual(64);
});

test('what a connection was given while nobody waited for the same bytes is no debt to those who come later', () => {
  const budget = new ByteBudget({ smallBytes: 4 * MIB, commonBytes: 8 * MIB, ownBytes: 0 }, 0);
  // Ten large frames wait for the common pool, and go on waiting.
  for (let i = 0; i < 11; i += 1) claim(budget, 8 * MIB, 'produce', 0, new Flow());
  const old = new Flow();
  for (let i = 0; i < 16_000; i += 1) {
    const frame = claim(budget, MIB / 16, 'produce', 0, old);
    expect(frame.held()).toBe(true);
    frame.release();
  }
  for (let i = 0; i < 3; i += 1) claim(budget, MIB, 'produce', 0, new Flow());
  const all = Array.from({ length: 16 }, () => claim(budget, MIB / 16, 'produce', 0, new Flow()));
  const next = claim(budget, MIB / 16, 'produce', 0, old);
  expect([all.at(-1)!.held(), next.held()]).toEqual([true, false]);
  // Of two new ones each has a frame that waits, at any time.
  const fresh = [new Flow(), new Flow()].map((flow) => ({ flow, frame: claim(budget, MIB / 16, 'produce', 0, flow) }));
  let holder = all.pop()!;
  let freshFrames = 0;
  while (!next.held() && freshFrames < 10_000) {
    holder.release();
    const served = fresh.find(({ frame }) => frame.held());
    if (served !== undefined) {
      freshFrames += 1;
      holder = served.frame;
      served.frame = claim(budget, MIB / 16, 'produce', 0, served.flow);
    }
  }
  expect(next.held()).toBe(true);
  // It may lead by one frame of 1 MiB, whose like the ten that wait would take a hundred and more of these to have.
  expect(freshFrames).toBeLessThanOrEqual(2 * 10 * 16);
});

test('a limit below the pools holds Produce back whatever its frames, nothing else, and nobody for good', () => {
  const budget = new ByteBudget({ smallBytes: 4 * MIB, commonBytes: 4 * MIB, ownBytes: MIB }, 0);
  budget.limitProduce(MIB);
  const first = claim(budget, MIB, 'produce');
  const large = claim(budget, 2 * MIB, 'produce');
  const small = claim(budget, 1_000, 'produce');
  const others = [claim(budget, MIB, 'own'), claim(budget, 1_000), claim(budget, 2 * MIB)];
  expect([large.held(), small.held(), ...others.map((other) => other.held())]).toEqual([
    false,
    false,
    true,
    true,
    true,
  ]);
  expect([budget.waitingCount, budget.waitingProduceCount]).toEqual([2, 2]);
  first.release();
  // In their order: below the limit the small one has a share, and would keep the large one out for ever.
  expect([large.held(), small.held()]).toEqual([true, false]);
  budget.limitProduce(8 * MIB);
  expect(small.held()).toBe(true);
});

test('a large frame counts towards the limit with what has come of it, a small one with all', () => {
  const budget = new ByteBudget({ smallBytes: 4 * MIB, commonBytes: 40 * MIB, ownBytes: 0 }, 0);
  budget.limitProduce(8 * MIB);
  const large = claim(budget, 20 * MIB, 'produce');
  const isHeldBack = (): boolean => {
    const probe = claim(budget, 1, 'produce');
    const held = probe.held();
    probe.release();
    return !held;
  };
  large.reservation().gained(8 * MIB - 1);
  expect(isHeldBack()).toBe(false);
  large.reservation().gained(1);
  expect(isHeldBack()).toBe(true);
  // Never for more than it declared, though its bytes have been moved and told twice.
  large.reservation().gained(20 * MIB);
  budget.limitProduce(20 * MIB + 1);
  expect(isHeldBack()).toBe(false);
  budget.limitProduce(20 * MIB);
  large.reservation().filled();
  expect([isHeldBack(), budget.wholeProduceCount]).toEqual([true, 1]);
  budget.limitProduce(20 * MIB + 2);
  expect(isHeldBack()).toBe(false);
  const small = claim(budget, 2, 'produce');
  expect([small.held(), isHeldBack()]).toEqual([true, true]);
  large.release();
  expect([isHeldBack(), budget.wholeProduceCount]).toEqual([false, 0]);
});

function claim(budget: ByteBudget, bytes: number, claimant: Claimant = 'client', nowMs = 0, flow?: Flow) {
  let revoked = 0;
  const events = {
    granted: () => {},
    revoked: () => {
      revoked += 1;
    },
  };
  const reservation = budget.reserve(bytes, claimant, nowMs, events, flow)!;
  return {
    reservation: () => reservation,
    held: () => reservation.held,
    revoked: () => revoked,
    release: () => reservation.release(),
  };
}
