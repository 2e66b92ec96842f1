import type { WorkerName } from '../../src/threads/threads.js';
import type { SeededRandom } from './random.js';
import type { Mishap, Scenario } from './scenario.js';
import type { VirtualTime } from './virtual-time.js';

/** What can be done to the rest of the simulation. */
export interface Targets {
  drop(): void;
  kill(): void;
  stop(): void;
  cutPower(): void;
  /** Another process takes the agent's name and address while this one lives on, cut off from the bucket for a while. */
  usurp(cutMs: number, lost: 'requests' | 'answers'): void;
  /** Nothing happens when there is no such worker at present. */
  crash(worker: WorkerName, pick: (count: number) => number): void;
  jump(ms: number): void;
  full(full: boolean): void;
  weather(kind: 'calm' | 'storm'): void;
  note(what: string): void;
}

/** A storm: mishaps at random moments, and weather that changes. */
export class Faults {
  /** How often each happened. */
  readonly met = new Map<string, number>();
  readonly #scenario: Scenario;
  readonly #time: VirtualTime;
  readonly #random: SeededRandom;
  readonly #targets: Targets;
  #over = false;

  constructor(scenario: Scenario, time: VirtualTime, random: SeededRandom, targets: Targets) {
    this.#scenario = scenario;
    this.#time = time;
    this.#random = random;
    this.#targets = targets;
  }

  begin(): void {
    if (this.#scenario.weather) this.#changeWeather();
    if (this.#scenario.mishaps.length > 0) this.#nextMishap();
  }

  end(): void {
    this.#over = true;
    this.#targets.weather('calm');
    this.#targets.full(false);
    this.#targets.note('the storm is over');
  }

  #changeWeather(): void {
    if (this.#over) return;
    const kind = this.#random.chance(0.75) ? 'storm' : 'calm';
    this.#targets.note(`weather: ${kind}`);
    this.#targets.weather(kind);
    this.#time.after((this.#scenario.stormMs / 3) * this.#random.unit(), () => this.#changeWeather());
  }

  #nextMishap(): void {
    const { mishapMs, mishaps } = this.#scenario;
    this.#time.after(2 * mishapMs * this.#random.unit(), () => {
      if (this.#over) return;
      const mishap = this.#random.pick(mishaps);
      this.#targets.note(mishap);
      this.met.set(mishap, (this.met.get(mishap) ?? 0) + 1);
      this.#do(mishap);
      this.#nextMishap();
    });
  }

  #do(mishap: Mishap): void {
    const targets = this.#targets;
    const { journalLeaseMs } = this.#scenario.sizes.settings;
    const pick = (count: number) => this.#random.between(0, count - 1);
    // Sizes are drawn relative to the timeout that they are to meet: a third of it to three times.
    const aboutLeaseMs = () => Math.round(journalLeaseMs * (0.3 + 2.7 * this.#random.unit()));
    const deeds: Readonly<Record<Mishap, () => void>> = {
      'drop connection': () => targets.drop(),
      kill: () => targets.kill(),
      stop: () => targets.stop(),
      'power cut': () => targets.cutPower(),
      usurp: () => targets.usurp(2 * aboutLeaseMs(), this.#random.pick(['requests', 'answers'])),
      'crash ingest': () => targets.crash('ingest', pick),
      'crash leader': () => targets.crash('leader', pick),
      'crash fetch': () => targets.crash('fetch', pick),
      'crash maintenance': () => targets.crash('maintenance', pick),
      'clock jump': () => targets.jump(this.#random.pick([-1, 1]) * aboutLeaseMs()),
      full: () => {
        targets.full(true);
        this.#time.after(this.#random.between(1, 1_000), () => targets.full(false));
      },
    };
    deeds[mishap]();
  }
}
