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

export interface SignerOptions {
  readonly credentials: () => Promise<S3Credentials>;
  readonly region: string;
  /** 's3', or 's3express' for directory buckets. */
  readonly service: string;
  readonly now: () => Date;
}

/**
 * AWS Signature Version 4 in headers, the body left unsigned (UNSIGNED-PAYLOAD): a checksum header guards it, and hashing
 * it would cost more CPU than all the rest of an upload.
 */
export class Signer {
  readonly #options: SignerOptions;

  constructor(options: SignerOptions) {
    this.#options = options;
  }

  /** All headers to send, `authorization` among them. */
  async sign(call: SignedCall): Promise<Headers> {
    const { region, service, now } = this.#options;
    // Asked for once: keys and token belong together.
    const { accessKeyId, secretAccessKey, session } = await this.#options.credentials();
    const signature = new SignatureV4({
      // Without its token, which directory buckets want under another name: it is a header of ours.
      credentials: { accessKeyId, secretAccessKey },
      region,
      service,
      sha256: Sha256,
      uriEscapePath: false,
      applyChecksum: false,
    });
    const headers: Headers = {
      ...call.headers,
      host: call.host,
      'x-amz-content-sha256': 'UNSIGNED-PAYLOAD',
      ...(session === undefined ? {} : { [session.header]: session.token }),
    };
    const signed = await signature.sign(
      { method: call.method, protocol: '', hostname: '', path: call.path, query: { ...call.query }, headers },
      { signingDate: now() },
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
