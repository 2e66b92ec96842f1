import type { BucketUrl } from '../config/bucket-url.js';
import type { World } from '../world/world.js';
import { DiskStore } from './drivers/disk.js';
import { memoryFolder, removeMemoryFolders } from './drivers/memory-folder.js';
import { MeteredStore, type StoreMeters } from './meter.js';
import { pricesOf } from './prices.js';
import { RetryingStore } from './retry.js';
import type { Store } from './store.js';

/**
 * The store that `--bucket` names. Every thread opens its own. Makes the folder of `file:`; asks nothing of S3, where a
 * bucket that is missing or closed to us shows at the first request (the probe's), as StoreError 'denied' with a sentence
 * for people.
 */
export async function openStore(bucket: BucketUrl, world: World): Promise<Store> {
  switch (bucket.kind) {
    case 'file':
      return DiskStore.open(world, bucket.folder);
    case 'memory':
      return DiskStore.open(world, memoryFolder(), 'memory:');
    case 's3': {
      const { S3Store } = await import('./drivers/s3.js');
      return S3Store.open(bucket, world);
    }
  }
}

/** As the engines use it: every request metered, and what another try can mend tried again. */
export function equip(store: Store, bucket: BucketUrl, world: World, meters: StoreMeters): Store {
  return new RetryingStore(new MeteredStore(store, meters, world.clock, pricesOf(bucket)), world);
}

/** Removes what a killed process left half-written. Only for the agent that holds the folder's lock, before it writes. */
export async function sweepBucket(bucket: BucketUrl, world: World): Promise<void> {
  if (bucket.kind === 'file') await (await DiskStore.open(world, bucket.folder)).sweep();
}

/** `memory:` goes with its process: called once every thread has closed its store. */
export async function discardBucket(bucket: BucketUrl): Promise<void> {
  if (bucket.kind === 'memory') await removeMemoryFolders();
}
