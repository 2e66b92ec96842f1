// Who the S3 driver is to a store: keys, the AWS SDK's chain, and the sessions of directory buckets.
import { writeFileSync } from 'node:fs';
import { afterEach, beforeAll, expect, test } from 'vitest';
import type { S3BucketUrl } from '../../src/config/bucket-url.js';
import { type S3Options, S3Store } from '../../src/objects/drivers/s3.js';
import { openAccess } from '../../src/objects/drivers/s3-credentials.js';
import { realWorld } from '../../src/world/real.js';
import { realFiles } from '../../src/world/real-files.js';
import { scratchFolder } from '../processes/agent.js';
import { type DoubleRequest, s3Error, startDouble } from '../servers/s3-double.js';
import { bucketOn } from '../servers/s3-server.js';
import { listed, refused } from './store-contract.js';

const world = realWorld({ files: realFiles() });
const keys = { AWS_ACCESS_KEY_ID: 'id', AWS_SECRET_ACCESS_KEY: 'secret' };
const aws: S3BucketUrl = {
  kind: 's3',
  bucket: 'bucket',
  prefix: '',
  region: undefined,
  endpoint: undefined,
  pathStyle: false,
  express: false,
};

/** Its first import may take longer than the limits below. */
beforeAll(() => import('@aws-sdk/client-s3'));

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const places: readonly {
  readonly what: string;
  readonly url: Partial<S3BucketUrl>;
  readonly environment: Readonly<Record<string, string>>;
  readonly origin: string;
  readonly base: string;
  readonly region: string;
}[] = [
  {
    what: 'a bucket at AWS',
    url: { region: 'eu-west-1' },
    environment: {},
    origin: 'https://bucket.s3.eu-west-1.amazonaws.com',
    base: '',
    region: 'eu-west-1',
  },
  {
    what: 'a bucket in the path',
    url: { region: 'eu-west-1', pathStyle: true },
    environment: {},
    origin: 'https://s3.eu-west-1.amazonaws.com',
    base: '/bucket',
    region: 'eu-west-1',
  },
  {
    what: 'a directory bucket',
    url: { bucket: 'name--use1-az4--x-s3', region: 'us-east-1', express: true },
    environment: {},
    origin: 'https://name--use1-az4--x-s3.s3express-use1-az4.us-east-1.amazonaws.com',
    base: '',
    region: 'us-east-1',
  },
  {
    what: 'region from the environment',
    url: {},
    environment: { AWS_REGION: 'us-west-2', AWS_DEFAULT_REGION: 'us-east-2' },
    origin: 'https://bucket.s3.us-west-2.amazonaws.com',
    base: '',
    region: 'us-west-2',
  },
  {
    what: 'endpoint from the environment',
    url: { pathStyle: true },
    environment: { AWS_ENDPOINT_URL: 'http://one:1', AWS_ENDPOINT_URL_S3: 'http://two:2' },
    origin: 'http://two:2',
    base: '/bucket',
    region: 'us-east-1',
  },
  {
    what: 'variables that are empty say nothing',
    url: {},
    environment: {
      AWS_REGION: '',
      AWS_DEFAULT_REGION: 'eu-west-1',
      AWS_ENDPOINT_URL_S3: '',
      AWS_ENDPOINT_URL: 'http://h:9000',
    },
    origin: 'http://bucket.h:9000',
    base: '',
    region: 'eu-west-1',
  },
  {
    what: 'a variable that is empty is no endpoint',
    url: { region: 'eu-west-1' },
    environment: { AWS_ENDPOINT_URL: '' },
    origin: 'https://bucket.s3.eu-west-1.amazonaws.com',
    base: '',
    region: 'eu-west-1',
  },
  {
    what: 'a region in China has another domain',
    url: { region: 'cn-north-1' },
    environment: {},
    origin: 'https://bucket.s3.cn-north-1.amazonaws.com.cn',
    base: '',
    region: 'cn-north-1',
  },
  {
    what: 'an endpoint that is an address has no names below it: the bucket is in the path',
    url: { endpoint: 'http://127.0.0.1:9000' },
    environment: {},
    origin: 'http://127.0.0.1:9000',
    base: '/bucket',
    region: 'us-east-1',
  },
  {
    what: 'the same with an address of IPv6',
    url: { endpoint: 'http://[::1]:9000' },
    environment: {},
    origin: 'http://[::1]:9000',
    base: '/bucket',
    region: 'us-east-1',
  },
  {
    what: 'no certificate is good for a bucket with a dot: it is in the path',
    url: { bucket: 'my.bucket', region: 'eu-west-1' },
    environment: {},
    origin: 'https://s3.eu-west-1.amazonaws.com',
    base: '/my.bucket',
    region: 'eu-west-1',
  },
  {
    what: 'a bucket with a dot without TLS',
    url: { bucket: 'my.bucket', endpoint: 'http://store:9000' },
    environment: {},
    origin: 'http://my.bucket.store:9000',
    base: '',
    region: 'us-east-1',
  },
];
test.each(places)('$what', async ({ url, environment, origin, base, region }) => {
  expect(await openAccess({ ...aws, ...url }, { ...keys, ...environment }, world, 1_000)).toMatchObject({
    origin,
    base,
    region,
  });
});

