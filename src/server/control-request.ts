import { encodeResponseSteps, encodeShortResponse, type RequestHeader } from '../protocol/frames.js';
import type { Slices } from '../protocol/writer.js';
import type { Timers } from '../world/world.js';
import type { DecodedMemory } from './decoded-memory.js';
import type { Frame } from './frame.js';
import type { Call, Handler } from './handler.js';
import { inTurns, type Timed, timedFor, turn } from './turns.js';
import type { UnsentAnswers } from './unsent-answers.js';

/**
 * A request with more array elements is handled in a turn of its own, and is decoded and its answer written in as many turns
 * as that has steps: others come in between. So is an answer that is long though its request is short, once it is found to
 * be: it counts as unsent while it is written.
 */
const TURN_ELEMENTS = 2_048;

/**
 * What an answer may have besides records: no more than clients accept (librdkafka: receive.message.max.bytes 100,000,000;
 * Java: what fits its memory). A request that asks often for the same thing could have any number of bytes.
 */
export const ANSWER_BYTES_MAX = 100_000_000;

export interface ControlServices {
  readonly decoded: DecodedMemory;
  readonly unsent: UnsentAnswers;
  readonly timers: Timers;
}

/** A call, and what else its connection wants to know. */
export interface RequestCall extends Omit<Call, 'crowded'> {
  /** Runs when the handler has been called. */
  started(): void;
  /** The request holds memory for too long: the connection must be closed. */
  revoked(): void;
}

/**
 * A request that the main thread answers, from its frame to the response frame; undefined when nobody waits for one any more.
 * What it costs is counted before anything is made of it. Rejects with ProtocolError, before anything has happened, when the
 * frame's body is not a request of that version, and with TooLongError when the answer would be longer than any may be.
 * `frame` is given back when it is decoded.
 */
export async function answerRequest(
  handler: Handler,
  { bytes, reservation }: Frame & { kind: 'heap' },
  { apiVersion, correlationId, bodyPosition }: RequestHeader,
  { started, revoked, ...call }: RequestCall,
  to: ControlServices,
): Promise<Slices | undefined> {
  const { api } = handler;
  const { account } = call;
  /** The client's quota counts the time of each step. */
  const timed = timedFor(account);
  const elements = timed(() => api.request.elements(apiVersion, bytes, bodyPosition));
  const share = await to.decoded.admit(bytes.length, elements, call.signal, revoked);
  if (share === 'gone') {
    return undefined;
  }
  const isLarge = elements > TURN_ELEMENTS;
  try {
    const request = isLarge
      ? await inTurns(api.request.decodeSteps(apiVersion, bytes, bodyPosition), to.timers, timed)
      : timed(() => api.request.decodeLeading(apiVersion, bytes, bodyPosition));
    // Nothing that was decoded refers to the frame's bytes.
    reservation.release();
    if (isLarge) await turn(to.timers);
    const answering = timed(() => handler.answer(request, { ...call, crowded: share?.crowded }));
    started();
    const response = await answering;
    if (response === undefined) {
      return undefined;
    }
    const throttleTimeMs = account?.settle().throttleMs ?? 0;
    const held = throttleTimeMs === 0 ? response : { ...response, throttleTimeMs };
    const short = isLarge ? undefined : timed(() => encodeShortResponse(api, apiVersion, correlationId, held));
    if (short !== undefined) return short;
    if (isLarge) await turn(to.timers);
    return await written(
      encodeResponseSteps(api, apiVersion, correlationId, held, ANSWER_BYTES_MAX),
      call.signal,
      to,
      timed,
    );
  } finally {
    share?.release();
  }
}

/** What `steps` write, in turns; undefined as soon as nobody waits any more for it. */
async function written(
  steps: Generator<number, Slices>,
  signal: AbortSignal,
  { unsent, timers }: ControlServices,
  timed: Timed,
): Promise<Slices | undefined> {
  const unfinished = unsent.begin(signal);
  try {
    for (;;) {
      const { done, value } = timed(() => steps.next());
      if (done === true) return value;
      // Counted before anybody else has a turn.
      const mayGoOn = unfinished.wrote(value);
      await turn(timers);
      await mayGoOn;
      if (signal.aborted) return undefined;
    }
  } finally {
    unfinished.end();
  }
}
