// What may stand in the pages of a listing. Whole listings of real servers: store-contract.ts.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { S3Store } from '../../src/objects/drivers/s3.js';
import { realWorld } from '../../src/world/real.js';
import { realFiles } from '../../src/world/real-files.js';
import { type DoubleRequest, type HttpDouble, s3Error, startDouble } from '../servers/s3-double.js';
import { bucketOn } from '../servers/s3-server.js';
import { listed, refused } from './store-contract.js';

const world = realWorld({ files: realFiles() });
const environment = { AWS_ACCESS_KEY_ID: 'id', AWS_SECRET_ACCESS_KEY: 'secret' };

let server: HttpDouble;
let store: S3Store;
let handle: (request: DoubleRequest) => void | Promise<void>;
beforeEach(async () => {
  server = await startDouble((request) => handle(request));
  store = await S3Store.open({ ...bucketOn(server.endpoint, 'bucket'), prefix: 'apart' }, world, { environment });
});
afterEach(async () => {
  await store.close();
  await server.stop();
});

const page = (rows: string): string =>
  `<?xml version="1.0"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${rows}</ListBucketResult>`;
const row = (key: string, size: number): string =>
  `<Contents><ETag>&quot;1&quot;</ETag>\n<Size>${size}</Size><Key>${key}</Key></Contents>`;
const next = (token: string): string => `<NextContinuationToken>${token}</NextContinuationToken>`;

test('pages follow one another by tokens, which may hold any character', async () => {
  const token = 'a+b/c=&<d>"!*()';
  handle = ({ query, answer }) => {
    const given = query.get('continuation-token');
    if (given === null) return answer(200, {}, page(next('a+b/c=&amp;&lt;d&gt;&quot;!*()') + row('apart/a/1', 3)));
    expect(given).toBe(token);
    return answer(200, {}, page(row('apart/a/2', 4)));
  };
  expect(await listed(store, 'a/')).toEqual(
    new Map([
      ['a/1', 3],
      ['a/2', 4],
    ]),
  );
  expect(server.requests.map(({ path, query }) => [path, query.get('list-type'), query.get('prefix')])).toEqual([
    ['/bucket/', '2', 'apart/a/'],
    ['/bucket/', '2', 'apart/a/'],
  ]);
});

test('keys of others are read as they are, and folders are none', async () => {
  handle = ({ answer }) => answer(200, {}, page(row('apart/a/&#228;&amp;amp;&#x3C;', 1) + row('apart/a/folder/', 0)));
  expect(await listed(store, 'a/')).toEqual(new Map([['a/ä&amp;<', 1]]));
});

test('a page that fails in passing is asked for again, and no object comes twice', async () => {
  let failures = 2;
  handle = ({ query, answer }) => {
    if (!query.has('continuation-token')) return answer(200, {}, page(next('2') + row('apart/a/1', 3)));
    failures -= 1;
    return failures < 0 ? answer(200, {}, page(row('apart/a/2', 4))) : answer(503, {}, s3Error('SlowDown'));
  };
  const keys: string[] = [];
  for await (const { key } of store.list('a/')) keys.push(key);
  expect(keys).toEqual(['a/1', 'a/2']);
});

test.each([
  ['a page of something in between', '<html>welcome</html>'],
  ['a listing that is cut off', page(row('apart/a/1', 3)).slice(0, -30)],
])('%s is no empty listing', async (_what, text) => {
  handle = ({ answer }) => answer(200, {}, text);
  await refused('unavailable', listed(store, 'a/'));
});
