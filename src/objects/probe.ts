import type { Timers, World } from '../world/world.js';
import { type HoldsBack, type LastByte, type PutOptions, type Store, StoreError } from './store.js';

/** What Weft asks of a store beyond keeping bytes. */
export type StoreCondition =
  | 'read-after-write'
  | 'create-only'
  | 'racing creates'
  | 'compare-and-set'
  | 'racing swaps'
  | 'list-after-write'
  | 'delete';

/** The store works, but not as Weft needs it; or it cannot be reached (then `condition` is undefined). */
export class ProbeError extends Error {
  readonly condition: StoreCondition | undefined;
  constructor(condition: StoreCondition | undefined, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ProbeError';
    this.condition = condition;
  }
}

const racers = 8;
const rounds = 3;
/** How long last bytes are held back: as long as a whole write took, within these. */
const holdMsMin = 20;
const holdMsMax = 500;
/** A store that has answered may have a bad moment: such a probe is begun anew, after a wait of at most this, doubled each time. */
const triesMax = 4;
const pauseMsFirst = 200;
/** What a killed probe left is removed by a later one after this time: no probe takes that long. */
const abandonedMs = 3_600_000;

/**
 * Tries on the store itself what the safety of the journal rests on, below `<cluster>/probe/`, and cleans up. Some servers
 * refuse a second create, yet let every one of several *racing* creators win: so creators and swappers race, and where
 * writes cross a network each holds back its last byte until all have arrived. Rejects with ProbeError.
 */
export async function probeStore(
  store: Store & Partial<HoldsBack>,
  cluster: string,
  world: Pick<World, 'clock' | 'random' | 'timers'>,
): Promise<void> {
  let probe: Probe | undefined;
  for (let tries = 1; ; tries += 1) {
    const stem = `${world.clock.wallMs()}-${world.random.uint32()}-`;
    probe = new Probe(store, world, `${cluster}/probe/`, stem, probe?.written);
    const failure = await probeOnce(probe, world);
    if (failure === undefined) return;
    if (!probe.answered || !mayPass(failure) || tries === triesMax) throw failure;
    const pauseMs = (pauseMsFirst * 2 ** (tries - 1) * world.random.uint32()) / 2 ** 32;
    await new Promise<void>((resolve) => void world.timers.after(pauseMs, resolve));
  }
}

async function probeOnce(probe: Probe, world: Pick<World, 'clock'>): Promise<ProbeError | undefined> {
  const attempt = async (run: () => Promise<void>): Promise<ProbeError | undefined> => {
    try {
      await run();
      return undefined;
    } catch (error) {
      if (error instanceof ProbeError) return error;
      if (!(error instanceof StoreError)) throw error;
      return new ProbeError(undefined, `the bucket cannot be used: ${error.message}`, { cause: error });
    }
  };
  const broken = await attempt(async () => {
    await probe.sequence();
    // Side by side, since a start waits for them; no failure leaves the other one's writers behind.
    const races = await Promise.allSettled([probe.racingCreates(), probe.racingSwaps()]);
    for (const race of races) if (race.status === 'rejected') throw race.reason;
    await probe.listing();
    await probe.deletion();
  });
  if (!probe.answered) return broken;
  const uncleaned = await attempt(() => probe.cleanUp(world.clock.wallMs()));
  return broken ?? uncleaned;
}

function mayPass({ cause }: ProbeError): boolean {
  return cause instanceof StoreError && (cause.fault === 'unavailable' || cause.fault === 'unknown');
}

type Outcome = 'done' | 'refused' | 'conflict' | 'unknown';

class Probe {
  readonly #store: Store & Partial<HoldsBack>;
  readonly #world: Pick<World, 'clock' | 'timers'>;
  readonly #folder: string;
  readonly #stem: string;
  readonly #keys = new Set<string>();
  readonly #former: ReadonlySet<string>;
  /** How long the first write took. */
  #putMs: number | undefined;

