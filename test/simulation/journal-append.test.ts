// The rules of an append (docs/ARCHITECTURE.md, The journal), without leadership: whoever owns a slot knows it, and nobody else believes it.
import { describe, expect, test } from 'vitest';
import { objectJournal } from '../../src/journal/drivers/objects.js';
import { MemoryStore } from '../../src/objects/drivers/memory.js';
import { Hedging } from '../../src/objects/hedge.js';
import type { World } from '../../src/world/world.js';
import { append } from '../../workers/leader/append.js';
import { type AppliedWrite, calm, FaultyBucket, stormOf, type Weather } from './faulty-store.js';
import { SeededRandom } from './random.js';
import { SimulatedDisk } from './simulated-files.js';
import { SimulatedNet } from './simulated-net.js';
import { simulatedWorld } from './simulated-world.js';
import { VirtualTime } from './virtual-time.js';

const appenders = 2;
const slots = 25;
/** Most answers are lost, so that retries are, too, and what was sent first may land last. */
const losing: Weather = { ...calm, slow: 0.1, unavailable: 0.1, unknown: 0.7 };

interface Try {
  readonly appender: number;
  readonly revision: number;
  readonly bytes: Uint8Array;
  readonly outcome: 'ours' | 'others' | 'stopped';
}

/** Appenders that all want every slot, one after the other, each with bytes of its own; some give up midway. */
async function race(seed: number, givingUp: boolean) {
  const time = new VirtualTime();
  const random = new SeededRandom(seed);
  const inner = new MemoryStore();
  const writes: AppliedWrite[] = [];
  const bucket = new FaultyBucket(inner, time, random.fork(), {
    requestMsMax: 1_000,
    onApplied: (write) => writes.push(write),
  });
  bucket.weather = seed % 2 === 0 ? losing : stormOf(random);
  const tries: Try[] = [];
  let met = 0;
  let hedges = 0;
  const run = async (appender: number): Promise<void> => {
    const own = random.fork();
    const host = { time, net: new SimulatedNet(time, own), disk: new SimulatedDisk(time, own) };
    const world: World = simulatedWorld(host, own, 0, () => true);
    const journal = objectJournal(
      bucket.storeOf(() => true),
      'c',
    );
    const hedging = new Hedging(world, () => {
      hedges += 1;
    });
    // A store that used to answer at once: whatever is slower is sent twice, as far as that is earned.
    for (let i = 0; i < 40; i += 1) await hedging.run(async () => undefined);
    for (let revision = 1; revision <= slots; revision += 1) {
      const bytes = own.bytes(own.between(16, 64));
      const stop = new AbortController();
      if (givingUp && own.chance(0.3)) time.after(own.between(0, 3_000), () => stop.abort());
      const outcome = await append(world, journal, hedging, revision, bytes, stop.signal, () => {
        met += 1;
      });
      tries.push({ appender, revision, bytes, outcome });
    }
  };
  let over = false;
  void Promise.all(Array.from({ length: appenders }, (_, appender) => run(appender))).then(() => {
    over = true;
  });
  expect(await time.run(() => over, 1e9)).toBe('done');
  // What is still under way lands.
  expect(await time.run(() => false, 1e9)).toBe('idle');
  const full = new Map<number, Uint8Array>();
  const journal = objectJournal(inner, 'c');
  for (let revision = 1; revision <= slots; revision += 1) {
    const bytes = await journal.read(revision);
    if (bytes !== undefined) full.set(revision, bytes);
  }
  return { tries, writes, full, met, hedges };
}

const seeds = Array.from({ length: 60 }, (_, index) => index + 1);

describe('appenders that race through a storm', () => {
  test.each(seeds)('seed %i: every slot has one owner, who knows it', async (seed) => {
    const { tries, full } = await race(seed, false);
    for (let revision = 1; revision <= slots; revision += 1) {
      const owners = tries.filter((one) => one.revision === revision && one.outcome === 'ours');
      expect(owners, `slot ${revision}`).toHaveLength(1);
      expect(Buffer.compare(full.get(revision)!, owners[0]!.bytes), `slot ${revision}`).toBe(0);
    }
  });

  test.each(seeds)('seed %i: a slot is filled once, and asked for with the same bytes each time', async (seed) => {
    const { tries, writes } = await race(seed, true);
    for (let revision = 1; revision <= slots; revision += 1) {
      const key = `c/journal/${String(revision).padStart(20, '0')}`;
      const puts = writes.filter((write) => write.key === key);
      expect(puts.filter(({ outcome }) => outcome === 'done').length).toBeLessThanOrEqual(1);
      expect(new Set(puts.map(({ bytes }) => Buffer.from(bytes).toString('hex'))).size).toBeLessThanOrEqual(appenders);
      for (const { options } of puts) expect(options).toEqual({ ifNoneMatch: '*', unversioned: true });
      expect(tries.filter((one) => one.revision === revision && one.outcome === 'ours').length).toBeLessThanOrEqual(1);
    }
  });

  test.each(seeds)('seed %i: who gave up never owns a slot that another was told is its own', async (seed) => {
    const { tries, full } = await race(seed, true);
    for (const { revision, bytes, outcome } of tries) {
      const holds = full.has(revision) && Buffer.compare(full.get(revision)!, bytes) === 0;
      if (outcome === 'ours') expect(holds, `slot ${revision}`).toBe(true);
      if (outcome === 'others') expect(holds, `slot ${revision}`).toBe(false);
    }
  });

  test('the storms bring what they should: lost answers, late landings, creates refused over own bytes, hedges', async () => {
    let met = 0;
    let hedges = 0;
    let late = 0;
    let refusedOverOwn = 0;
    for (const seed of seeds) {
      const run = await race(seed, false);
      met += run.met;
      hedges += run.hedges;
      late += run.writes.filter((write) => write.late && write.outcome === 'done').length;
      for (const { key, bytes, outcome } of run.writes) {
        const filled = run.writes.find((write) => write.key === key && write.outcome === 'done');
        if (outcome === 'refused' && Buffer.compare(filled!.bytes, bytes) === 0) refusedOverOwn += 1;
      }
    }
    expect(met).toBeGreaterThan(500);
    expect(hedges).toBeGreaterThan(100);
    expect(late).toBeGreaterThan(50);
    expect(refusedOverOwn).toBeGreaterThan(50);
  });
});
