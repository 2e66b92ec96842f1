// How the S3 driver tells faults apart: each shown by a server that answers, or falls silent, as it is told.
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { S3BucketUrl } from '../../src/config/bucket-url.js';
import { type S3Options, S3Store } from '../../src/objects/drivers/s3.js';
import { RetryingStore } from '../../src/objects/retry.js';
import type { StoreFault } from '../../src/objects/store.js';
import { realWorld } from '../../src/world/real.js';
import { realFiles } from '../../src/world/real-files.js';
import { type DoubleRequest, type HttpDouble, s3Error, startDouble } from '../servers/s3-double.js';
import { bucketOn } from '../servers/s3-server.js';
import { listed, refused } from './store-contract.js';

const world = realWorld({ files: realFiles() });
const environment = { AWS_ACCESS_KEY_ID: 'id', AWS_SECRET_ACCESS_KEY: 'secret' };
const body = [new TextEncoder().encode('123456789')];

let server: HttpDouble;
let handle: (request: DoubleRequest) => void | Promise<void>;
let stores: S3Store[];
beforeEach(async () => {
  stores = [];
  server = await startDouble((request) => handle(request));
});
afterEach(async () => {
  for (const store of stores) await store.close();
  await server.stop();
});

async function open(options: S3Options = {}, url: Partial<S3BucketUrl> = {}): Promise<S3Store> {
  const store = await S3Store.open({ ...bucketOn(server.endpoint, 'bucket'), ...url }, world, {
    environment,
    ...options,
  });
  stores.push(store);
  return store;
}

type Operation = 'get' | 'put' | 'create' | 'swap' | 'delete';
const operations: Readonly<Record<Operation, (store: S3Store) => Promise<unknown>>> = {
  get: (store) => store.get('a/b'),
  put: (store) => store.put('a/b', body),
  create: (store) => store.put('a/b', body, { ifNoneMatch: '*' }),
  swap: (store) => store.put('a/b', body, { ifMatch: '"1"' }),
  delete: (store) => store.delete('a/b'),
};

