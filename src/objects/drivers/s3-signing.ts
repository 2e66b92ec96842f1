import { createHash, createHmac, type Hash, type Hmac } from 'node:crypto';
import { SignatureV4 } from '@smithy/signature-v4';
import type { S3Credentials } from './s3-credentials.js';

export type Headers = Record<string, string>;

export interface SignedCall {
  readonly method: string;
  readonly host: string;
  /** Without the query; begins with '/'. */
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: Readonly<Headers>;
}

/**
 * AWS Signature Version 4 in headers, the body left unsigned (UNSIGNED-PAYLOAD): a checksum header guards it, and hashing
 * it would cost more CPU than all the rest of an upload.
 */
export class Signer {
  readonly #signature: SignatureV4;
  readonly #credentials: () => Promise<S3Credentials>;
  readonly #now: () => Date;

  constructor(options: {
    readonly credentials: () => Promise<S3Credentials>;
    readonly region: string;
    /** 's3', or 's3express' for directory buckets. */
    readonly service: string;
    readonly now: () => Date;
  }) {
    this.#credentials = options.credentials;
    this.#now = options.now;
    this.#signature = new SignatureV4({
      // A session token is a header of ours: directory buckets name it otherwise.
      credentials: async () => {
        const { accessKeyId, secretAccessKey } = await options.credentials();
        return { accessKeyId, secretAccessKey };
      },
      region: options.region,
      service: options.service,
      sha256: Sha256,
      uriEscapePath: false,
      applyChecksum: false,
    });
  }

  /** All headers to send, `authorization` among them. */
  async sign(call: SignedCall): Promise<Headers> {
    const { session } = await this.#credentials();
    const headers: Headers = {
      ...call.headers,
      host: call.host,
      'x-amz-content-sha256': 'UNSIGNED-PAYLOAD',
      ...(session === undefined ? {} : { [session.header]: session.token }),
    };
    const signed = await this.#signature.sign(
      { method: call.method, protocol: '', hostname: '', path: call.path, query: { ...call.query }, headers },
      { signingDate: this.#now() },
    );
    return signed.headers;
  }
}

/** The hash as @smithy/signature-v4 wants it: HMAC when there is a key. */
class Sha256 {
  readonly #start: () => Hash | Hmac;
  #hash: Hash | Hmac;

  constructor(key?: string | ArrayBuffer | ArrayBufferView) {
    this.#start = () => (key === undefined ? createHash('sha256') : createHmac('sha256', bytesOf(key)));
    this.#hash = this.#start();
  }

  update(data: string | ArrayBuffer | ArrayBufferView): void {
    this.#hash.update(bytesOf(data));
  }

  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }

  reset(): void {
    this.#hash = this.#start();
  }
}

function bytesOf(data: string | ArrayBuffer | ArrayBufferView): Uint8Array {
  if (typeof data === 'string') return Buffer.from(data);
  return ArrayBuffer.isView(data)
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    : new Uint8Array(data);
}
