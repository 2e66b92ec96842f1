import type { Files, Net, World } from '../../../src/world/world.js';
import { SeededRandom } from '../../simulation/random.js';
import { VirtualTime } from '../../simulation/virtual-time.js';

/** A world of virtual time without sockets or disk. */
export class VirtualWorld implements World {
  readonly #time = new VirtualTime();
  readonly clock = this.#time.clockOf(0);
  readonly timers = this.#time.timersOf(() => true);
  readonly random = new SeededRandom(1);

  get net(): Net {
    throw new Error('no net here');
  }

  get files(): Files {
    throw new Error('no files here');
  }

  /** Lets `durationMs` pass, and everything happen that is due in it. */
  async pass(durationMs: number): Promise<void> {
    let over = false;
    this.#time.after(durationMs, () => {
      over = true;
    });
    await this.#time.run(() => over, Number.POSITIVE_INFINITY);
  }
}
