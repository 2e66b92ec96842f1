import { createHash, createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import type { S3Credentials } from './s3-credentials.js';

export type Headers = Record<string, string>;

export interface SignedCall {
  readonly method: string;
  readonly host: string;
  /** Without the query; begins with '/' and needs no escaping. */
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  /** Names in lower case. */
  readonly headers: Readonly<Headers>;
}

export interface SignerOptions {
  readonly credentials: () => Promise<S3Credentials>;
  readonly region: string;
  /** 's3', or 's3express' for directory buckets. */
  readonly service: string;
  readonly now: () => Date;
}

const algorithm = 'AWS4-HMAC-SHA256';

/**
 * AWS Signature Version 4 in headers, the body left unsigned (UNSIGNED-PAYLOAD): a checksum header guards it, and hashing
 * it would cost more CPU than all the rest of an upload. Written out ("Create a signed AWS API request" in the IAM user
 * guide) because a package for it takes 2.5 MB in every thread; test/unit/objects/s3-signing.test.ts compares the two.
 */
export class Signer {
  readonly #options: SignerOptions;
  /** Of the present day and secret: a key is derived in four steps and serves until midnight. */
  #key: { readonly of: string; readonly key: KeyObject } | undefined;

  constructor(options: SignerOptions) {
    this.#options = options;
  }

  /** All headers to send, `authorization` among them. */
  async sign(call: SignedCall): Promise<Headers> {
    // Asked for once: keys and token belong together.
    const { accessKeyId, secretAccessKey, session } = await this.#options.credentials();
    const time = this.#options
      .now()
      .toISOString()
      .replaceAll(/[-:]|\.\d{3}/g, '');
    const headers: Headers = {
      ...call.headers,
      host: call.host,
      'x-amz-content-sha256': 'UNSIGNED-PAYLOAD',
      'x-amz-date': time,
      ...(session === undefined ? {} : { [session.header]: session.token }),
    };
    const names = Object.keys(headers).sort();
    const signedHeaders = names.join(';');
    const canonical = [
      call.method,
      call.path,
      canonicalQuery(call.query),
      ...names.map((name) => `${name}:${headers[name]!.trim().replaceAll(/\s+/g, ' ')}`),
      '',
      signedHeaders,
      'UNSIGNED-PAYLOAD',
    ].join('\n');
    const day = time.slice(0, 8);
    const { region, service } = this.#options;
    const scope = `${day}/${region}/${service}/aws4_request`;
    const toSign = [algorithm, time, scope, createHash('sha256').update(canonical).digest('hex')].join('\n');
    const signature = createHmac('sha256', this.#keyOf(secretAccessKey, day)).update(toSign).digest('hex');
    headers['authorization'] =
      `${algorithm} Credential=${accessKeyId}/${scope}, SignedHeaders=${signedHeaders}, Signature=${signature}`;
    return headers;
  }

  /** A key object: to make one of bytes takes Node eight times as long as all the rest of an HMAC. */
  #keyOf(secret: string, day: string): KeyObject {
    const of = `${day} ${secret}`;
    if (this.#key?.of !== of) {
      const { region, service } = this.#options;
      const bytes = [day, region, service, 'aws4_request'].reduce(
        (key, text) => createHmac('sha256', key).update(text).digest(),
        Buffer.from(`AWS4${secret}`),
      );
      this.#key = { of, key: createSecretKey(bytes) };
    }
    return this.#key.key;
  }
}

/** By name, which is not the order of whole pairs: some characters come before '='. */
function canonicalQuery(query: SignedCall['query']): string {
  const values = new Map(Object.entries(query).map(([name, value]) => [escaped(name), escaped(value)]));
  const names = [...values.keys()].sort();
  return names.map((name) => `${name}=${values.get(name)}`).join('&');
}

/** Everything but letters, digits, '-', '.', '_' and '~'. */
function escaped(text: string): string {
  const hex = (character: string): string => `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
  return encodeURIComponent(text).replaceAll(/[!'()*]/g, hex);
}
