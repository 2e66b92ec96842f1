import type { Ledger } from './limits.js';
import { SIZE, STREAMS_PER_EPOCH_MAX, UNCONFIRMED_MAX } from './limits.js';
import type { NotTaken, Outcome } from './outcomes.js';
import { outcomeBytes } from './outcomes.js';

/** The streams of one agent epoch, by number. */
export type Streams = Map<number, Stream>;

export interface Stream {
  /** The number applied last. */
  last: number;
  /** Outcomes of the numbers up to `last`, as many as are unconfirmed. */
  readonly outcomes: Outcome[];
}

export type Position =
  | { readonly kind: 'next'; readonly stream: Stream }
  | { readonly kind: 'repeat'; readonly outcome: Outcome }
  | { readonly kind: 'refused'; readonly notTaken: NotTaken };

/**
 * Takes a stream's numbers once and in order: says whether `number` is the next, a repeat with its recorded outcome, or
 * out of place. Outcomes up to `confirmed` are forgotten first.
 */
export function place(streams: Streams, id: number, number: number, confirmed: number, ledger: Ledger): Position {
  let stream = streams.get(id);
  if (stream === undefined) {
    if (number !== 1) {
      return { kind: 'refused', notTaken: 'gap' };
    }
    if (streams.size >= STREAMS_PER_EPOCH_MAX) {
      return { kind: 'refused', notTaken: 'no-stream-left' };
    }
    stream = { last: 0, outcomes: [] };
    streams.set(id, stream);
    ledger.bytes += SIZE.stream;
  }
  forget(stream, confirmed, ledger);
  if (number === stream.last + 1) {
    return stream.outcomes.length < UNCONFIRMED_MAX
      ? { kind: 'next', stream }
      : { kind: 'refused', notTaken: 'unconfirmed' };
  }
  if (number > stream.last) {
    return { kind: 'refused', notTaken: 'gap' };
  }
  const outcome = stream.outcomes[number - 1 - (stream.last - stream.outcomes.length)];
  return outcome === undefined ? { kind: 'refused', notTaken: 'forgotten' } : { kind: 'repeat', outcome };
}

/** Spends the next number of a stream with this outcome. */
export function record(stream: Stream, outcome: Outcome, ledger: Ledger): void {
  stream.last++;
  stream.outcomes.push(outcome);
  ledger.bytes += outcomeBytes(outcome);
}

/** Drops all streams of an epoch that closes. */
export function dropStreams(streams: Streams, ledger: Ledger): void {
  for (const stream of streams.values()) {
    forget(stream, stream.last, ledger);
    ledger.bytes -= SIZE.stream;
  }
  streams.clear();
}

function forget(stream: Stream, confirmed: number, ledger: Ledger): void {
  const count = Math.min(confirmed - (stream.last - stream.outcomes.length), stream.outcomes.length);
  if (count > 0) {
    for (const outcome of stream.outcomes.splice(0, count)) {
      ledger.bytes -= outcomeBytes(outcome);
    }
  }
}
