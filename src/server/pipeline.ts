import type { Slices } from '../protocol/writer.js';
import type { Connection } from '../world/world.js';
import { heapBytesOf, type UnsentAnswers, withoutNeighbours } from './unsent-answers.js';

/** What a request became. */
export interface Outgoing {
  /** The response frame; undefined when none is due. */
  readonly frame: Slices | undefined;
  /** Close the connection once it is sent. */
  readonly close: boolean;
}

export interface PipelineLimits {
  /** Requests that are not answered yet; then no further ones are read. */
  readonly requestsMax: number;
  /** Response bytes that the client has not taken; then no further requests are read and none are started. */
  readonly unsentBytesMax: number;
}

/** One read may bring tens of thousands of small requests: after so many others have their turn. */
export const STARTS_IN_TURN = 64;

export interface PipelineEvents {
  /** Whether further requests may be read. */
  hold(): void;
  continue(): void;
  sent(bytes: number): void;
  /** To run `run` once the event loop has gone round. */
  soon(run: () => void): void;
}

/** A request's place in the order of responses. */
export interface Place {
  /** To be called once. Does nothing when the connection is gone meanwhile. */
  answer(outgoing: Outgoing): void;
  /** Runs `run` once, when the response was sent or will never be. */
  whenSent(run: () => void): void;
}

/** A request that waits for its turn. */
interface Waiting {
  readonly start: () => void;
  readonly dropped: () => void;
  /** Those of one name may run together; undefined: runs alone. */
  readonly together: string | undefined;
}

interface Entry {
  /** For requests that start only when earlier ones of their kind are answered. */
  readonly waiting: Waiting | undefined;
  outgoing: Outgoing | undefined;
  /** Of the outgoing frame. */
  heapBytes: number;
  /** Its turn came. */
  hasLeft: boolean;
  readonly onSent: (() => void)[];
}

/**
 * The responses of one connection leave strictly in the order of its requests (Kafka's rule), in as few writes as
 * possible. *Concurrent* requests (Produce) run as they come; of the *serial* ones, each starts when the one before is
 * answered, or at once when both are of a kind that runs *together*: started in order, they take effect in order, and
 * share journal entries. What a client does not read is bounded: at `unsentBytesMax` nothing more is started or read; what all
 * of them do not read is bounded by `UnsentAnswers`.
 */
export class Pipeline {
  readonly #connection: Connection;
  readonly #limits: PipelineLimits;
  readonly #events: PipelineEvents;
  /** Unsent, in the order of the requests. */
  readonly #entries: Entry[] = [];
  /** Answered since the last flush. */
  #answered: Entry[] = [];
  /** Serial ones that have not started. */
  readonly #serial: Entry[] = [];
  #serialRunning = 0;
  /** Serial ones that were started. */
  #starts = 0;
  /** Others have their turn. */
  #rests = false;
  /** What the running serial ones have in common. */
  #together: string | undefined;
  readonly #unsent: UnsentAnswers;
  #unsentBytes = 0;
  #unsentHeapBytes = 0;
  #writtenBytes = 0;
  #sentBytes = 0;
  #held = false;
  #closed = false;
  #flushing = false;
  #finishing = false;
  #muted = false;

  constructor(connection: Connection, limits: PipelineLimits, events: PipelineEvents, unsent: UnsentAnswers) {
    this.#connection = connection;
    this.#limits = limits;
    this.#events = events;
    this.#unsent = unsent;
  }

  /** Requests without an answer. */
  get running(): number {
    return this.#entries.length;
  }

  get unsentBytes(): number {
    return this.#unsentBytes;
  }

  /** What of `unsentBytes` is heap; the rest keeps room in segments and blocks. */
  get unsentHeapBytes(): number {
    return this.#unsentHeapBytes;
  }

  /** Bytes of all answers whose turn has come. */
  get writtenBytes(): number {
    return this.#writtenBytes;
  }

  /** What of them was sent, by whole writes: so long each is kept. */
  get sentBytes(): number {
    return this.#sentBytes;
  }

  /** A place for a request that runs at once. */
  concurrent(): Place {
    return this.#place(this.#enter(undefined));
  }

  /**
   * A place for a request that runs when its turn comes. `dropped` runs instead when the connection ends before. It does
   * not wait for those before it that have the same `together`.
   */
  serial(start: (place: Place) => void, dropped: () => void = () => {}, together?: string): void {
    const entry: Entry = this.#enter({ start: () => start(this.#place(entry)), dropped, together });
    if (this.#closed) {
      dropped();
      return;
    }
    this.#serial.push(entry);
    this.#startNext();
  }

  /** Starts no serial request until `unmute`. */
  mute(): void {
    this.#muted = true;
  }

  unmute(): void {
    this.#muted = false;
    this.#startNext();
  }

  /**
   * No further requests come and none are started; closes the connection once those under way are answered, or at the first
   * that never starts: nothing can be answered behind it.
   */
  finish(): void {
    this.#finishing = true;
    for (const entry of this.#serial.splice(0)) {
      // It keeps its place: the next answer there would be taken for its own.
      entry.outgoing = { frame: undefined, close: true };
      entry.waiting?.dropped();
    }
    this.#flush();
  }