test('without keys in the environment the chain of the AWS SDK finds them: here a profile', async () => {
  const server = await startDouble((request) => request.answer(200, { etag: '"1"' }));
  closing.push(() => server.stop());
  const folder = scratchFolder('profile');
  closing.push(folder.remove);
  writeFileSync(
    `${folder.path}/credentials`,
    '[weft]\naws_access_key_id = fromprofile\naws_secret_access_key = secret\n',
  );
  const before = { ...process.env };
  closing.push(() => {
    process.env = before;
  });
  process.env = {
    ...before,
    AWS_SHARED_CREDENTIALS_FILE: `${folder.path}/credentials`,
    AWS_CONFIG_FILE: `${folder.path}/none`,
    AWS_PROFILE: 'weft',
    AWS_EC2_METADATA_DISABLED: 'true',
  };
  const store = await S3Store.open(bucketOn(server.endpoint, 'bucket'), world);
  closing.push(() => store.close());
  await store.put('a', []);
  expect(server.requests[0]!.headers.authorization).toContain('Credential=fromprofile/');
  process.env['AWS_PROFILE'] = 'another';
  const none = await S3Store.open(bucketOn(server.endpoint, 'bucket'), world);
  closing.push(() => none.close());
  expect((await refused('unavailable', none.put('a', []))).message).toMatch(/^s3:\/\/bucket: no credentials: /);
});

/** Speaks just enough of S3 Express: sessions, and objects for those who have one. */
async function express(sessionMs: number, options: S3Options = {}) {
  let sessions = 0;
  let refuse = false;
  let silent = false;
  const server = await startDouble((request: DoubleRequest) => {
    if (request.query.has('session')) {
      sessions += 1;
      if (silent) return;
      const expiration = new Date(Date.now() + sessionMs).toISOString();
      const credentials = `<AccessKeyId>session${sessions}</AccessKeyId><SecretAccessKey>s</SecretAccessKey>`;
      return request.answer(
        200,
        { 'content-type': 'application/xml' },
        `<CreateSessionResult><Credentials>${credentials}<SessionToken>token${sessions}</SessionToken>` +
          `<Expiration>${expiration}</Expiration></Credentials></CreateSessionResult>`,
      );
    }
    if (refuse) {
      refuse = false;
      return request.answer(400, {}, s3Error('ExpiredToken'));
    }
    if (request.query.has('list-type')) {
      return request.answer(
        200,
        {},
        '<ListBucketResult><Contents><Key>a/1</Key><Size>3</Size></Contents></ListBucketResult>',
      );
    }
    return request.answer(200, { etag: '"1"' });
  });
  closing.push(() => server.stop());
  const url = { ...bucketOn(server.endpoint, 'name--use1-az4--x-s3'), express: true };
  const store = await S3Store.open(url, world, { environment: keys, ...options });
  closing.push(() => store.close());
  return {
    store,
    objects: () => server.requests.filter(({ query }) => !query.has('session')),
    sessions: () => sessions,
    refuseOnce: () => {
      refuse = true;
    },
    answerSessions: (answered: boolean) => {
      silent = !answered;
    },
  };
}

const tokensOf = (requests: readonly DoubleRequest[]) =>
  requests.map(({ headers }) => headers['x-amz-s3session-token']);

test('a directory bucket is used through one session', async () => {
  const { store, objects, sessions } = await express(300_000);
  await Promise.all([store.put('a', []), store.put('b', []), store.put('c', [])]);
  expect(sessions()).toBe(1);
  for (const { headers } of objects()) {
    expect(headers['x-amz-s3session-token']).toBe('token1');
    expect(headers['x-amz-security-token']).toBeUndefined();
    expect(headers.authorization).toMatch(/Credential=session1\/\d+\/us-east-1\/s3express\/aws4_request/);
  }
  expect(await listed(store, 'a/')).toEqual(new Map([['a/1', 3]]));
});

test('a session that ends soon is replaced before, and one that the store calls expired at once', async () => {
  const short = await express(30_000);
  await short.store.put('a', []);
  await short.store.put('b', []);
  await expect.poll(short.sessions).toBe(2);
  const long = await express(300_000);
  await long.store.put('a', []);
  long.refuseOnce();
  await refused('unavailable', long.store.put('b', []));
  await long.store.put('b', []);
  expect(long.objects().at(-1)!.headers['x-amz-s3session-token']).toBe('token2');
});

test('a session is used to its end while the next one is on its way, which is asked for once', async () => {
  const { store, objects, sessions, answerSessions } = await express(30_000);
  await store.put('a', []);
  answerSessions(false);
  for (const key of ['b', 'c', 'd']) await store.put(key, []);
  await expect.poll(sessions).toBe(2);
  expect(tokensOf(objects())).toEqual(['token1', 'token1', 'token1', 'token1']);
});

test('a next session that cannot be had harms nobody while the former one lasts, and is asked for again', async () => {
  const { store, objects, sessions, answerSessions } = await express(30_000, { requestMsMax: 500 });
  await store.put('a', []);
  answerSessions(false);
  await store.put('b', []);
  await expect.poll(sessions).toBe(2);
  answerSessions(true);
  const tokens = async () => {
    await store.put('c', []);
    return tokensOf(objects());
  };
  await expect.poll(tokens, { timeout: 20_000 }).toContain('token3');
});

test('a request that is given up does not wait for a session that nobody answers', async () => {
  const { store, objects, answerSessions } = await express(300_000);
  answerSessions(false);
  const givenUp = new AbortController();
  const put = store.put('a', [], { signal: givenUp.signal });
  setTimeout(() => givenUp.abort(), 50);
  await refused('unavailable', put);
  await refused('unavailable', store.put('a', [], { signal: givenUp.signal }));
  expect(objects()).toEqual([]);
});

test('a session that nobody answers in time fails the requests that wait for it, and the next one asks for another', async () => {
  const { store, objects, sessions, answerSessions } = await express(300_000, { requestMsMax: 500 });
  answerSessions(false);
  await Promise.all(['a', 'b'].map((key) => refused('unavailable', store.put(key, []))));
  expect(sessions()).toBe(1);
  answerSessions(true);
  await store.put('c', []);
  expect(tokensOf(objects())).toEqual(['token2']);
});
