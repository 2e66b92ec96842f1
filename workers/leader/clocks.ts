import type { AliveReport } from '../../src/cluster/messages.js';
import type { Changes } from '../../src/metadata/outcomes.js';
import { ConsumerGroupsClock, type ConsumerGroupTimes } from './consumer-groups-clock.js';
import { GroupsClock } from './groups-clock.js';
import { OffsetsClock, type OffsetsClockSettings, type OffsetsDeps } from './offsets-clock.js';

/** What becomes due by the passing of time alone while this thread leads. */
export class Clocks {
  readonly #groups: GroupsClock;
  readonly #consumerGroups: ConsumerGroupsClock;
  readonly #offsets: OffsetsClock;

  constructor(settings: OffsetsClockSettings & ConsumerGroupTimes, deps: OffsetsDeps) {
    this.#groups = new GroupsClock(deps.world, deps.view, deps.propose);
    this.#consumerGroups = new ConsumerGroupsClock(deps.world, deps.view, deps.propose, settings);
    this.#offsets = new OffsetsClock(settings, deps);
  }

  /** Leadership begins. */
  start(): void {
    this.#groups.start();
    this.#consumerGroups.start();
    this.#offsets.start();
  }

  /** Leadership is over. */
  stop(): void {
    this.#groups.stop();
    this.#consumerGroups.stop();
    this.#offsets.stop();
  }

  /** An entry was applied. */
  applied(changes: Changes): void {
    this.#groups.applied(changes.groups);
    this.#consumerGroups.applied(changes);
  }

  alive(reports: readonly AliveReport[]): void {
    this.#groups.alive(reports);
    this.#consumerGroups.alive(reports);
  }
}
