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
  /** False: no such worker at present. */
  crash(worker: WorkerName, pick: (count: number) => number): boolean;
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
    this.#changeWeather();
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
    const pick = (count: number) => this.#random.between(0, count - 1);
    switch (mishap) {
      case 'drop connection':
        return targets.drop();
      case 'kill':
        return targets.kill();
      case 'stop':
        return targets.stop();
      case 'power cut':
        return targets.cutPower();
      case 'crash ingest':
        return void targets.crash('ingest', pick);
      case 'crash leader':
        return void targets.crash('leader', pick);
      case 'crash fetch':
        return void targets.crash('fetch', pick);
      case 'crash maintenance':
        return void targets.crash('maintenance', pick);
      case 'clock jump': {
        const { journalLeaseMs } = this.#scenario.sizes.settings;
        return targets.jump(
          this.#random.pick([-1, 1]) * Math.round(journalLeaseMs * (0.3 + 2.7 * this.#random.unit())),
        );
      }
      case 'full':
        targets.full(true);
        this.#time.after(this.#random.between(1, 1_000), () => targets.full(false));
    }
  }
}
