/**
 * Where the value of a broker's config comes from, in Kafka's order (KIP-226): set for this agent, set for all agents, a
 * setting of the agent, the default. And what topics and groups take from there when they set nothing.
 */
import { brokerConfigs } from './broker-configs.js';
import { shownValue } from './config-values.js';

/** DescribeConfigs' numbers (org.apache.kafka.common.requests.DescribeConfigsResponse.ConfigSource). */
export const configSources = {
  topic: 1,
  dynamicBroker: 2,
  dynamicDefaultBroker: 3,
  staticBroker: 4,
  default: 5,
  brokerLogger: 6,
  clientMetrics: 7,
  group: 8,
} as const;

export interface Synonym {
  readonly name: string;
  readonly value: string;
  readonly source: number;
}

/** Names that stand for one another; the first that is set counts. */
const FAMILIES: readonly (readonly string[])[] = [
  ['log.roll.ms', 'log.roll.hours'],
  ['log.roll.jitter.ms', 'log.roll.jitter.hours'],
  ['log.retention.ms', 'log.retention.minutes', 'log.retention.hours'],
];

function familyOf(name: string): readonly string[] {
  // Only the first of the two follows the other.
  if (name === 'log.flush.interval.ms') {
    return [name, 'log.flush.scheduler.interval.ms'];
  }
  return FAMILIES.find((family) => family.includes(name)) ?? [name];
}

const UNITS_MS = { hours: 3_600_000n, minutes: 60_000n } as const;

export class ConfigLayers {
  readonly own: ReadonlyMap<string, string>;
  readonly shared: ReadonlyMap<string, string>;
  readonly #layers: readonly (readonly [source: number, find: (name: string) => string | null | undefined])[];
  /** Every topic asks for the same few, and a value may be long. */
  readonly #inherited = new Map<string, string | null>();

  /** What is set for this agent, what for all of them, and what follows from the agent's settings. */
  constructor(
    own: ReadonlyMap<string, string>,
    shared: ReadonlyMap<string, string>,
    settings: ReadonlyMap<string, string>,
  ) {
    this.own = own;
    this.shared = shared;
    this.#layers = [
      [configSources.dynamicBroker, (name) => own.get(name)],
      [configSources.dynamicDefaultBroker, (name) => shared.get(name)],
      [configSources.staticBroker, (name) => settings.get(name)],
      [configSources.default, (name) => (Object.hasOwn(brokerConfigs, name) ? brokerConfigs[name]!.default : null)],
    ];
  }

  /** First what holds, then what would hold without it. */
  synonyms(name: string): Synonym[] {
    const found: Synonym[] = [];
    for (const [source, find] of this.#layers) {
      for (const member of familyOf(name)) {
        const value = find(member);
        if (value !== undefined && value !== null) {
          found.push({ name: member, value, source });
        }
      }
    }
    const first = found.findIndex((synonym) => synonym.name === name);
    return first === -1 ? [] : found.slice(first);
  }

  /** Under this very name; null when there is none. */
  value(name: string): string | null {
    for (const [, find] of this.#layers) {
      const value = find(name);
      if (value !== undefined && value !== null) {
        return Object.hasOwn(brokerConfigs, name) ? shownValue(brokerConfigs[name]!.type, value) : value;
      }
    }
    return null;
  }

  /** The value that a topic or group takes from a broker config: its family's first, in ms where others count hours. */
  inherited(name: string): string | null {
    const known = this.#inherited.get(name);
    if (known !== undefined) return known;
    const found = this.#find(name);
    this.#inherited.set(name, found);
    return found;
  }

  #find(name: string): string | null {
    for (const member of familyOf(name)) {
      const value = this.value(member);
      if (value !== null) {
        return inMs(member, value);
      }
    }
    return null;
  }
}

function inMs(name: string, value: string): string {
  const unit = Object.entries(UNITS_MS).find(([ending]) => name.endsWith(`.${ending}`));
  if (unit === undefined) {
    return value;
  }
  const number = BigInt(value) * unit[1];
  return `${number < 0n ? -1n : number}`;
}