describe('an answer', () => {
  const all = (fault: StoreFault): Record<Operation, StoreFault> => ({
    get: fault,
    put: fault,
    create: fault,
    swap: fault,
    delete: fault,
  });
  const unsure = { ...all('unknown'), get: 'unavailable' } as const;
  const answers: readonly {
    readonly status: number;
    readonly code: string;
    readonly faults: Partial<Record<Operation, StoreFault>>;
  }[] = [
    { status: 400, code: 'BadDigest', faults: { put: 'unavailable', create: 'unavailable', swap: 'unavailable' } },
    { status: 400, code: 'RequestTimeout', faults: all('unavailable') },
    { status: 400, code: 'ExpiredToken', faults: all('unavailable') },
    { status: 400, code: 'InvalidArgument', faults: all('denied') },
    { status: 403, code: 'AccessDenied', faults: all('denied') },
    { status: 403, code: 'RequestTimeTooSkewed', faults: all('denied') },
    { status: 403, code: '', faults: all('denied') },
    { status: 404, code: 'NoSuchBucket', faults: all('denied') },
    { status: 404, code: 'NoSuchKey', faults: { get: 'not-found', swap: 'precondition-failed' } },
    { status: 404, code: 'NoSuchUpload', faults: { put: 'unknown', create: 'unknown', swap: 'unknown' } },
    { status: 404, code: 'NoSuchVersion', faults: { get: 'unavailable' } },
    { status: 404, code: '', faults: unsure },
    { status: 408, code: '', faults: all('unavailable') },
    { status: 409, code: 'ConditionalRequestConflict', faults: { create: 'unavailable', swap: 'unavailable' } },
    { status: 409, code: 'OperationAborted', faults: all('unavailable') },
    { status: 412, code: 'PreconditionFailed', faults: { create: 'precondition-failed', swap: 'precondition-failed' } },
    { status: 416, code: 'InvalidRange', faults: { get: 'not-found' } },
    { status: 429, code: '', faults: all('unavailable') },
    { status: 429, code: 'TooManyRequests', faults: all('unavailable') },
    { status: 500, code: 'InternalError', faults: unsure },
    { status: 501, code: 'NotImplemented', faults: all('denied') },
    { status: 502, code: '', faults: unsure },
    { status: 503, code: 'SlowDown', faults: all('unavailable') },
    { status: 503, code: 'ServiceUnavailable', faults: all('unavailable') },
    { status: 503, code: '', faults: unsure },
    { status: 504, code: '', faults: unsure },
    { status: 507, code: '', faults: { put: 'full', create: 'full', swap: 'full' } },
    { status: 403, code: 'QuotaExceeded', faults: { put: 'full', create: 'full', swap: 'full' } },
    { status: 507, code: 'XMinioStorageFull', faults: { put: 'full' } },
    { status: 301, code: 'PermanentRedirect', faults: all('denied') },
  ];
  const cases = answers.flatMap(({ status, code, faults }) =>
    Object.entries(faults).map(([operation, fault]) => ({
      operation: operation as Operation,
      status,
      code,
      fault,
    })),
  );
  test.each(cases)('$status $code to $operation is $fault', async ({ operation, status, code, fault }) => {
    handle = (request) => request.answer(status, {}, code === '' ? '<html>a proxy</html>' : s3Error(code));
    await refused(fault, operations[operation](await open()));
    expect(server.requests).toHaveLength(1);
  });

  test('that an object was not there to delete is as good as deleting it', async () => {
    handle = (request) => request.answer(404, {}, s3Error('NoSuchKey'));
    await (await open()).delete('a/b');
  });

  test('from the wrong region names the right one', async () => {
    handle = (request) => request.answer(301, { 'x-amz-bucket-region': 'eu-west-1' }, s3Error('PermanentRedirect'));
    const { message } = await refused('denied', (await open()).get('a'));
    expect(message).toBe('s3://bucket: the bucket is in another region, eu-west-1; set ?region= in --bucket');
  });

  test('that is an error of any length does not fill memory, nor the memory of the caller', async () => {
    handle = (request) => request.answer(500, {}, Buffer.alloc(5_000_000));
    const into = new Uint8Array(4).fill(1);
    await refused('unavailable', (await open()).get('a', { range: { position: 0, length: 4 }, into }));
    expect([...into]).toEqual([1, 1, 1, 1]);
  });

  test('longer than what was asked for is not written past it', async () => {
    handle = (request) => request.answer(206, {}, Buffer.alloc(100, 7));
    const memory = new Uint8Array(12);
    const into = memory.subarray(4, 8);
    await refused('unavailable', (await open()).get('a', { range: { position: 0, length: 4 }, into }));
    expect(memory.subarray(8)).toEqual(new Uint8Array(4));
  });

  test('that was damaged on its way is not taken', async () => {
    handle = (request) => request.answer(200, { 'x-amz-checksum-crc32c': 'AAAAAA==' }, 'damaged');
    await refused('unavailable', (await open()).get('a'));
  });

  test('to a listing is told apart too', async () => {
    handle = (request) => request.answer(403, {}, s3Error('AccessDenied'));
    await refused('denied', listed(await open(), 'a/'));
  });
});