  constructor(
    store: Store & Partial<HoldsBack>,
    world: Pick<World, 'clock' | 'timers'>,
    folder: string,
    stem: string,
    /** What an earlier try may have left. */
    former: ReadonlySet<string> = new Set(),
  ) {
    this.#store = store;
    this.#world = world;
    this.#folder = folder;
    this.#stem = stem;
    this.#former = former;
  }

  get written(): ReadonlySet<string> {
    return new Set([...this.#former, ...this.#keys]);
  }

  get answered(): boolean {
    return this.#putMs !== undefined;
  }

  async sequence(): Promise<void> {
    const key = this.#key('sequence');
    const first = textBytes('first');
    const startMs = this.#world.clock.monotonicMs();
    const { version } = await this.#store.put(key, [first], { ifNoneMatch: '*' });
    this.#putMs = this.#world.clock.monotonicMs() - startMs;
    await this.#expect(key, first, 'read-after-write');
    if ((await this.#try(key, textBytes('second'), { ifNoneMatch: '*' })) !== 'refused') {
      throw this.#broken('create-only', 'a second create of the same object (If-None-Match: *) was not refused');
    }
    await this.#expect(key, first, 'create-only');
    const swapped = textBytes('swapped');
    const swap = await this.#try(key, swapped, { ifMatch: version });
    if (swap !== 'done') {
      throw this.#broken('compare-and-set', 'replacing an object by its present version (If-Match) was refused');
    }
    await this.#expect(key, swapped, 'read-after-write');
    if ((await this.#try(key, textBytes('stale'), { ifMatch: version })) !== 'refused') {
      throw this.#broken('compare-and-set', 'replacing an object by a former version (If-Match) was not refused');
    }
    if ((await this.#try(this.#key('absent'), textBytes('absent'), { ifMatch: version })) !== 'refused') {
      throw this.#broken('compare-and-set', 'replacing an object that is not there (If-Match) was not refused');
    }
    await this.#expect(key, swapped, 'compare-and-set');
  }

  async racingCreates(): Promise<void> {
    for (let round = 0; round < rounds; round += 1) {
      const key = this.#key(`create-${round}`);
      const winners = await this.#race(key, round, { ifNoneMatch: '*' });
      if (winners > 1) {
        const what = `${winners} of ${racers} creates of the same object at the same time succeeded`;
        throw this.#broken('racing creates', what);
      }
    }
  }

  async racingSwaps(): Promise<void> {
    const key = this.#key('swap');
    let { version } = await this.#store.put(key, [textBytes('start')], { ifNoneMatch: '*' });
    for (let round = 0; round < rounds; round += 1) {
      const winners = await this.#race(key, round, { ifMatch: version });
      if (winners > 1) {
        const what = `${winners} of ${racers} replacements of the same version at the same time succeeded`;
        throw this.#broken('racing swaps', what);
      }
      ({ version } = await this.#store.get(key));
    }
  }

  async listing(): Promise<void> {
    const listed = await this.#listed();
    for (const key of this.#keys) {
      const size = await this.#sizeOf(key);
      if (listed.get(key) !== size) {
        const what = size === undefined ? 'an object that is not there is listed' : 'a listing lacks a new object';
        throw this.#broken('list-after-write', what);
      }
    }
  }

  async deletion(): Promise<void> {
    const key = this.#key('sequence');
    await this.#store.delete(key);
    if ((await this.#sizeOf(key)) !== undefined) throw this.#broken('delete', 'a deleted object can still be read');
    if ((await this.#listed()).has(key)) throw this.#broken('list-after-write', 'a deleted object is still listed');
    await this.#store.delete(key);
  }

  async cleanUp(nowMs: number): Promise<void> {
    const abandoned = [...(await this.#listed()).keys()].filter((key) => {
      const startedMs = Number.parseInt(key.slice(this.#folder.length), 10);
      return startedMs < nowMs - abandonedMs;
    });
    await Promise.all([...new Set([...abandoned, ...this.written])].map((key) => this.#store.delete(key)));
  }

  /**
   * Writers of different bytes to one key at one time; how many succeeded. The object must be a successful one's. Bytes
   * differ from round to round: a version may be a digest, so that writing the present bytes again changes nothing.
   */
  async #race(key: string, round: number, options: PutOptions): Promise<number> {
    const bodies = Array.from({ length: racers }, (_, racer) => textBytes(`racer ${racer} of round ${round}`));
    const line = new StartingLine(
      racers,
      this.#world.timers,
      Math.min(holdMsMax, Math.max(holdMsMin, this.#putMs ?? 0)),
    );
    const outcomes = await Promise.all(
      bodies.map((body) => {
        const lastByte = line.next();
        return this.#try(key, body, options, lastByte).finally(lastByte.reached);
      }),
    );
    const winners = bodies.filter((_, racer) => outcomes[racer] === 'done');
    const perhaps = bodies.filter((_, racer) => outcomes[racer] === 'unknown');
    if (winners.length !== 1) return winners.length;
    const { bytes } = await this.#store.get(key);
    const condition = options.ifMatch === undefined ? 'racing creates' : 'racing swaps';
    if (perhaps.length === 0 && !sameBytes(bytes, winners[0]!)) {
      throw this.#broken(condition, 'the object holds bytes of a writer that was told it had lost');
    }
    return 1;
  }

  async #try(key: string, body: Uint8Array, options: PutOptions, lastByte?: LastByte): Promise<Outcome> {
    try {
      if (lastByte !== undefined && this.#store.putHeldBack !== undefined) {
        await this.#store.putHeldBack(key, body, options, lastByte);
      } else await this.#store.put(key, [body], options);
      return 'done';
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      if (error.fault === 'precondition-failed') return 'refused';
      if (lastByte === undefined) throw error;
      // A racer may be turned away for the race's sake (409) or lose its connection.
      if (error.fault === 'unavailable') return 'conflict';
      if (error.fault === 'unknown') return 'unknown';
      throw error;
    }
  }

  async #expect(key: string, expected: Uint8Array, condition: StoreCondition): Promise<void> {
    const { bytes } = await this.#store.get(key);
    if (!sameBytes(bytes, expected)) throw this.#broken(condition, 'a read gave other bytes than the last write');
  }

  async #sizeOf(key: string): Promise<number | undefined> {
    try {
      return (await this.#store.get(key)).bytes.length;
    } catch (error) {
      if (error instanceof StoreError && error.fault === 'not-found') return undefined;
      throw error;
    }
  }

  async #listed(): Promise<Map<string, number>> {
    const found = new Map<string, number>();
    for await (const { key, bytes } of this.#store.list(this.#folder)) found.set(key, bytes);
    return found;
  }

  #key(name: string): string {
    const key = `${this.#folder}${this.#stem}${name}`;
    this.#keys.add(key);
    return key;
  }

  #broken(condition: StoreCondition, what: string): ProbeError {
    return new ProbeError(
      condition,
      `${this.#store.name} cannot be used: ${condition} does not hold: ${what}. ` +
        'Weft would lose acknowledged records on such a store. Use one with conditional writes that hold in every race ' +
        '(Amazon S3, MinIO, versitygw 1.8 or later, or a folder), or upgrade this one.',
    );
  }
}

/**
 * Lets the last bytes go `holdMs` after every racer has sent the rest, or has its answer already: sent is not received, and
 * the server must have begun with all before it can end with one.
 */
class StartingLine {
  #missing: number;
  #open: () => void = () => {};
  readonly #release: Promise<void>;

  constructor(count: number, timers: Timers, holdMs: number) {
    this.#missing = count;
    this.#release = new Promise((resolve) => {
      this.#open = () => timers.after(holdMs, resolve);
    });
  }

  /** For one racer; `reached` counts once. */
  next(): LastByte {
    let counted = false;
    const reached = (): void => {
      if (counted) return;
      counted = true;
      this.#missing -= 1;
      if (this.#missing === 0) this.#open();
    };
    return { reached, release: this.#release };
  }
}

function textBytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}
