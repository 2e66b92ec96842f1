// The probe lets honest stores in and turns the others away, each with the condition that does not hold.
import { createRequire } from 'node:module';
import { afterEach, describe, expect, test } from 'vitest';
import type { S3BucketUrl } from '../../src/config/bucket-url.js';
import { MemoryStore } from '../../src/objects/drivers/memory.js';
import { S3Store } from '../../src/objects/drivers/s3.js';
import { ProbeError, probeStore, type StoreCondition } from '../../src/objects/probe.js';
import {
  type GetOptions,
  type ListedObject,
  type PutOptions,
  StoreError,
  type StoreFault,
} from '../../src/objects/store.js';
import { realWorld } from '../../src/world/real.js';
import { realFiles } from '../../src/world/real-files.js';
import { scratchFolder } from '../processes/agent.js';
import { startMapStore } from '../servers/s3-double.js';
import { bucketOn } from '../servers/s3-server.js';
import { listed } from './store-contract.js';

const world = realWorld({ files: realFiles() });
const environment = { AWS_ACCESS_KEY_ID: 'S3RVER', AWS_SECRET_ACCESS_KEY: 'S3RVER' };

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function openS3(url: S3BucketUrl): Promise<S3Store> {
  const store = await S3Store.open(url, world, { environment });
  closing.push(() => store.close());
  return store;
}

async function brokenOn(store: Parameters<typeof probeStore>[0]): Promise<ProbeError> {
  const outcome = await probeStore(store, 'weft', world).catch((error: unknown) => error);
  expect(outcome).toBeInstanceOf(ProbeError);
  return outcome as ProbeError;
}

test('s3rver, which ignores conditions, is turned away', async () => {
  const folder = scratchFolder('s3rver');
  // It has no types; its constructor, `run` and `close` are all that is used.
  const S3rver = createRequire(import.meta.url)('s3rver') as new (
    options: object,
  ) => {
    run(): Promise<{ port: number }>;
    close(): Promise<void>;
  };
  const options = { address: '127.0.0.1', port: 0, silent: true, directory: folder.path };
  const server = new S3rver({ ...options, configureBuckets: [{ name: 'bucket' }] });
  const { port } = await server.run();
  closing.push(async () => {
    await server.close();
    folder.remove();
  });
  const store = await openS3(bucketOn(`http://127.0.0.1:${port}`, 'bucket'));
  const error = await brokenOn(store);
  expect(error.condition).toBe('create-only');
  expect(error.message).toMatch(
    /^s3:\/\/bucket cannot be used: create-only does not hold: a second create .* Use one /,
  );
});

test('a server that refuses a second create but lets every racing one win is turned away', async () => {
  const server = await startMapStore('at the beginning');
  closing.push(() => server.stop());
  const error = await brokenOn(await openS3(bucketOn(server.endpoint, 'bucket')));
  expect(error.condition).toBe('racing creates');
  expect(error.message).toContain('8 of 8 creates of the same object at the same time succeeded');
});

test('the same server, made honest, is let in', async () => {
  const server = await startMapStore('at the end');
  closing.push(() => server.stop());
  const store = await openS3(bucketOn(server.endpoint, 'bucket'));
  await probeStore(store, 'weft', world);
  expect(await listed(store, 'weft/')).toEqual(new Map());
});

test('a server that is not there is named', async () => {
  const server = await startMapStore('at the end');
  await server.stop();
  const error = await brokenOn(await openS3(bucketOn(server.endpoint, 'bucket')));
  expect(error.condition).toBeUndefined();
  expect(error.message).toMatch(/^the bucket cannot be used: s3:\/\/bucket: .*ECONNREFUSED/);
});

