import { createHash, createHmac } from 'node:crypto';
import { SignatureV4 } from '@smithy/signature-v4';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type SignedCall, Signer } from '../../../src/objects/drivers/s3-signing.js';

class Sha256 {
  readonly #hash;

  constructor(key?: string | ArrayBuffer | ArrayBufferView) {
    this.#hash = key === undefined ? createHash('sha256') : createHmac('sha256', key as string);
  }

  update(data: string | ArrayBuffer | ArrayBufferView): void {
    this.#hash.update(data as string);
  }

  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }

  reset(): void {}
}

const keys = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' };

/** The same by the package that the AWS SDK signs with. */
async function oracle(call: SignedCall, service: string, now: Date, session: Record<string, string>) {
  const options = { region: 'eu-central-1', service, sha256: Sha256, uriEscapePath: false, applyChecksum: false };
  const headers = { ...call.headers, host: call.host, 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD', ...session };
  const request = {
    method: call.method,
    protocol: '',
    hostname: '',
    path: call.path,
    query: { ...call.query },
    headers,
  };
  const signed = await new SignatureV4({ ...options, credentials: keys }).sign(request, { signingDate: now });
  return signed.headers;
}

const text = fc.string({ unit: fc.constantFrom(...'aZ09-._~ !\'()*+/=&?%:;,"<>äß'), maxLength: 12 });
const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,10}$/);
const calls = fc.record({
  method: fc.constantFrom('GET', 'PUT', 'POST', 'DELETE'),
  host: fc.constantFrom('bucket.s3.eu-central-1.amazonaws.com', '127.0.0.1:7070'),
  path: fc.constantFrom('/', '/bucket/', '/bucket/weft/data/1/2', '/prefix/journal/000_1-2.x'),
  query: fc.dictionary(text, text, { maxKeys: 4 }),
  headers: fc.dictionary(
    name.map((each) => `x-amz-${each}`),
    text.map((each) => each.replaceAll(/[äß]/g, '')),
    { maxKeys: 4 },
  ),
});

test.each(['s3', 's3express'])(
  'signatures for %s are those of the AWS SDK, session tokens and later days too',
  async (service) => {
    let now = new Date();
    let session: { readonly header: string; readonly token: string } | undefined;
    const signer = new Signer({
      credentials: async () => ({ ...keys, session }),
      region: 'eu-central-1',
      service,
      now: () => now,
    });
    const days = fc.integer({ min: 0, max: 3 });
    const tokens = fc.option(fc.constantFrom('x-amz-security-token', 'x-amz-s3session-token'), { nil: undefined });
    await fc.assert(
      fc.asyncProperty(calls, days, tokens, async (call, day, header) => {
        now = new Date(Date.UTC(2026, 10, 27 + day, 13, 5, 59, 999));
        session = header === undefined ? undefined : { header, token: 'token/+=' };
        const wanted = await oracle(
          call,
          service,
          now,
          session === undefined ? {} : { [session.header]: session.token },
        );
        const signed = await signer.sign(call);
        expect(signed['authorization']).toBe(wanted['authorization']);
        expect(signed).toEqual(wanted);
      }),
    );
  },
);
