import type { World } from '../../src/world/world.js';
import type { SeededRandom } from './random.js';
import type { SimulatedDisk } from './simulated-files.js';
import type { SimulatedNet } from './simulated-net.js';
import type { VirtualTime } from './virtual-time.js';

export interface Host {
  readonly time: VirtualTime;
  readonly net: SimulatedNet;
  readonly disk: SimulatedDisk;
}

/** The world of one simulated process: everything in it stops when `alive` turns false. */
export function simulatedWorld(host: Host, random: SeededRandom, wallOffsetMs: number, alive: () => boolean): World {
  return {
    clock: host.time.clockOf(wallOffsetMs),
    timers: host.time.timersOf(alive),
    random,
    net: host.net.netOf(alive),
    files: host.disk.filesOf(alive),
  };
}
