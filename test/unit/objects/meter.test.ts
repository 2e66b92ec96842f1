// What the meter counts, and what it costs.
import { describe, expect, test } from 'vitest';
import { MemoryStore } from '../../../src/objects/drivers/memory.js';
import { MeteredStore } from '../../../src/objects/meter.js';
import { pricesOf, putRequestsOf } from '../../../src/objects/prices.js';
import { StoreError, type StoreFault } from '../../../src/objects/store.js';
import type { S3BucketUrl } from '../../../src/config/bucket-url.js';
import { Telemetry } from '../../../src/telemetry/telemetry.js';

const standard: S3BucketUrl = {
  kind: 's3',
  bucket: 'b',
  prefix: '',
  region: 'us-east-1',
  endpoint: undefined,
  pathStyle: false,
  express: false,
};

function metered(store = new MemoryStore()) {
  const telemetry = new Telemetry({ seriesMax: 10 });
  let nowMs = 0;
  // Each look at the clock takes 2 ms.
  const clock = { monotonicMs: () => (nowMs += 2), wallMs: () => 0 };
  const read = (name: 'storeRequests' | 'storeErrors' | 'storeBytes' | 'storeDollars') =>
    Object.fromEntries(
      telemetry.read(name).flatMap((series) => {
        return series.kind === 'value' && series.value !== 0 ? [[series.labelValue, series.value]] : [];
      }),
    );
  const times = () =>
    Object.fromEntries(
      telemetry.read('storeDuration').flatMap((series) => {
        return series.kind === 'histogram' && series.sumMs !== 0 ? [[series.labelValue, series.sumMs]] : [];
      }),
    );
  return { store: new MeteredStore(store, telemetry.meters, clock, pricesOf(standard)), read, times };
}

test('requests, bytes, time and dollars by operation', async () => {
  const { store, read, times } = metered();
  await store.put('a/1', [new Uint8Array(10), new Uint8Array(5)]);
  await store.put('a/2', [new Uint8Array(5)]);
  await store.get('a/1');
  await store.get('a/1', { range: { position: 0, length: 4 } });
  await store.delete('a/2');
  for await (const _ of store.list('a/'));
  expect(read('storeRequests')).toEqual({ get: 2, put: 2, delete: 1, list: 1 });
  expect(read('storeBytes')).toEqual({ read: 19, written: 20 });
  expect(read('storeErrors')).toEqual({});
  expect(times()).toEqual({ get: 4, put: 4, delete: 2, list: 4 });
  const { get, put, list, ...free } = read('storeDollars');
  expect(put).toBeCloseTo(0.00001, 12);
  expect(get).toBeCloseTo(0.0000008, 12);
  expect(list).toBeCloseTo(0.000005, 12);
  expect(free).toEqual({});
});

const faults: readonly { readonly fault: StoreFault; readonly error: boolean; readonly billed: boolean }[] = [
  { fault: 'not-found', error: false, billed: true },
  { fault: 'precondition-failed', error: false, billed: true },
  { fault: 'unavailable', error: true, billed: false },
  { fault: 'unknown', error: true, billed: true },
  { fault: 'denied', error: true, billed: true },
  { fault: 'full', error: true, billed: true },
];
describe.each(faults)('$fault', ({ fault, error, billed }) => {
  test(`is ${error ? 'an error' : 'an answer'}, ${billed ? '' : 'not '}billed`, async () => {
    class Failing extends MemoryStore {
      override put(): Promise<never> {
        return Promise.reject(new StoreError(fault, 'key', 'as told'));
      }
    }
    const { store, read, times } = metered(new Failing());
    await expect(store.put('a', [new Uint8Array(5)])).rejects.toMatchObject({ fault });
    expect(read('storeRequests')).toEqual({ put: 1 });
    expect(read('storeErrors')).toEqual(error ? { put: 1 } : {});
    expect(read('storeBytes')).toEqual({});
    expect(Object.keys(read('storeDollars'))).toEqual(billed ? ['put'] : []);
    expect(times()).toEqual({ put: 2 });
  });
});

test('a listing costs a request for each thousand keys, however it ends', async () => {
  class Long extends MemoryStore {
    override async *list() {
      for (let i = 0; i < 1001; i += 1) yield { key: `${i}`, bytes: 1 };
      throw new StoreError('unavailable', '', 'as told');
    }
  }
  const { store, read } = metered(new Long());
  const reading = async () => {
    for await (const _ of store.list(''));
  };
  await expect(reading()).rejects.toMatchObject({ fault: 'unavailable' });
  expect(read('storeRequests')).toEqual({ list: 2 });
  expect(read('storeErrors')).toEqual({ list: 1 });
  for await (const _ of store.list('')) break;
  expect(read('storeRequests')).toEqual({ list: 3 });
});

test('prices are those of the bucket', () => {
  const mebi = 1024 * 1024;
  expect([0, 64 * mebi, 64 * mebi + 1, 72 * mebi + 1].map(putRequestsOf)).toEqual([1, 1, 11, 12]);
  expect(pricesOf({ ...standard, endpoint: 'https://s3.eu-west-1.amazonaws.com' }).perGet).toBeCloseTo(4e-7, 12);
  expect(pricesOf({ ...standard, endpoint: 'http://127.0.0.1:9000' }).perGet).toBe(0);
  expect(pricesOf({ ...standard, express: true }).perByteWritten).toBeCloseTo(3.2e-12, 15);
  expect(pricesOf({ kind: 'file', folder: '.' }).perPut).toBe(0);
  expect(pricesOf({ kind: 'memory' }).perPut).toBe(0);
});
