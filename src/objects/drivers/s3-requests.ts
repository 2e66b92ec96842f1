import { createRequire } from 'node:module';
import type * as Undici from 'undici';
import { native } from '../../../native-bindings/bindings.js';
import type { World } from '../../world/world.js';
import { StoreError } from '../store.js';
import { inTime } from './in-time.js';
import { checkKey } from './keys.js';
import { connectResuming } from './s3-connect.js';
import type { S3Access } from './s3-credentials.js';
import { errorCodeOf, isGone, refusal, type S3Action, silence } from './s3-faults.js';
import { exchange, type HttpAnswer, type HttpBody } from './s3-http.js';
import { type Headers, Signer } from './s3-signing.js';

/** By its file, which has no types: the index loads fetch, WebSocket and mocks, too, 6 MB more in every thread. */
const Pool = createRequire(import.meta.url)('undici/lib/dispatcher/pool.js') as typeof Undici.Pool;

/** A large body has time for itself: 1 MB/s is a slow line. */
const BODY_BYTES_PER_MS_MIN = 1_000;

/** One request for one object, or for the bucket itself. */
export interface S3Call {
  readonly action: S3Action;
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE';
  /** Undefined: the bucket. */
  readonly key: string | undefined;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Headers>;
  readonly body?: HttpBody;
  readonly into?: Uint8Array | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface S3Limits {
  /**
   * For one request, from its sending to the last byte of its answer; its body has a second more for each MB. The
   * credentials that it may have to wait for before have as long.
   */
  readonly requestMsMax: number;
  readonly connectMsMax: number;
  readonly connectionsMax: number;
}

/** Signed requests to one bucket over kept connections. */
export class S3Requests {
  readonly #store: string;
  readonly #prefix: string;
  readonly #access: S3Access;
  readonly #signer: Signer;
  readonly #pool: Undici.Pool;
  readonly #host: string;
  readonly #world: Pick<World, 'clock' | 'timers'>;
  readonly #requestMsMax: number;
  /** The Date of the newest answer, and when it came. */
  #told: { readonly dateMs: number; readonly atMs: number } | undefined;

  constructor(
    /** The store's name, for people. */
    store: string,
    /** What comes before every key: '' or 'prefix/'. */
    prefix: string,
    access: S3Access,
    world: Pick<World, 'clock' | 'timers'>,
    limits: S3Limits,
  ) {
    this.#store = store;
    this.#prefix = prefix;
    this.#access = access;
    this.#world = world;
    this.#requestMsMax = limits.requestMsMax;
    this.#host = new URL(access.origin).host;
    this.#signer = new Signer({
      credentials: access.credentials,
      region: access.region,
      service: access.service,
      now: () => new Date(world.clock.wallMs()),
    });
    this.#pool = new Pool(access.origin, {
      connections: limits.connectionsMax,
      pipelining: 1,
      connect: connectResuming(limits.connectMsMax),
      // Requests are timed as a whole, by the world's timers.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
  }

  /** Resolves with a success; rejects with StoreError. */
  async call(call: S3Call): Promise<HttpAnswer> {
    const { key } = call;
    const path = `${this.#access.base}/${key === undefined ? '' : this.#prefix + checkKey(key)}`;
    const query = call.query ?? {};
    const length = call.method === 'PUT' || call.method === 'POST' ? (call.body?.length ?? 0) : undefined;
    const headers = await this.#sign(call, path, query, length);
    let answer: HttpAnswer;
    try {
      answer = await exchange(
        this.#pool,
        this.#world.timers,
        { ...call, path: withQuery(path, query), headers },
        this.#requestMsMax + (length ?? 0) / BODY_BYTES_PER_MS_MIN,
      );
    } catch (error) {
      throw silence(this.#store, key ?? '', call.action, error);
    }
    this.#noteDate(answer);
    if (answer.status >= 200 && answer.status < 300) return answer;
    if (call.action === 'delete' && isGone(answer)) return answer;
    if (['ExpiredToken', 'TokenRefreshRequired'].includes(errorCodeOf(answer))) this.#access.renew();
    const { createCommand } = this.#access;
    throw refusal({ store: this.#store, createCommand, key: key ?? '', action: call.action }, answer);
  }

  /** The server's clock: whole seconds, so up to one behind. */
  clockMs(): number | undefined {
    return this.#told === undefined ? undefined : this.#told.dateMs + this.#world.clock.monotonicMs() - this.#told.atMs;
  }

  #noteDate(answer: HttpAnswer): void {
    const dateMs = Date.parse(headerOf(answer, 'date'));
    if (!Number.isNaN(dateMs)) {
      this.#told = { dateMs, atMs: this.#world.clock.monotonicMs() };
    }
  }

  close(): Promise<void> {
    return this.#pool.destroy();
  }

  async #sign(
    call: S3Call,
    path: string,
    query: Readonly<Record<string, string>>,
    length: number | undefined,
  ): Promise<Headers> {
    try {
      const { method } = call;
      const signing = this.#signer.sign({ method, host: this.#host, path, query, headers: call.headers ?? {} });
      const signed = await inTime(signing, this.#world.timers, this.#requestMsMax, call.signal);
      return length === undefined ? signed : { ...signed, 'content-length': String(length) };
    } catch (error) {
      // Only sources of credentials fail here, or take too long: files, or services that may be back later.
      const why = error instanceof Error ? error.message : String(error);
      throw new StoreError('unavailable', call.key ?? '', `${this.#store}: no credentials: ${why}`, { cause: error });
    }
  }
}

/** Keys and names here need no escaping; upload ids, prefixes and tokens of listings do. */
function withQuery(path: string, query: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(query).map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
  return pairs.length === 0 ? path : `${path}?${pairs.join('&')}`;
}

export function headerOf(answer: HttpAnswer, name: string): string {
  const value = answer.headers[name];
  return typeof value === 'string' ? value : (value?.[0] ?? '');
}

export function crc32cOf(slices: readonly Uint8Array[]): number {
  return slices.reduce((crc, slice) => native.crc32c(slice, 0, slice.length, crc), 0);
}

/** As S3 writes it: base64 of the four bytes, the greatest first. */
export function checksumText(crc32c: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(crc32c >>> 0);
  return bytes.toString('base64');
}
