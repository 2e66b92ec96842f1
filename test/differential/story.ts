import { apis } from '../../src/protocol/apis.js';
import type { Api } from '../../src/protocol/codec.js';
import type { SeededRandom } from '../simulation/random.js';
import { type Damage, given, type Later, type Script, type Step } from './script.js';

/** Goes through every API's versions, in another order each time round, so that all of them have their turn. */
export class VersionWheel {
  readonly #random: SeededRandom;
  readonly #left = new Map<Api, number[]>();

  constructor(random: SeededRandom) {
    this.#random = random;
  }

  next(api: Api, min = api.min): number {
    let left = this.#left.get(api)?.filter((version) => version >= min) ?? [];
    if (left.length === 0) left = Array.from({ length: api.max - min + 1 }, (_, index) => min + index);
    const version = this.#random.pick(left);
    const all = this.#left.get(api) ?? [];
    this.#left.set(
      api,
      (all.length === 0 ? left : all).filter((each) => each !== version),
    );
    return version;
  }
}

export interface SendOptions {
  readonly version?: number;
  /** Least version where the request says nothing in those before. */
  readonly versionMin?: number;
  readonly connection?: number;
  readonly clientId?: string | null;
  readonly damage?: readonly Damage[];
  readonly keep?: Readonly<Record<string, string>>;
  readonly background?: boolean;
  readonly awaits?: readonly number[];
  readonly until?: readonly [place: string, value: unknown];
  readonly answered?: boolean;
}

/** Writes one script. */
export class Story {
  readonly random: SeededRandom;
  readonly #wheel: VersionWheel;
  readonly #name: string;
  readonly #steps: Step[] = [];

  constructor(name: string, random: SeededRandom, wheel: VersionWheel) {
    this.#name = name;
    this.random = random;
    this.#wheel = wheel;
  }

  script(): Script {
    return { name: this.#name, steps: this.#steps };
  }

  get length(): number {
    return this.#steps.length;
  }

  version(api: Api, min?: number): number {
    return this.#wheel.next(api, min);
  }

  send(api: Api, request: unknown, options: SendOptions = {}): void {
    const { version = this.version(api, options.versionMin), connection = 0, clientId = 'c', damage = [] } = options;
    const { keep = {}, background = false, awaits = [], until, answered = true } = options;
    this.#steps.push({
      api,
      version,
      request,
      connection,
      clientId,
      damage,
      keep,
      background,
      awaits,
      until,
      answered,
    });
  }

  pick<T>(...from: readonly T[]): T {
    return this.random.pick(from);
  }

  /** Makes a topic and learns its id. */
  topic(name: string, numPartitions = 1, configs: Readonly<Record<string, string>> = {}): void {
    const pairs = Object.entries(configs).map(([key, value]) => ({ name: key, value }));
    const topics = [{ name, numPartitions, replicationFactor: 1, assignments: [], configs: pairs }];
    this.send(apis.createTopics, { topics, timeoutMs: 30_000 });
    this.send(apis.metadata, { topics: [{ name }], allowAutoTopicCreation: false }, { versionMin: 10 });
  }
}

/** A topic by its name and, where the version wants it, its id. */
export function topicId(name: string): Later {
  return given(`id of ${name}`, UNKNOWN_ID);
}

/** An id that no topic has. */
export const UNKNOWN_ID = 'd2VmdC1ub3QtYS10b3BpYw';
