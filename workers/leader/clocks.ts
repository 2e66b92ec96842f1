import type { AliveReport } from '../../src/cluster/messages.js';
import { GroupsClock } from './groups-clock.js';
import { OffsetsClock, type OffsetsClockSettings, type OffsetsDeps } from './offsets-clock.js';

/** What becomes due by the passing of time alone while this thread leads. */
export class Clocks {
  readonly #groups: GroupsClock;
  readonly #offsets: OffsetsClock;

  constructor(settings: OffsetsClockSettings, deps: OffsetsDeps) {
    this.#groups = new GroupsClock(deps.world, deps.view, deps.propose);
    this.#offsets = new OffsetsClock(settings, deps);
  }

  /** Leadership begins. */
  start(): void {
    this.#groups.start();
    this.#offsets.start();
  }

  /** Leadership is over. */
  stop(): void {
    this.#groups.stop();
    this.#offsets.stop();
  }

  /** An entry touched these groups. */
  applied(groups: Iterable<string>): void {
    this.#groups.applied(groups);
  }

  alive(reports: readonly AliveReport[]): void {
    this.#groups.alive(reports);
  }
}
