import { brokerConfigs } from '../config/broker-configs.js';
import { type ConfigLayers, configSources, type Synonym } from '../config/config-layers.js';
import { type Config, type ConfigType, shownValue } from '../config/config-values.js';
import { clientMetricsConfigs, groupConfigs, groupConfigured, groupSynonyms } from '../config/group-configs.js';
import { type TopicConfigName, topicConfigs, topicDefault, topicSynonyms } from '../config/topic-configs.js';

/** DescribeConfigs' numbers (org.apache.kafka.common.requests.DescribeConfigsResponse.ConfigType, KIP-569). */
const configTypes = {
  boolean: 1,
  string: 2,
  int: 3,
  short: 4,
  long: 5,
  double: 6,
  list: 7,
  class: 8,
  password: 9,
} as const satisfies Record<ConfigType, number>;
const UNKNOWN_TYPE = 0;

/** As DescribeConfigs tells it; CreateTopics tells a part of it. */
export interface DescribedConfig {
  readonly name: string;
  readonly value: string | null;
  readonly readOnly: boolean;
  readonly configSource: number;
  readonly isSensitive: boolean;
  readonly synonyms: readonly { readonly name: string; readonly value: string | null; readonly source: number }[];
  readonly configType: number;
  readonly documentation: string | null;
}

function described(
  name: string,
  { type, help }: Config,
  value: string | null,
  synonyms: readonly Synonym[],
  readOnly = false,
): DescribedConfig {
  return {
    name,
    value,
    readOnly,
    configSource: synonyms[0]?.source ?? configSources.default,
    isSensitive: false,
    synonyms,
    configType: configTypes[type],
    documentation: help,
  };
}

/** A config of a resource that has these set. */
type Row = (name: string, configs: ReadonlyMap<string, string>, layers: ConfigLayers) => DescribedConfig;

function topicConfig(text: string, configs: ReadonlyMap<string, string>, layers: ConfigLayers): DescribedConfig {
  const name = text as TopicConfigName;
  const synonyms = topicSynonyms(name, configs, layers);
  // What is set leads them, as its type writes it: a long list is not read twice.
  const value = configs.has(name) ? synonyms[0]!.value : topicDefault(name, layers);
  return described(name, topicConfigs[name], value, synonyms);
}

function groupConfig(name: string, configs: ReadonlyMap<string, string>, layers: ConfigLayers): DescribedConfig {
  const value = groupConfigured(configs, name, layers);
  return described(name, groupConfigs[name]!, value, groupSynonyms(name, configs, layers));
}

/** Kafka names no default as a synonym here. */
function clientMetricsConfig(name: string, configs: ReadonlyMap<string, string>): DescribedConfig {
  const config = clientMetricsConfigs[name]!;
  const set = configs.get(name);
  const value = shownValue(config.type, set ?? config.default!);
  const synonyms = set === undefined ? [] : [{ name, value, source: configSources.clientMetrics }];
  return described(name, config, value, synonyms);
}

/** What is told of configs; their names and values always are. */
export interface Told {
  readonly includeSynonyms: boolean;
  readonly includeDocumentation: boolean;
}

type Rows = readonly DescribedConfig[];

const NONE: ReadonlyMap<string, string> = new Map();

/**
 * The configs of the resources of one request, which may name tens of thousands, or one as often. What is not set is the same
 * in all resources of a type and described once for all of them, and so is a resource that is named again.
 */
export class ConfigDescriptions {
  readonly #layers: ConfigLayers;
  readonly #told: Told;
  readonly #unset = new Map<Row, Rows>();
  /** By what is set, an object of its own in each resource. */
  readonly #known = new Map<ReadonlyMap<string, string>, Rows>();
  #broker: Rows | undefined;
  #allBrokers: Rows | undefined;

  constructor(layers: ConfigLayers, told: Told) {
    this.#layers = layers;
    this.#told = told;
  }

  topic(configs: ReadonlyMap<string, string>): Rows {
    return this.#rows(topicConfigs, topicConfig, configs);
  }

  group(configs: ReadonlyMap<string, string>): Rows {
    return this.#rows(groupConfigs, groupConfig, configs);
  }

  clientMetrics(configs: ReadonlyMap<string, string>): Rows {
    return this.#rows(clientMetricsConfigs, clientMetricsConfig, configs);
  }

  broker(): Rows {
    this.#broker ??= describeBroker(this.#layers).map((row) => this.#shown(row));
    return this.#broker;
  }

  allBrokers(): Rows {
    this.#allBrokers ??= describeAllBrokers(this.#layers).map((row) => this.#shown(row));
    return this.#allBrokers;
  }

  #rows(table: Readonly<Record<string, Config>>, row: Row, configs: ReadonlyMap<string, string>): Rows {
    let unset = this.#unset.get(row);
    if (unset === undefined) {
      unset = Object.keys(table).map((name) => this.#shown(row(name, NONE, this.#layers)));
      this.#unset.set(row, unset);
    }
    if (configs.size === 0) return unset;
    let rows = this.#known.get(configs);
    if (rows === undefined) {
      rows = unset.map((one) => (configs.has(one.name) ? this.#shown(row(one.name, configs, this.#layers)) : one));
      this.#known.set(configs, rows);
    }
    return rows;
  }

  #shown(row: DescribedConfig): DescribedConfig {
    const { includeSynonyms, includeDocumentation } = this.#told;
    return {
      ...row,
      synonyms: includeSynonyms ? row.synonyms : [],
      documentation: includeDocumentation ? row.documentation : null,
    };
  }
}

/** Everything that an agent has, and what was set for it besides. */
function describeBroker(layers: ConfigLayers): DescribedConfig[] {
  const own = [...layers.own.keys(), ...layers.shared.keys()].filter((name) => !Object.hasOwn(brokerConfigs, name));
  return [
    ...Object.keys(brokerConfigs).map((name) => describeBrokerConfig(name, layers.value(name), layers.synonyms(name))),
    ...Array.from(new Set(own), (name) => describeBrokerConfig(name, null, layers.synonyms(name))),
  ];
}

/** Only what was set for all agents. */
function describeAllBrokers(layers: ConfigLayers): DescribedConfig[] {
  return Array.from(layers.shared, ([name, set]) => {
    const synonyms = layers.synonyms(name).filter(({ source }) => source === configSources.dynamicDefaultBroker);
    return describeBrokerConfig(name, set, synonyms);
  });
}

function describeBrokerConfig(name: string, value: string | null, synonyms: readonly Synonym[]): DescribedConfig {
  if (Object.hasOwn(brokerConfigs, name)) {
    const config = brokerConfigs[name]!;
    return described(name, config, value, synonyms, !config.dynamic);
  }
  // Nobody knows what an administrator's own config holds, so Kafka shows it like a password.
  return {
    name,
    value: null,
    readOnly: true,
    configSource: synonyms[0]?.source ?? configSources.default,
    isSensitive: true,
    synonyms: synonyms.map((synonym) => ({ ...synonym, value: null })),
    configType: UNKNOWN_TYPE,
    documentation: null,
  };
}
