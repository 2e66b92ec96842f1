import type { BlockReader } from '../cache/blocks.js';
import type { FetchLink } from '../cache/fetch-link.js';
import type { MetadataClient } from '../cluster/metadata-client.js';
import type { Timer, Timers } from '../world/world.js';
import type { FetchAnswer, FetchEngine, FetchRequest, TimestampedOffset } from './engine-contract.js';
import { answerOf, drop, isLimited, type Look, lookAround, type Pass, readCold } from './pass.js';
import { TimestampLookup } from './timestamps.js';
import { Wakeups } from './wakeups.js';

export interface FetchDependencies {
  readonly cluster: string;
  readonly metadata: MetadataClient;
  readonly blocks: BlockReader;
  readonly link: FetchLink;
  readonly timers: Timers;
  /** A partition could not be read; for the log. */
  readonly onUnavailable: (reason: string) => void;
  /** Every answer, for the metrics: bytes by the place where they were found. */
  readonly onRead: (place: 'memory' | 'block' | 'store', bytes: number) => void;
}

/** A fresh read takes one request to the journal's store; without a leader it never comes. */
const DOUBT_MS_MAX = 1_000;

/** From an entry to the stamp of its segment it is a moment, or the lane is gone, which ends the wait as well. */
const STAMP_MS_MAX = 250;

/** Long polls over the metadata replica and the block cache. */
export class Fetcher implements FetchEngine {
  readonly #to: FetchDependencies;
  readonly #wakeups = new Wakeups();
  readonly #timestamps: TimestampLookup;