describe('silence', () => {
  const kinds: readonly { readonly what: string; readonly handle: typeof handle }[] = [
    { what: 'no answer in time', handle: () => {} },
    { what: 'a reset', handle: (request) => void request.socket.resetAndDestroy() },
    { what: 'a close', handle: (request) => void request.socket.destroy() },
    {
      what: 'half an answer, then a close',
      handle: (request) => {
        request.response.writeHead(200, { 'content-length': '100', etag: '"1"' });
        request.response.write('half', () => request.socket.destroy());
      },
    },
    {
      what: 'half an answer, then nothing',
      handle: (request) => {
        request.response.writeHead(200, { 'content-length': '100', etag: '"1"' });
        request.response.write('half');
      },
    },
    { what: 'something that is not HTTP', handle: (request) => void request.socket.end('SSH-2.0-OpenSSH\r\n') },
  ];
  for (const { what, handle: silent } of kinds) {
    test.each(Object.keys(operations) as Operation[])(`${what}: %s`, async (operation) => {
      handle = silent;
      const store = await open({ requestMsMax: 150 });
      await refused(operation === 'get' ? 'unavailable' : 'unknown', operations[operation](store));
    });
  }

  test.each(Object.keys(operations) as Operation[])('no one listens: %s was certainly not done', async (operation) => {
    await server.stop();
    await refused('unavailable', operations[operation](await open()));
  });

  test.each(Object.keys(operations) as Operation[])('no such host: %s was certainly not done', async (operation) => {
    await refused('unavailable', operations[operation](await open({}, { endpoint: 'http://no.such.host.invalid:1' })));
  });

  test('a request that waited for a connection until its time was up was certainly not sent', async () => {
    handle = () => {};
    const store = await open({ connectionsMax: 1, requestMsMax: 200 });
    const first = refused('unknown', store.put('a', body));
    await refused('unavailable', store.put('b', body));
    await first;
    handle = (request) => request.answer(200, { etag: '"1"' });
    // One connection, one after the other: what waited has had its turn.
    await store.put('c', body);
    expect(server.requests.map(({ path }) => path)).toEqual(['/bucket/a', '/bucket/c']);
  });

  test('a server whose TLS cannot be trusted gets nothing', async () => {
    const plain = createServer((socket) => socket.on('error', () => {}).end('plain text\r\n'));
    plain.listen(0, '127.0.0.1');
    await once(plain, 'listening');
    const { port } = plain.address() as AddressInfo;
    await refused('unavailable', (await open({}, { endpoint: `https://127.0.0.1:${port}` })).put('a', body));
    plain.close();
  });

  test('HTTP/2 is not offered: a client that sends streams again by itself cannot say what was sent', async () => {
    const offered: Buffer[] = [];
    const plain = createServer((socket) => {
      socket
        .on('error', () => {})
        .once('data', (hello) => {
          offered.push(hello);
          socket.destroy();
        });
    });
    plain.listen(0, '127.0.0.1');
    await once(plain, 'listening');
    const { port } = plain.address() as AddressInfo;
    await refused('unavailable', (await open({}, { endpoint: `https://127.0.0.1:${port}` })).put('a', body));
    plain.close();
    // Names of ALPN (RFC 7301), each after its length.
    expect(offered[0]!.includes('\x02h2')).toBe(false);
  });

  test('what is given up before it is sent was not done; after that nobody knows', async () => {
    handle = () => {};
    const store = await open();
    await refused('unavailable', store.put('a', body, { signal: AbortSignal.abort() }));
    expect(server.requests).toHaveLength(0);
    const given = new AbortController();
    handle = () => given.abort();
    await refused('unknown', store.put('a', body, { signal: given.signal }));
  });

  test('memory that a read was given up on is not written any more', async () => {
    const into = new Uint8Array(8);
    handle = (request) => {
      request.response.writeHead(200, { 'content-length': '8' });
      request.response.write('half', () => setTimeout(() => request.response.end('late'), 200));
    };
    await refused('unavailable', (await open({ requestMsMax: 100 })).get('a', { into }));
    const left = into.slice();
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(into).toEqual(left);
  });
});