  /** The connection is gone. */
  end(): void {
    this.#closed = true;
    for (const entry of this.#serial.splice(0)) {
      entry.waiting?.dropped();
    }
    this.#unsent.forget(this.#room);
    // What was written is taken back when its write ends.
    for (const entry of this.#entries.splice(0)) {
      this.#left(entry.outgoing?.frame?.bytes ?? 0, entry.heapBytes);
      runAll(entry.onSent);
    }
  }

  #enter(waiting: Entry['waiting']): Entry {
    const entry: Entry = { waiting, outgoing: undefined, heapBytes: 0, hasLeft: false, onSent: [] };
    this.#entries.push(entry);
    this.#balance();
    return entry;
  }

  #place(entry: Entry): Place {
    return {
      answer: (outgoing) => {
        if (entry.outgoing !== undefined) {
          throw new Error('a request was answered twice');
        }
        entry.outgoing = outgoing;
        this.#answered.push(entry);
        if (!this.#closed && outgoing.frame !== undefined) {
          entry.heapBytes = heapBytesOf(outgoing.frame.slices);
          this.#unsentBytes += outgoing.frame.bytes;
          this.#unsentHeapBytes += entry.heapBytes;
          this.#unsent.add(entry.heapBytes);
        }
        if (entry.waiting === undefined) {
          this.#flushSoon();
        } else {
          this.#serialRunning -= 1;
          this.#flush();
          this.#startNext();
        }
      },
      whenSent: (run) => {
        if (this.#closed) {
          run();
        } else {
          entry.onSent.push(run);
        }
      },
    };
  }

  #startNext(): void {
    while (!this.#rests && this.#mayStart(this.#serial[0]?.waiting)) {
      const { waiting } = this.#serial.shift()!;
      this.#serialRunning += 1;
      this.#starts += 1;
      if (this.#starts % STARTS_IN_TURN === 0) this.#rest();
      this.#together = waiting!.together;
      waiting!.start();
    }
  }

  #rest(): void {
    this.#rests = true;
    this.#events.soon(() => {
      this.#rests = false;
      this.#startNext();
    });
  }

  #mayStart(next: Waiting | undefined): boolean {
    const held = this.#muted || this.#unsentBytes >= this.#limits.unsentBytesMax;
    if (next === undefined || this.#closed || this.#finishing || held) {
      return false;
    }
    if (this.#serialRunning > 0 && (next.together === undefined || next.together !== this.#together)) {
      return false;
    }
    const hasTakenAll = this.#unsentBytes === 0;
    const mayStart = this.#unsent.mayStart(hasTakenAll);
    if (!mayStart) this.#unsent.whenRoom(this.#room, hasTakenAll);
    return mayStart;
  }

  readonly #room = (): void => this.#startNext();

  /** Answers were sent, or never will be. */
  #left(bytes: number, heapBytes: number): void {
    this.#unsentBytes -= bytes;
    this.#unsentHeapBytes -= heapBytes;
    this.#unsent.remove(heapBytes);
  }

  /** Concurrent ones are answered many at a time, by one segment: what is answered in one go leaves in one write. */
  #flushSoon(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    void Promise.resolve().then(() => {
      this.#flushing = false;
      this.#flush();
      this.#startNext();
    });
  }

  /** Writes every response whose turn has come. */
  #flush(): void {
    const answered = this.#answered;
    this.#answered = [];
    if (this.#closed) {
      return;
    }
    // What does not leave at once, since an earlier one has not left or is not there, must not keep its neighbours' memory.
    const mustWait = this.#writtenBytes > this.#sentBytes;
    const slices: Uint8Array[] = [];
    const onSent: (() => void)[] = [];
    let bytes = 0;
    let heapBytes = 0;
    let close = false;
    while (!close && this.#entries[0]?.outgoing !== undefined) {
      const entry = this.#entries.shift()!;
      entry.hasLeft = true;
      const own = entry.outgoing!.frame?.slices ?? [];
      for (const slice of mustWait ? withoutNeighbours(own) : own) {
        slices.push(slice);
      }
      bytes += entry.outgoing!.frame?.bytes ?? 0;
      heapBytes += entry.heapBytes;
      onSent.push(...entry.onSent);
      close = entry.outgoing!.close;
    }
    for (const entry of answered) {
      const { frame, close: closes } = entry.outgoing!;
      if (entry.hasLeft || frame === undefined) continue;
      entry.outgoing = { frame: { slices: withoutNeighbours(frame.slices), bytes: frame.bytes }, close: closes };
    }
    if (slices.length > 0) {
      this.#writtenBytes += bytes;
      this.#connection.write(slices, () => {
        this.#sentBytes += bytes;
        this.#left(bytes, heapBytes);
        this.#events.sent(bytes);
        runAll(onSent);
        this.#startNext();
        this.#balance();
      });
    } else {
      runAll(onSent);
    }
    if (close || (this.#finishing && this.#entries.length === 0)) {
      this.#connection.end();
      this.end();
    }
    this.#balance();
  }

  #balance(): void {
    const full = this.#entries.length >= this.#limits.requestsMax || this.#unsentBytes >= this.#limits.unsentBytesMax;
    // One that finishes stays held: what its owner no longer reads must not come in because a response left.
    if (full !== this.#held && !this.#closed && !this.#finishing) {
      this.#held = full;
      if (full) {
        this.#events.hold();
      } else {
        this.#events.continue();
      }
    }
  }
}

function runAll(callbacks: readonly (() => void)[]): void {
  for (const run of callbacks) {
    run();
  }
}
