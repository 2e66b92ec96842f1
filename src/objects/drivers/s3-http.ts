import type { Pool } from 'undici';
import type { Timers } from '../../world/world.js';
import type { LastByte } from '../store.js';

/** What is sent: slices, or the same with the last byte of all held back until `release`. */
export interface HttpBody {
  readonly slices: readonly Uint8Array[];
  readonly length: number;
  readonly lastByte?: LastByte | undefined;
}

export interface HttpCall {
  readonly method: string;
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body?: HttpBody | undefined;
  /** Where the body of a 2xx answer goes. */
  readonly into?: Uint8Array | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** With `into`, the part of it that was filled. */
  readonly bytes: Uint8Array;
}

/** No whole answer came. */
export class Unanswered extends Error {
  /** False: not a byte of the request left this process. */
  readonly sent: boolean;
  constructor(sent: boolean, cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.name = 'Unanswered';
    this.sent = sent;
  }
}

/** Of an answer that is an error; more is not read. */
const errorBytesMax = 65_536;

/**
 * One HTTP request, from the caller's memory and into the caller's memory, without streams between. Rejects with
 * Unanswered. After a rejection nothing more is read from the body or written to `into`.
 */
export function exchange(pool: Pool, timers: Timers, call: HttpCall, timeoutMs: number): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const sink = new Sink(call.into);
    let sent = false;
    let over = false;
    let abort: ((reason: Error) => void) | undefined;
    const settle = (finish: () => void): void => {
      if (over) return;
      over = true;
      timer.cancel();
      call.signal?.removeEventListener('abort', onAbort);
      finish();
    };
    const fail = (cause: Error): void => settle(() => reject(new Unanswered(sent, cause)));
    const stop = (reason: Error): void => {
      fail(reason);
      abort?.(reason);
    };
    const onAbort = (): void => stop(new Error('the request was given up'));
    const timer = timers.after(timeoutMs, () => stop(new Error(`no answer within ${timeoutMs} ms`)));
    if (call.signal?.aborted) return onAbort();
    call.signal?.addEventListener('abort', onAbort);
    let status = 0;
    let headers: HttpAnswer['headers'] = {};
    pool.dispatch(
      { method: call.method, path: call.path, headers: call.headers, body: bodyOf(call.body) },
      {
        onRequestStart(controller) {
          if (over) return controller.abort(new Error('given up before it was sent'));
          sent = true;
          abort = (reason) => controller.abort(reason);
        },
        onResponseStart(_controller, statusCode, responseHeaders) {
          status = statusCode;
          headers = responseHeaders;
          sink.begin(status);
        },
        onResponseData(_controller, chunk) {
          if (!over && !sink.take(chunk)) stop(new Error('the answer is longer than what was asked for'));
        },
        onResponseEnd() {
          settle(() => resolve({ status, headers, bytes: sink.end() }));
        },
        onResponseError(_controller, error) {
          fail(error);
        },
      },
    );
  });
}

/** The type of undici's bodies knows no iterables, its code does; SharedArrayBuffer-backed views pass as they are. */
function bodyOf(body: HttpBody | undefined): Uint8Array | null {
  if (body === undefined || body.length === 0) return null;
  if (body.slices.length === 1 && body.lastByte === undefined) return body.slices[0]!;
  return chunksOf(body) as unknown as Uint8Array;
}

async function* chunksOf({ slices, lastByte }: HttpBody): AsyncGenerator<Uint8Array> {
  const full = slices.filter((slice) => slice.length > 0);
  const last = lastByte === undefined ? undefined : full.pop();
  yield* full;
  if (lastByte === undefined || last === undefined) return;
  if (last.length > 1) yield last.subarray(0, -1);
  lastByte.reached();
  await lastByte.release;
  yield last.subarray(-1);
}

class Sink {
  readonly #into: Uint8Array | undefined;
  readonly #chunks: Uint8Array[] = [];
  #direct = false;
  #error = false;
  #length = 0;

  constructor(into: Uint8Array | undefined) {
    this.#into = into;
  }

  begin(status: number): void {
    this.#error = status >= 300;
    this.#direct = this.#into !== undefined && !this.#error;
  }

  /** False when it does not fit. */
  take(chunk: Uint8Array): boolean {
    if (this.#direct) {
      if (this.#length + chunk.length > this.#into!.length) return false;
      this.#into!.set(chunk, this.#length);
    } else if (!this.#error || this.#length < errorBytesMax) this.#chunks.push(chunk);
    this.#length += chunk.length;
    return true;
  }

  end(): Uint8Array {
    return this.#direct ? this.#into!.subarray(0, this.#length) : joined(this.#chunks);
  }
}

export function joined(slices: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(slices.reduce((sum, slice) => sum + slice.length, 0));
  let position = 0;
  for (const slice of slices) {
    bytes.set(slice, position);
    position += slice.length;
  }
  return bytes;
}
