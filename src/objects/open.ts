import type { BucketUrl } from '../config/bucket-url.js';
import type { World } from '../world/world.js';
import { DiskStore } from './drivers/disk.js';
import { memoryFolder } from './drivers/memory-folder.js';
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
