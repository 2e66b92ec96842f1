import { encodeResponseFrame, encodeResponseSteps, type RequestHeader } from '../protocol/frames.js';
import type { Slices } from '../protocol/writer.js';
import type { Timers } from '../world/world.js';
import type { DecodedMemory } from './decoded-memory.js';
import type { Frame } from './frame.js';
import type { Call, Handler } from './handler.js';

/**
 * A request with more array elements is handled in a turn of its own, and is decoded and its answer written in as many turns
 * as that has steps: others come in between. An answer that is long though its request is short has no share of the memory for
 * decoded requests: it is written at once, so that it counts as unsent before the next request starts.
 */
const TURN_ELEMENTS = 2_048;

export interface ControlServices {
  readonly decoded: DecodedMemory;
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
 * frame's body is not a request of that version. `frame` is given back when it is decoded.
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
  const timed = <T>(step: () => T): T => (account === undefined ? step() : account.run(step));
  const elements = timed(() => api.request.elements(apiVersion, bytes, bodyPosition));
  const share = await to.decoded.admit(bytes.length, elements, call.signal, revoked);
  if (share === 'gone') {
    return undefined;
  }
  const isLarge = elements > TURN_ELEMENTS;
  const turn = (): Promise<void> | undefined =>
    isLarge ? new Promise((resolve) => to.timers.soon(resolve)) : undefined;
  const inTurns = async <T>(steps: Generator<void, T>): Promise<T> => {
    for (;;) {
      const { done, value } = timed(() => steps.next());
      if (done === true) return value;
      await turn();
    }
  };
  try {
    await turn();
    const request = isLarge
      ? await inTurns(api.request.decodeSteps(apiVersion, bytes, bodyPosition))
      : timed(() => api.request.decodeLeading(apiVersion, bytes, bodyPosition));
    // Nothing that was decoded refers to the frame's bytes.
    reservation.release();
    await turn();
    const answering = timed(() => handler.answer(request, { ...call, crowded: share?.crowded }));
    started();
    const response = await answering;
    if (response === undefined) {
      return undefined;
    }
    await turn();
    const throttleTimeMs = account?.settle().throttleMs ?? 0;
    const held = throttleTimeMs === 0 ? response : { ...response, throttleTimeMs };
    if (!isLarge) return timed(() => encodeResponseFrame(api, apiVersion, correlationId, held));
    return await inTurns(whileAwaited(encodeResponseSteps(api, apiVersion, correlationId, held), call.signal));
  } finally {
    share?.release();
  }
}

/** `steps`, but undefined as soon as they stop and nobody waits any more for what they make. */
function* whileAwaited<T>(steps: Generator<void, T>, signal: AbortSignal): Generator<void, T | undefined> {
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
    yield;
    if (signal.aborted) return undefined;
  }
}
