import type { S3BucketUrl } from '../../config/bucket-url.js';
import type { World } from '../../world/world.js';
import { partBytes, singleBytesMax } from '../parts.js';
import {
  type GetOptions,
  type HoldsBack,
  type LastByte,
  type ListedObject,
  type PutOptions,
  type Store,
  type StoredObject,
  StoreError,
} from '../store.js';
import { openAccess, type S3Access } from './s3-credentials.js';
import type { HttpAnswer } from './s3-http.js';
import { listObjects } from './s3-listing.js';
import { putInParts } from './s3-multipart.js';
import { checksumText, crc32cOf, headerOf, type S3Limits, S3Requests } from './s3-requests.js';

export interface S3Options extends Partial<S3Limits> {
  /** Longer bodies go as multipart uploads, in parts of `partBytes` (S3: at least 5 MiB but for the last). */
  readonly singleBytesMax?: number;
  readonly partBytes?: number;
  /** Instead of process.env. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

const defaults = { requestMsMax: 15_000, connectMsMax: 3_000, connectionsMax: 64, singleBytesMax, partBytes };

/**
 * S3 and what speaks it. Requests go by undici, signed here; the AWS SDK, loaded when first needed, finds credentials and
 * keeps the sessions of directory buckets (S3 Express One Zone).
 */
export class S3Store implements Store, HoldsBack {
  readonly name: string;
  readonly #prefix: string;
  readonly #access: S3Access;
  readonly #requests: S3Requests;
  readonly #limits: typeof defaults;
  readonly #timers: World['timers'];

  private constructor(
    url: S3BucketUrl,
    access: S3Access,
    world: Pick<World, 'clock' | 'timers'>,
    limits: typeof defaults,
  ) {
    this.name = `s3://${url.bucket}${url.prefix === '' ? '' : `/${url.prefix}`}`;
    this.#prefix = url.prefix === '' ? '' : `${url.prefix}/`;
    this.#access = access;
    this.#limits = limits;
    this.#timers = world.timers;
    this.#requests = new S3Requests(this.name, this.#prefix, access, world, limits);
  }

  /** Talks to no one but, where it must, the sources of the region. Rejects with StoreError 'denied'. */
  static async open(
    url: S3BucketUrl,
    world: Pick<World, 'clock' | 'timers'>,
    options: S3Options = {},
  ): Promise<S3Store> {
    const { environment = process.env, ...others } = options;
    const limits = { ...defaults, ...others };
    try {
      const access = await openAccess(url, environment, world, limits.requestMsMax);
      return new S3Store(url, access, world, limits);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new StoreError('denied', '', `s3://${url.bucket}: ${why}`, { cause: error });
    }
  }

  clockMs(): number | undefined {
    return this.#requests.clockMs();
  }

  async get(key: string, options: GetOptions = {}): Promise<StoredObject> {
    const { range, into, signal } = options;
    if (range !== undefined && into !== undefined && into.length !== range.length)
      throw new RangeError(`${into.length} bytes cannot take ${range.length}`);
    const headers: Record<string, string> =
      range === undefined
        ? { 'x-amz-checksum-mode': 'ENABLED' }
        : { range: `bytes=${range.position}-${range.position + range.length - 1}` };
    const answer = await this.#requests.call({ action: 'read', method: 'GET', key, headers, into, signal });
    this.#checkLength(key, answer, range?.length ?? into?.length);
    if (range === undefined) this.#checkSum(key, answer);
    return { bytes: into ?? answer.bytes, version: headerOf(answer, 'etag') };
  }

  put(key: string, body: readonly Uint8Array[], options: PutOptions = {}): Promise<{ readonly version: string }> {
    const length = body.reduce((sum, slice) => sum + slice.length, 0);
    return length > this.#limits.singleBytesMax
      ? this.#putInParts(key, body, options)
      : this.#putAtOnce(key, body, length, options, undefined);
  }

  putHeldBack(key: string, body: Uint8Array, options: PutOptions, lastByte: LastByte): Promise<{ version: string }> {
    return this.#putAtOnce(key, [body], body.length, options, lastByte);
  }

  async delete(key: string): Promise<void> {
    await this.#requests.call({ action: 'delete', method: 'DELETE', key });
  }

  async *list(prefix: string): AsyncIterable<ListedObject> {
    for await (const { key, bytes } of listObjects(this.#requests, this.#prefix + prefix, this.#timers)) {
      // Some servers list folders, too.
      if (!key.endsWith('/')) yield { key: key.slice(this.#prefix.length), bytes };
    }
  }

  async close(): Promise<void> {
    await this.#requests.close();
    await this.#access.close();
  }

  async #putAtOnce(
    key: string,
    body: readonly Uint8Array[],
    length: number,
    options: PutOptions,
    lastByte: LastByte | undefined,
  ): Promise<{ version: string }> {
    const checksum = checksumText(options.crc32c ?? crc32cOf(body));
    const answer = await this.#requests.call({
      action: actionOf(options),
      method: 'PUT',
      key,
      headers: { ...conditionOf(options), 'x-amz-checksum-crc32c': checksum },
      body: { slices: body, length, lastByte },
      signal: options.signal,
    });
    return { version: headerOf(answer, 'etag') };
  }

  async #putInParts(key: string, body: readonly Uint8Array[], options: PutOptions): Promise<{ version: string }> {
    const how = {
      action: actionOf(options),
      condition: conditionOf(options),
      ...(options.signal && { signal: options.signal }),
    };
    return { version: await putInParts(this.#requests, key, body, this.#limits.partBytes, how) };
  }

  #checkLength(key: string, answer: HttpAnswer, wanted: number | undefined): void {
    const came = answer.bytes.length;
    if (wanted === undefined || came === wanted) return;
    throw new StoreError('not-found', key, `${this.name}: ${key} has ${came} of the ${wanted} bytes asked for`);
  }

  /** Of objects written in parts the checksum is one of checksums ('…-3'): their readers have their own. */
  #checkSum(key: string, answer: HttpAnswer): void {
    const told = headerOf(answer, 'x-amz-checksum-crc32c');
    if (told === '' || told.includes('-') || told === checksumText(crc32cOf([answer.bytes]))) return;
    throw new StoreError('unavailable', key, `${this.name}: ${key} was damaged on its way`);
  }
}

function actionOf({ ifMatch }: PutOptions): 'write' | 'replace' {
  return ifMatch === undefined ? 'write' : 'replace';
}

function conditionOf({ ifNoneMatch, ifMatch }: PutOptions): Record<string, string> {
  if (ifMatch !== undefined) return { 'if-match': ifMatch };
  return ifNoneMatch === undefined ? {} : { 'if-none-match': ifNoneMatch };
}