describe('a request', () => {
  test('is signed without its body, carries its checksum and its conditions', async () => {
    handle = async (request) => {
      expect(await request.body()).toEqual(Buffer.from('123456789'));
      request.answer(200, { etag: '"1"' });
    };
    const store = await open({ environment: { ...environment, AWS_SESSION_TOKEN: 'token' } }, { prefix: 'in/side' });
    await store.put('a/b', [body[0]!.subarray(0, 4), body[0]!.subarray(4)], { ifNoneMatch: '*' });
    const [{ path, headers }] = server.requests as [DoubleRequest];
    expect(path).toBe('/bucket/in/side/a/b');
    expect(headers).toMatchObject({
      'content-length': '9',
      'if-none-match': '*',
      'x-amz-content-sha256': 'UNSIGNED-PAYLOAD',
      // E3069283, the check value of CRC-32C, greatest byte first.
      'x-amz-checksum-crc32c': '4waSgw==',
      'x-amz-security-token': 'token',
    });
    expect(headers['transfer-encoding']).toBeUndefined();
    expect(headers.authorization).toMatch(
      /^AWS4-HMAC-SHA256 Credential=id\/\d{8}\/us-east-1\/s3\/aws4_request, SignedHeaders=host;if-none-match;.*x-amz-checksum-crc32c;.*x-amz-security-token, Signature=[0-9a-f]{64}$/,
    );
  });

  test('names the bucket in the host unless the path is to have it', async () => {
    handle = (request) => request.answer(200, { etag: '"1"' });
    const { port } = new URL(server.endpoint);
    // Names below localhost are this machine (RFC 6761), as far as the resolver of the machine agrees.
    const store = await open({}, { endpoint: `http://localhost:${port}`, pathStyle: false });
    const asked = await store.put('a', body).then(
      () => server.requests[0]!.headers.host,
      (error: Error) => error.message,
    );
    expect(asked).toMatch(/bucket\.localhost/);
  });
});

