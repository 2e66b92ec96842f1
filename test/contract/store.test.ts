// Every store without a server of its own keeps the contract: memory, `memory:`, disk, disk on a simulated file system.
import { wholeFiles } from '../../native-bindings/bindings.js';
import { DiskStore } from '../../src/objects/drivers/disk.js';
import { MemoryStore } from '../../src/objects/drivers/memory.js';
import { removeMemoryFolders } from '../../src/objects/drivers/memory-folder.js';
import { openStore } from '../../src/objects/open.js';
import { realWorld } from '../../src/world/real.js';
import { realFiles } from '../../src/world/real-files.js';
import { scratchFolder } from '../processes/agent.js';
import { SeededRandom } from '../simulation/random.js';
import { SimulatedDisk } from '../simulation/simulated-files.js';
import { VirtualTime } from '../simulation/virtual-time.js';
import { storeContract } from './store-contract.js';

const world = realWorld({ files: realFiles() });

storeContract('memory of one thread', async () => {
  const store = new MemoryStore();
  return { store, close: () => store.close() };
});

storeContract('memory:', async () => {
  const store = await openStore({ kind: 'memory' }, world);
  return {
    store,
    async close() {
      await store.close();
      await removeMemoryFolders();
    },
  };
});

const withNative = realWorld({ files: realFiles(wholeFiles) });

// Without the native part it is the first twice over.
for (const [name, on] of [
  ['file:, by node:fs', world],
  ['file:, by the native part', withNative],
] as const)
  storeContract(name, async () => {
    const folder = scratchFolder('store');
    const store = await openStore({ kind: 'file', folder: `${folder.path}/made/by/it` }, on);
    return {
      store,
      async close() {
        await store.close();
        folder.remove();
      },
    };
  });

storeContract('a disk of the simulator', async () => {
  const time = new VirtualTime();
  const disk = new SimulatedDisk(time, new SeededRandom(1));
  let over = false;
  const turning = (async () => {
    while (!over) await time.run(() => over, Number.POSITIVE_INFINITY);
  })();
  const store = await DiskStore.open({ files: disk.filesOf(() => true), random: new SeededRandom(2) }, '/bucket');
  return {
    store,
    async close() {
      await store.close();
      over = true;
      await turning;
    },
  };
});
