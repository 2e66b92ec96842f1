import { afterAll, beforeAll, expect, test } from 'vitest';
import { S3Store } from '../../src/objects/drivers/s3.js';
import { probeStore } from '../../src/objects/probe.js';
import { realWorld } from '../../src/world/real.js';
import { realFiles } from '../../src/world/real-files.js';
import { bucketOn, type S3Server } from '../servers/s3-server.js';
import { listed, refused, storeContract } from './store-contract.js';

const world = realWorld({ files: realFiles() });
/** So that bodies that a test can afford go in parts. */
const singleBytesMax = 16 * 1024 * 1024;

/** What holds of S3 on any independent server that is fit for Weft. */
export function s3ServerContract(start: (buckets: readonly string[]) => Promise<S3Server>): void {
  let server: S3Server;
  beforeAll(async () => {
    server = await start(['whole', 'part']);
  });
  afterAll(() => server?.stop());

  storeContract('a bucket', async () => {
    const store = await S3Store.open(bucketOn(server.endpoint, 'whole'), world, {
      environment: server.environment,
      singleBytesMax,
    });
    return { store, close: () => store.close() };
  });

  storeContract('a prefix in a bucket', async () => {
    const store = await S3Store.open(bucketOn(server.endpoint, 'part', 'of/it'), world, {
      environment: server.environment,
      singleBytesMax,
    });
    return { store, close: () => store.close() };
  });

  const with_ = async <T>(
    bucket: string,
    secret: string | undefined,
    run: (store: S3Store) => Promise<T>,
  ): Promise<T> => {
    const environment = { ...server.environment, ...(secret && { AWS_SECRET_ACCESS_KEY: secret }) };
    const store = await S3Store.open(bucketOn(server.endpoint, bucket, 'apart'), world, {
      environment,
      singleBytesMax,
    });
    try {
      return await run(store);
    } finally {
      await store.close();
    }
  };

  test('a checksum that does not fit is refused, and nothing written', () =>
    with_('whole', undefined, async (store) => {
      await refused('unavailable', store.put('a', [new Uint8Array(10)], { crc32c: 1 }));
      await refused('not-found', store.get('a'));
    }));

  test('a missing bucket is named in one sentence', () =>
    with_('nowhere', undefined, async (store) => {
      const command = `aws s3 mb s3://nowhere --endpoint-url ${server.endpoint}`;
      const sentence = `s3://nowhere/apart: there is no such bucket; create it (${command}), or correct --bucket`;
      expect((await refused('denied', store.put('a', []))).message).toBe(sentence);
      expect((await refused('denied', store.get('a'))).message).toBe(sentence);
      expect((await refused('denied', store.delete('a'))).message).toBe(sentence);
      await refused('denied', listed(store, 'a/'));
      await expect(probeStore(store, 'weft', world)).rejects.toThrow(`the bucket cannot be used: ${sentence}`);
    }));

  test('a wrong key is named in one sentence', () =>
    with_('whole', 'another', async (store) => {
      const sentence = /the access key was refused \(SignatureDoesNotMatch\); check AWS_ACCESS_KEY_ID/;
      expect((await refused('denied', store.put('a', []))).message).toMatch(sentence);
      await refused('denied', listed(store, 'a/'));
    }));

  test('a listing of several pages is whole', () =>
    with_('whole', undefined, async (store) => {
      const keys = Array.from({ length: 1_050 }, (_, i) => `pages/${i}`);
      for (let i = 0; i < keys.length; i += 50) {
        await Promise.all(keys.slice(i, i + 50).map((key) => store.put(key, [])));
      }
      expect((await listed(store, 'pages/')).size).toBe(1_050);
    }));

  test('as much as one request takes comes back whole', async () => {
    const environment = server.environment;
    const store = await S3Store.open(bucketOn(server.endpoint, 'whole', 'apart'), world, { environment });
    try {
      const slices = [new Uint8Array(30_000_000).fill(1), new Uint8Array(30_000_000).fill(2)];
      await store.put('large', slices, { ifNoneMatch: '*' });
      expect(Buffer.compare((await store.get('large')).bytes, Buffer.concat(slices))).toBe(0);
    } finally {
      await store.close();
    }
  });

  test('what is given up midway leaves no part of an upload behind', () =>
    with_('whole', undefined, async (store) => {
      const given = new AbortController();
      const upload = store.put('given-up', [new Uint8Array(40_000_000)], { signal: given.signal });
      setTimeout(() => given.abort(), 20);
      await refused('unavailable', upload);
      await refused('not-found', store.get('given-up'));
    }));
}
