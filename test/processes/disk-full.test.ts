import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, renameSync, truncateSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { apis } from '../../src/protocol/apis.js';
import { errors } from '../../src/protocol/errors.js';
import { makeBatch } from '../unit/ingest/make-batch.js';
import { scratchFolder, startAgent } from './agent.js';
import { produce, readValues, WireClient } from './wire.js';

/** A small file system of its own, in name spaces of its own: nobody needs to be root. Undefined where that is forbidden. */
async function smallDisk(): Promise<{ readonly path: string; close(): Promise<void> } | undefined> {
  const folder = scratchFolder('disk-full');
  const mount = `mount -t tmpfs -o size=48m weft ${folder.path} && echo mounted && exec sleep 1000000`;
  const root = process.getuid?.() === 0;
  const allowed = spawnSync('unshare', ['-Urm', 'true']).status === 0;
  if (!allowed && !root) {
    folder.remove();
    return undefined;
  }
  const child = spawn('unshare', [allowed ? '-Urm' : '-m', 'sh', '-c', mount], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = new Promise<void>((done) => child.once('exit', () => done()));
  const mounted = await Promise.race([
    new Promise<true>((seen) => child.stdout.once('data', () => seen(true))),
    exited.then(() => undefined),
  ]);
  const close = async (): Promise<void> => {
    child.kill('SIGKILL');
    await exited;
    folder.remove();
  };
  if (mounted === undefined) {
    await close();
    return undefined;
  }
  return { path: `/proc/${child.pid}/root${folder.path}`, close };
}

const disk = process.platform === 'linux' ? await smallDisk() : undefined;
afterAll(() => disk?.close());

const needed = process.env['WEFT_ALL'] === '1';
const PATIENCE_MS = 10_000;
const FULL: readonly number[] = [errors.KAFKA_STORAGE_ERROR.code, errors.REQUEST_TIMED_OUT.code];

const name =
  'a full disk is a retriable error and no acknowledgement; what was acknowledged is there, through kill -9 and when space returns';

// Needs a file system of its own: not every kernel lets a plain user make one.
test.skipIf(disk === undefined && !needed)(
  disk === undefined ? `NOT RUN: ${name} (needs name spaces, unshare -Urm, or root)` : name,
  { timeout: 120_000 },
  async () => {
    if (disk === undefined) throw new Error('needs a file system of its own: name spaces (unshare -Urm) or root');
    const bucket = join(disk.path, 'bucket');
    mkdirSync(bucket);
    const ballast = join(disk.path, 'ballast');
    writeFileSync(ballast, Buffer.alloc(24 << 20));
    const flags = ['--bucket', `file:${bucket}`, '--journal-lease', '2s'];
    let agent = await startAgent(flags);
    let client = await WireClient.connect(agent.kafka);
    await client.call(apis.metadata, 9, { topics: [{ name: 'full' }] });
    const acknowledged: string[] = [];
    /** Timed out: the segment had room, its journal entry has none yet. They may become visible once there is space. */
    const undecided = new Set<string>();
    let n = 0;
    const send = async (bytes: number): Promise<number> => {
      const value = `${n}-${'x'.repeat(bytes)}`;
      n += 1;
      const { errorCode } = await produce(client, 'full', 0, makeBatch({ values: [value] }), PATIENCE_MS);
      if (errorCode === 0) acknowledged.push(value);
      if (errorCode === errors.REQUEST_TIMED_OUT.code) undecided.add(value);
      return errorCode;
    };
    /** Produces until the answer is not success: it must be one that clients retry. */
    const fill = async (bytes: number): Promise<void> => {
      let errorCode: number;
      do errorCode = await send(bytes);
      while (errorCode === 0);
      expect(FULL).toContain(errorCode);
    };
    const expectAll = async (): Promise<void> => {
      const read = (await readValues(client, 'full', 0)).filter((value) => !undecided.has(value));
      expect(read.map((value) => value.split('-')[0])).toEqual(acknowledged.map((value) => value.split('-')[0]));
      expect(read).toEqual(acknowledged);
    };
    // First by large segments, then until not even a small one, or its journal entry, fits.
    await fill(500_000);
    await fill(1);
    await fill(1);
    expect(acknowledged.length).toBeGreaterThan(20);
    await expectAll();

    // It recovers by itself.
    const reserve = join(disk.path, 'reserve');
    renameSync(ballast, reserve);
    truncateSync(reserve, 12 << 20);
    let errorCode: number;
    do errorCode = await send(1);
    while (FULL.includes(errorCode));
    expect(errorCode).toBe(0);
    await expectAll();

    // Full again, and killed while full: nothing torn, and everything is there once there is space to start in.
    await fill(500_000);
    await fill(1);
    await agent.kill();
    unlinkSync(reserve);
    agent = await startAgent(flags);
    client = await WireClient.connect(agent.kafka);
    await expectAll();
    expect(await agent.stop()).toBe(0);
  },
);
