// A segment that goes in parts and has a second attempt beside it: what its ack waits for.
import { expect, onTestFinished, test } from 'vitest';
import { S3Store } from '../../src/objects/drivers/s3.js';
import { Hedging, SAMPLES_MIN } from '../../src/objects/hedge.js';
import { realWorld } from '../../src/world/real.js';
import { realFiles } from '../../src/world/real-files.js';
import { upload } from '../../workers/ingest/upload.js';
import { startDouble } from '../servers/s3-double.js';
import { bucketOn } from '../servers/s3-server.js';

const world = realWorld({ files: realFiles() });
const environment = { AWS_ACCESS_KEY_ID: 'id', AWS_SECRET_ACCESS_KEY: 'secret' };

test('it is stored when one attempt is, and waits for no clean-up after the other', { timeout: 10_000 }, async () => {
  const deleted: string[] = [];
  // The parts of the first key are never answered, nor is the DELETE of its upload.
  const server = await startDouble((request) => {
    const name = request.path.split('/').at(-1)!;
    if (request.method === 'DELETE') deleted.push(name);
    else if (request.query.has('uploads')) request.answer(200, {}, `<R><UploadId>of ${name}</UploadId></R>`);
    else if (request.method === 'POST') request.answer(200, {}, '<R><ETag>&quot;whole&quot;</ETag></R>');
    else if (name !== '1') request.answer(200, { etag: '"part"' });
  });
  // Whoever waits for the DELETE waits for ever.
  const options = { environment, singleBytesMax: 100, partBytes: 40, requestMsMax: 3_600_000 };
  const store = await S3Store.open(bucketOn(server.endpoint, 'bucket'), world, options);
  onTestFinished(async () => {
    await store.close();
    await server.stop();
  });
  const hedging = new Hedging(world, () => {});
  for (let i = 0; i < SAMPLES_MIN; i += 1) await hedging.run(async () => {});
  let segment = 0;
  const remake = () => {
    segment += 1;
    return { key: String(segment), segment, body: [new Uint8Array(131)], bytes: 131, crc32c: 0 };
  };
  const result = await upload(world, store, hedging, remake, () => true);
  expect(result).toMatchObject({ kind: 'uploaded', object: { segment: 2 } });
  await expect.poll(() => deleted).toEqual(['1']);
});