  constructor(to: FetchDependencies) {
    this.#to = to;
    this.#timestamps = new TimestampLookup(to.cluster, to.metadata.view, to.link);
    to.metadata.onApplied((_revision, changes) => this.#wakeups.applied(changes));
  }

  async fetch(request: FetchRequest, signal: AbortSignal, crowded?: AbortSignal): Promise<FetchAnswer> {
    const deadline = new Deadline(this.#to.timers, request.waitMaxMs, signal, crowded);
    const patience = new Patience(this.#to.timers, crowded);
    const fresh = new FreshRead(this.#to.metadata);
    let storeFailed = false;
    let doubted = false;
    let stampAwaited = false;
    try {
      for (;;) {
        const look: Look = { request, view: this.#to.metadata.view, blocks: this.#to.blocks, fresh: fresh.done };
        const pass = lookAround(look);
        const enough = pass.failed || hasEnough(pass, request) || deadline.passed;
        // Watched in the turn of the look: an advance before the wait is not missed. Who has enough waits for none.
        const change = enough ? NO_CHANGE : this.#nextChange(request, deadline);
        if (pass.bytes === 0 && !pass.failed && !isLimited(pass) && pass.soon.length > 0 && !stampAwaited) {
          drop(pass);
          change.cancel();
          const stamped = Promise.race(pass.soon);
          // Though there is enough or time is up: an answer that tells of records should have some.
          stampAwaited = enough;
          await (stampAwaited ? this.#happens(stamped, STAMP_MS_MAX) : Promise.race([stamped, deadline.reached]));
          continue;
        }
        if (pass.cold.length > 0 && !pass.failed && (pass.coldFirst || !enough) && !signal.aborted) {
          const failures = await readCold(pass, look, { signal, crowded: patience.over });
          for (const failure of failures) this.#to.onUnavailable(failure.message);
          if (failures.length > 0 && pass.bytes === 0 && !storeFailed) {
            // The object may have been replaced since: resolved once more behind a fresh read before it is an error.
            drop(pass);
            change.cancel();
            storeFailed = true;
            await Promise.race([fresh.read(), deadline.reached]);
            continue;
          }
          pass.failed ||= failures.length > 0;
        }
        if (enough && pass.bytes === 0 && pass.doubtful && !pass.failed && !doubted) {
          // A client that will not wait must learn all the same that its offset is out of range, or it asks for ever.
          drop(pass);
          change.cancel();
          doubted = true;
          await this.#happens(fresh.read(), DOUBT_MS_MAX, signal);
          continue;
        }
        if (enough || pass.failed || hasEnough(pass, request)) {
          change.cancel();
          return this.#answer(pass);
        }
        drop(pass);
        const waits = [change.happened];
        if (pass.doubtful) waits.push(fresh.read());
        await Promise.race(waits);
        change.cancel();
      }
    } finally {
      deadline.cancel();
      patience.cancel();
    }
  }

  offsetForTimestamp(topicId: string, partition: number, timestampMs: number): Promise<TimestampedOffset | undefined> {
    return this.#timestamps.firstAtOrAfter(topicId, partition, timestampMs);
  }

  offsetOfMaxTimestamp(topicId: string, partition: number): Promise<TimestampedOffset | undefined> {
    return this.#timestamps.greatest(topicId, partition);
  }

  /** Waits for it so long at most; with `signal`, no longer than the client is there. */
  async #happens(what: Promise<void>, msMax: number, signal?: AbortSignal): Promise<void> {
    const patience = new Deadline(this.#to.timers, msMax, signal);
    await Promise.race([what, patience.reached]);
    patience.cancel();
  }

  #answer(pass: Pass): FetchAnswer {
    for (const { reading } of pass.partitions) if (reading !== undefined) this.#to.onRead(reading.place, reading.bytes);
    return answerOf(pass);
  }

  #nextChange(request: FetchRequest, deadline: Deadline): Change {
    let cancel: () => void = () => {};
    const advanced = new Promise<void>((wake) => {
      cancel = this.#wakeups.watch(request.partitions, wake);
    });
    return { happened: Promise.race([advanced, deadline.reached]), cancel };
  }
}

/** A partition's advance, or the end of the long poll. */
interface Change {
  readonly happened: Promise<void>;
  cancel(): void;
}

const NO_CHANGE: Change = { happened: new Promise(() => {}), cancel: () => {} };

/** As Kafka counts: more that is there but not let in by a limit counts as given, since waiting brings no more. */
function hasEnough(pass: Pass, request: FetchRequest): boolean {
  return pass.bytes >= request.bytesMin || isLimited(pass);
}

/** At most one fresh read for one fetch. */
class FreshRead {
  readonly #metadata: MetadataClient;
  #reading: Promise<void> | undefined;
  done = false;

  constructor(metadata: MetadataClient) {
    this.#metadata = metadata;
  }

  /** Never rejects: without a leader it stays open, and a fetch beyond the high watermark waits like one at it. */
  read(): Promise<void> {
    this.#reading ??= new Promise((resolve) => {
      const confirmed = (): void => {
        this.done = true;
        resolve();
      };
      this.#metadata.fresh().then(confirmed, () => {});
    });
    return this.#reading;
  }
}

/** Whose memory is wanted waits in line for the store this long all the same: an empty answer at once would only bring it back. */
const CROWDED_MS = 1_000;

class Patience {
  readonly #over = new AbortController();
  #timer: Timer | undefined;
  readonly #begin: () => void;
  readonly #crowded: AbortSignal | undefined;

  constructor(timers: Timers, crowded: AbortSignal | undefined) {
    this.#crowded = crowded;
    this.#begin = () => {
      this.#timer = timers.after(CROWDED_MS, () => this.#over.abort());
    };
    if (crowded?.aborted) this.#begin();
    else crowded?.addEventListener('abort', this.#begin, { once: true });
  }

  get over(): AbortSignal {
    return this.#over.signal;
  }

  cancel(): void {
    this.#timer?.cancel();
    this.#crowded?.removeEventListener('abort', this.#begin);
  }
}

/** The end of a long poll: its time is up or its client is gone. */
class Deadline {
  passed = false;
  readonly reached: Promise<void>;
  #cancel: () => void = () => {};

  constructor(timers: Timers, delayMs: number, signal?: AbortSignal, crowded?: AbortSignal) {
    this.passed = delayMs <= 0 || signal?.aborted === true || crowded?.aborted === true;
    this.reached = new Promise((resolve) => {
      const end = (): void => {
        this.passed = true;
        resolve();
      };
      if (this.passed) return end();
      const timer = timers.after(delayMs, end);
      signal?.addEventListener('abort', end, { once: true });
      crowded?.addEventListener('abort', end, { once: true });
      this.#cancel = () => {
        timer.cancel();
        signal?.removeEventListener('abort', end);
        crowded?.removeEventListener('abort', end);
      };
    });
  }

  cancel(): void {
    this.#cancel();
  }
}
