import type { Outcome } from '../metadata/outcomes.js';
import type { ForwardedCommand } from './messages.js';
import { MetadataUnavailable } from './metadata-client.js';

interface Pending {
  readonly command: Uint8Array;
  resolve(outcome: Outcome): void;
  reject(error: Error): void;
}

/** Commands of one stream that may be on their way at once; far below what apply leaves unconfirmed. */
const SENT_MAX = 1024;
/** The stream of what clients ask for; the lanes have the others. */
const CONTROL = 0;
/** What a command without an outcome is counted for besides its bytes: it, and whoever asked for it (measured with commits). */
const COMMAND_BYTES = 3 * 1024;

/**
 * One ordered stream of this agent's commands: numbers without gaps, each kept until its outcome was applied here, so that
 * it can be sent again to whoever leads next.
 */
class Stream {
  readonly #pending = new Map<number, Pending>();
  #pendingBytes = 0;
  /** The number added last. */
  last = 0;
  /** Every number up to here has its outcome. */
  settled = 0;
  /** Every number up to here was sent to the present leader. */
  sent = 0;

  add(pending: Pending): void {
    this.last += 1;
    this.#pending.set(this.last, pending);
    this.#pendingBytes += COMMAND_BYTES + pending.command.length;
  }

  get hasUnsent(): boolean {
    return this.sent < this.#sendable;
  }

  /** The last number that may be sent now. */
  get #sendable(): number {
    return Math.min(this.last, this.settled + SENT_MAX);
  }

  takeUnsent(agentEpoch: number, stream: number, into: ForwardedCommand[]): void {
    const until = this.#sendable;
    while (this.sent < until) {
      this.sent += 1;
      const { command } = this.#pending.get(this.sent)!;
      into.push({ agentEpoch, stream, number: this.sent, confirmed: this.settled, command });
    }
  }

  /** Apply takes numbers in order, so they settle in order; a repeat finds nothing pending. */
  settle(number: number, outcome: Outcome): void {
    const pending = this.#pending.get(number);
    if (pending === undefined) {
      return;
    }
    this.#pending.delete(number);
    this.#pendingBytes -= COMMAND_BYTES + pending.command.length;
    this.settled = number;
    this.sent = Math.max(this.sent, number);
    pending.resolve(outcome);
  }

  rejectAll(error: Error): void {
    for (const { reject } of this.#pending.values()) {
      reject(error);
    }
    this.#pending.clear();
    this.#pendingBytes = 0;
  }

  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  get pendingCount(): number {
    return this.#pending.size;
  }
}

/** All streams of one agent epoch. */
export class Streams {
  readonly #agentEpoch: number;
  readonly #streams = new Map<number, Stream>();
  #closed: MetadataUnavailable | undefined;

  constructor(agentEpoch: number) {
    this.#agentEpoch = agentEpoch;
  }

  /** Adds a command at the end of the control stream. */
  addControl(command: Uint8Array): Promise<Outcome> {
    return this.add(CONTROL, undefined, command);
  }

  /** What the control stream's commands without an outcome take. Lanes send no more than they have memory for. */
  get controlBytes(): number {
    return this.#streams.get(CONTROL)?.pendingBytes ?? 0;
  }

  /** Adds a command at the end of a stream. `number` is given where the caller counts: it must be the next one. */
  add(stream: number, number: number | undefined, command: Uint8Array): Promise<Outcome> {
    if (this.#closed !== undefined) {
      return Promise.reject(this.#closed);
    }
    let found = this.#streams.get(stream);
    if (found === undefined) {
      found = new Stream();
      this.#streams.set(stream, found);
    }
    if (number !== undefined && number !== found.last + 1) {
      throw new Error(`stream ${stream}: number ${number} after ${found.last}`);
    }
    return new Promise((resolve, reject) => found.add({ command, resolve, reject }));
  }

  /** Whether `takeUnsent` would give anything. */
  get hasUnsent(): boolean {
    if (this.#closed !== undefined) {
      return false;
    }
    for (const stream of this.#streams.values()) {
      if (stream.hasUnsent) {
        return true;
      }
    }
    return false;
  }

  /** What the present leader has not been sent yet, in order within each stream. */
  takeUnsent(): ForwardedCommand[] {
    const commands: ForwardedCommand[] = [];
    if (this.#closed !== undefined) {
      return commands;
    }
    for (const [id, stream] of this.#streams) {
      stream.takeUnsent(this.#agentEpoch, id, commands);
    }
    return commands;
  }

  /** A new leader: whatever has no outcome is sent again. */
  forgetSent(): void {
    for (const stream of this.#streams.values()) {
      stream.sent = stream.settled;
    }
  }

  /** The outcome of a command as this replica found it. */
  settle(stream: number, number: number, outcome: Outcome): void {
    const notTaken = outcome.kind === 'refused' ? outcome.notTaken : undefined;
    if (notTaken === 'closed') {
      this.close(new MetadataUnavailable('the epoch of this agent was closed'));
    } else if (notTaken === undefined) {
      this.#streams.get(stream)?.settle(number, outcome);
    } else if (notTaken !== 'forgotten') {
      // 'gap', 'unconfirmed': the stream did not take it. Only a repeat that arrives late can meet that, and a number
      // that still waits here will be sent again.
      const found = this.#streams.get(stream);
      if (found !== undefined && number > found.settled) {
        found.sent = found.settled;
      }
    }
  }

  /** Nothing of this epoch will have an outcome from now on. */
  close(error: MetadataUnavailable): void {
    this.#closed ??= error;
    for (const stream of this.#streams.values()) {
      stream.rejectAll(error);
    }
  }

  get pendingCount(): number {
    let count = 0;
    for (const stream of this.#streams.values()) {
      count += stream.pendingCount;
    }
    return count;
  }
}