describe('an upload in parts', () => {
  const parts = { singleBytesMax: 100, partBytes: 40 };
  const long = [new Uint8Array(90).fill(1), new Uint8Array(41).fill(2)];
  let aborted: number;
  /** Answers as S3 does; `instead` may answer first. */
  function s3(instead: (request: DoubleRequest, stage: 'begin' | 'part' | 'complete') => boolean | Promise<boolean>) {
    aborted = 0;
    handle = async (request) => {
      const stage = request.query.has('uploads') ? 'begin' : request.method === 'PUT' ? 'part' : 'complete';
      if (request.method === 'DELETE') {
        aborted += 1;
        return request.answer(204);
      }
      if (await instead(request, stage)) return;
      if (stage === 'begin') return request.answer(200, {}, '<R><UploadId>an/id+=</UploadId></R>');
      if (stage === 'part') return request.answer(200, { etag: `"part ${request.query.get('partNumber')}"` });
      return request.answer(200, {}, '<R><ETag>&quot;whole-4&quot;</ETag></R>');
    };
  }

  test('sends every byte once, in order, and completes under its condition', async () => {
    const sent = new Map<number, Buffer>();
    let completion = '';
    s3(async (request, stage) => {
      if (stage === 'part') sent.set(Number(request.query.get('partNumber')), await request.body());
      if (stage === 'complete') completion = (await request.body()).toString();
      if (stage !== 'begin') expect(request.query.get('uploadId')).toBe('an/id+=');
      expect(request.headers['if-none-match']).toBe(stage === 'complete' ? '*' : undefined);
      return false;
    });
    expect(await (await open(parts)).put('a', long, { ifNoneMatch: '*' })).toEqual({ version: '"whole-4"' });
    expect([1, 2, 3, 4].map((number) => sent.get(number)!.length)).toEqual([40, 40, 40, 11]);
    expect(Buffer.concat([1, 2, 3, 4].map((number) => sent.get(number)!))).toEqual(Buffer.concat(long));
    expect(
      [...completion.matchAll(/<PartNumber>(\d)<\/PartNumber><ETag>&quot;part (\d)&quot;/g)].map(String),
    ).toHaveLength(4);
    expect(aborted).toBe(0);
  });

  test('sends no further part once one has failed', async () => {
    const begun: number[] = [];
    s3((request, stage) => {
      if (stage !== 'part') return false;
      const number = Number(request.query.get('partNumber'));
      begun.push(number);
      return number === 1 && answer(507, '')(request);
    });
    await refused('full', (await open(parts)).put('a', [new Uint8Array(4_000)], { ifNoneMatch: '*' }));
    // Of a hundred; those under way at that moment end as they do.
    expect(begun.length).toBeLessThan(50);
    await expect.poll(() => aborted).toBe(1);
  });

  const reset = (request: DoubleRequest): boolean => {
    request.socket.resetAndDestroy();
    return true;
  };
  const answer = (status: number, code: string) => (request: DoubleRequest) => {
    request.answer(status, {}, s3Error(code));
    return true;
  };
  const cases: readonly {
    readonly stage: 'begin' | 'part' | 'complete';
    readonly what: string;
    readonly instead: (request: DoubleRequest) => boolean;
    readonly fault: StoreFault;
  }[] = [
    { stage: 'begin', what: 'a reset', instead: reset, fault: 'unavailable' },
    { stage: 'begin', what: '500', instead: answer(500, 'InternalError'), fault: 'unavailable' },
    { stage: 'part', what: 'a reset', instead: reset, fault: 'unavailable' },
    { stage: 'part', what: '500', instead: answer(500, 'InternalError'), fault: 'unavailable' },
    { stage: 'part', what: '507', instead: answer(507, ''), fault: 'full' },
    { stage: 'complete', what: 'a reset', instead: reset, fault: 'unknown' },
    { stage: 'complete', what: '500', instead: answer(500, 'InternalError'), fault: 'unknown' },
    { stage: 'complete', what: '503 SlowDown', instead: answer(503, 'SlowDown'), fault: 'unavailable' },
    { stage: 'complete', what: '200 with an error in it', instead: answer(200, 'InternalError'), fault: 'unknown' },
    { stage: 'complete', what: '412', instead: answer(412, 'PreconditionFailed'), fault: 'precondition-failed' },
    { stage: 'complete', what: '409', instead: answer(409, 'ConditionalRequestConflict'), fault: 'unavailable' },
    { stage: 'complete', what: '404', instead: answer(404, 'NoSuchUpload'), fault: 'unknown' },
    { stage: 'begin', what: "a proxy's 404", instead: answer(404, ''), fault: 'unavailable' },
    { stage: 'part', what: '404', instead: answer(404, 'NoSuchUpload'), fault: 'unavailable' },
  ];
  test.each(cases)('$stage: $what is $fault, and the parts go', async ({ stage, instead, fault }) => {
    s3((request, at) => at === stage && instead(request));
    await refused(fault, (await open(parts)).put('a', long, { ifNoneMatch: '*' }));
    await expect.poll(() => aborted).toBe(stage === 'begin' ? 0 : 1);
  });
});

test("the store's clock is the Date of its newest answer, refusals included, through retries as well", async () => {
  const store = await open();
  const outermost = new RetryingStore(store, world);
  expect(outermost.clockMs()).toBeUndefined();
  handle = (request) => request.answer(404, { date: 'Sat, 01 Jan 2000 00:00:10 GMT' }, s3Error('NoSuchKey'));
  await refused('not-found', store.get('a/b'));
  const toldMs = Date.UTC(2000, 0, 1, 0, 0, 10);
  const firstMs = outermost.clockMs()!;
  expect(firstMs).toBeGreaterThanOrEqual(toldMs);
  expect(outermost.clockMs()).toBeGreaterThanOrEqual(firstMs);
  handle = (request) => request.answer(204, { date: 'Fri, 31 Dec 1999 00:00:00 GMT' });
  await store.delete('a/b');
  expect(outermost.clockMs()).toBeLessThan(firstMs);
});