describe('a store that breaks one condition is turned away for it', () => {
  class SwapsAnything extends MemoryStore {
    override async put(key: string, body: readonly Uint8Array[], options: PutOptions = {}) {
      const there = await super.get(key).then(
        () => true,
        () => false,
      );
      return super.put(key, body, there && options.ifMatch !== undefined ? {} : options);
    }
  }
  class SwapsNothing extends MemoryStore {
    override async put(key: string, body: readonly Uint8Array[], options: PutOptions = {}) {
      return super.put(key, body, options.ifMatch === undefined ? options : { ifMatch: 'never' });
    }
  }
  class SwapsFromNothing extends MemoryStore {
    override async put(key: string, body: readonly Uint8Array[], options: PutOptions = {}) {
      return super.put(key, body, key.endsWith('absent') ? {} : options);
    }
  }
  /** Looks at the version, then writes, with time between. */
  class SwapsInRaces extends MemoryStore {
    override async put(key: string, body: readonly Uint8Array[], options: PutOptions = {}) {
      if (options.ifMatch === undefined) return super.put(key, body, options);
      await super.put(`${key}.looked`, body);
      const present = await super.get(key).catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, 5));
      return super.put(key, body, present?.version === options.ifMatch ? {} : options);
    }
  }
  class ReadsLate extends MemoryStore {
    readonly #former = new Map<string, Uint8Array>();
    override async get(key: string, options: GetOptions = {}) {
      const object = await super.get(key, options);
      const former = this.#former.get(key);
      this.#former.set(key, object.bytes);
      return { ...object, bytes: former ?? object.bytes };
    }
  }
  class ListsLate extends MemoryStore {
    override async *list(prefix: string): AsyncIterable<ListedObject> {
      for await (const object of super.list(prefix)) if (!object.key.endsWith('create-2')) yield object;
    }
  }
  class Keeps extends MemoryStore {
    override async delete(): Promise<void> {}
  }
  const cases: readonly { readonly condition: StoreCondition; readonly what: string; readonly store: MemoryStore }[] = [
    { condition: 'compare-and-set', what: 'ignores If-Match', store: new SwapsAnything() },
    { condition: 'compare-and-set', what: 'refuses every If-Match', store: new SwapsNothing() },
    { condition: 'compare-and-set', what: 'swaps what is not there', store: new SwapsFromNothing() },
    { condition: 'racing swaps', what: 'looks, then writes', store: new SwapsInRaces() },
    { condition: 'read-after-write', what: 'reads what was', store: new ReadsLate() },
    { condition: 'list-after-write', what: 'lists late', store: new ListsLate() },
    { condition: 'delete', what: 'deletes nothing', store: new Keeps() },
  ];
  test.each(cases)('$condition: $what', async ({ condition, store }) => {
    expect((await brokenOn(store)).condition).toBe(condition);
  });
});

describe('a moment in which the store does not answer', () => {
  /** Fails some requests, counted from 0. */
  class Stumbles extends MemoryStore {
    readonly #fails: (request: number) => StoreFault | undefined;
    requests = 0;
    constructor(fails: (request: number) => StoreFault | undefined) {
      super();
      this.#fails = fails;
    }
    #step(): void {
      const fault = this.#fails(this.requests);
      this.requests += 1;
      if (fault !== undefined) throw new StoreError(fault, 'key', `failed as told: ${fault}`);
    }
    override async get(key: string, options?: GetOptions) {
      this.#step();
      return super.get(key, options);
    }
    override async put(key: string, body: readonly Uint8Array[], options?: PutOptions) {
      this.#step();
      return super.put(key, body, options);
    }
    override async delete(key: string): Promise<void> {
      this.#step();
      return super.delete(key);
    }
    override async *list(prefix: string): AsyncIterable<ListedObject> {
      this.#step();
      yield* super.list(prefix);
    }
  }

  test.each<StoreFault>(['unavailable', 'unknown'])('does not turn it away, whenever it comes: %s', async (fault) => {
    const steady = new Stumbles(() => undefined);
    await probeStore(steady, 'weft', world);
    for (let at = 1; at < steady.requests; at += 5) {
      const store = new Stumbles((request) => (request === at ? fault : undefined));
      await probeStore(store, 'weft', world);
      expect([...(await listed(store, 'weft/')).keys()], `${at}`).toEqual([]);
    }
  });

  test('that does not pass turns it away', async () => {
    const store = new Stumbles((request) => (request > 20 ? 'unavailable' : undefined));
    const error = await brokenOn(store);
    expect(error.condition).toBeUndefined();
    expect(error.message).toBe('the bucket cannot be used: failed as told: unavailable');
  });

  test.each<StoreFault>(['denied', 'full'])('is not waited for when waiting mends nothing: %s', async (fault) => {
    const store = new Stumbles((request) => (request === 3 ? fault : undefined));
    expect((await brokenOn(store)).condition).toBeUndefined();
  });

  test('of a store that has never answered is its absence: one request tells', async () => {
    const store = new Stumbles(() => 'unavailable');
    await brokenOn(store);
    expect(store.requests).toBe(1);
  });
});

test('what a killed probe left is removed by one an hour later', async () => {
  const store = new MemoryStore();
  const at = (wallMs: number) => ({ ...world, clock: { ...world.clock, wallMs: () => wallMs } });
  await store.put(`weft/probe/${1e12}-1-sequence`, []);
  await store.put(`weft/probe/${1e12 + 3e6}-1-sequence`, []);
  await probeStore(store, 'weft', at(1e12 + 3_700_000));
  expect([...(await listed(store, 'weft/')).keys()]).toEqual([`weft/probe/${1e12 + 3e6}-1-sequence`]);
});
