// A fresh read over S3 when something between the agent and the store answers in its place.
import { expect, onTestFinished, test } from 'vitest';
import type { FromLeader } from '../../src/cluster/messages.js';
import { objectJournal } from '../../src/journal/drivers/objects.js';
import { S3Store } from '../../src/objects/drivers/s3.js';
import { realWorld } from '../../src/world/real.js';
import { realFiles } from '../../src/world/real-files.js';
import { Barriers } from '../../workers/leader/barriers.js';
import { startDouble, startMapStore } from '../servers/s3-double.js';
import { bucketOn } from '../servers/s3-server.js';

const world = realWorld({ files: realFiles() });
const environment = { AWS_ACCESS_KEY_ID: 'id', AWS_SECRET_ACCESS_KEY: 'secret' };

async function journalAt(endpoint: string) {
  const store = await S3Store.open(bucketOn(endpoint, 'bucket'), world, { environment });
  onTestFinished(() => store.close());
  return objectJournal(store, 'c');
}

/** A server in front of another; while `lost` it knows no path at all. */
async function startProxy(endpoint: string) {
  const state = { lost: false };
  const server = await startDouble(async (request) => {
    if (state.lost) return request.answer(404, { 'content-type': 'text/plain' }, 'no such route\n');
    const answer = await fetch(endpoint + request.path);
    request.answer(
      answer.status,
      { etag: answer.headers.get('etag') ?? '' },
      new Uint8Array(await answer.arrayBuffer()),
    );
  });
  onTestFinished(() => server.stop());
  return { endpoint: server.endpoint, state };
}

test('a deposed leader that gets only 404s of a proxy answers no fresh read with what it had', async () => {
  const bucket = await startMapStore('at the end');
  onTestFinished(() => bucket.stop());
  const proxy = await startProxy(bucket.endpoint);
  const posted: FromLeader[] = [];
  const barriers = new Barriers(await journalAt(proxy.endpoint), (message) => posted.push(message));
  const successor = await journalAt(bucket.endpoint);
  await successor.append(1, Uint8Array.of(1));

  barriers.add(1);
  expect(await barriers.read(() => 1)).toBe(true);
  proxy.state.lost = true;
  await successor.append(2, Uint8Array.of(2));
  barriers.add(2);
  await barriers.read(() => 1);
  proxy.state.lost = false;
  barriers.add(3);
  expect(await barriers.read(() => 1)).toBe(false);
  expect(posted).toMatchObject([
    { type: 'barrier', id: 1, revision: 1 },
    { type: 'barrier-failed', id: 2 },
  ]);
});
