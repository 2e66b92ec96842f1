import { brokerConfigs } from '../config/broker-configs.js';
import { type ConfigLayers, configSources, type Synonym } from '../config/config-layers.js';
import { type Config, type ConfigType, shownValue } from '../config/config-values.js';
import { clientMetricsConfigs, groupConfigs, groupConfigured, groupSynonyms } from '../config/group-configs.js';
import { configured, type TopicConfigName, topicConfigs, topicSynonyms } from '../config/topic-configs.js';

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

export function describeTopic(configs: ReadonlyMap<string, string>, layers: ConfigLayers): DescribedConfig[] {
  return (Object.entries(topicConfigs) as [TopicConfigName, Config][]).map(([name, config]) =>
    described(name, config, configured(configs, name, layers), topicSynonyms(name, configs, layers)),
  );
}

export function describeGroup(configs: ReadonlyMap<string, string>, layers: ConfigLayers): DescribedConfig[] {
  return Object.entries(groupConfigs).map(([name, config]) =>
    described(name, config, groupConfigured(configs, name, layers), groupSynonyms(name, configs, layers)),
  );
}

/** Kafka names no default as a synonym here. */
export function describeClientMetrics(configs: ReadonlyMap<string, string>): DescribedConfig[] {
  return Object.entries(clientMetricsConfigs).map(([name, config]) => {
    const set = configs.get(name);
    const value = shownValue(config.type, set ?? config.default!);
    return described(
      name,
      config,
      value,
      set === undefined ? [] : [{ name, value, source: configSources.clientMetrics }],
    );
  });
}

/** Everything that an agent has, and what was set for it besides. */
export function describeBroker(layers: ConfigLayers): DescribedConfig[] {
  const own = [...layers.own.keys(), ...layers.shared.keys()].filter((name) => !Object.hasOwn(brokerConfigs, name));
  return [
    ...Object.keys(brokerConfigs).map((name) => describeBrokerConfig(name, layers.value(name), layers.synonyms(name))),
    ...Array.from(new Set(own), (name) => describeBrokerConfig(name, null, layers.synonyms(name))),
  ];
}

/** Only what was set for all agents. */
export function describeAllBrokers(layers: ConfigLayers): DescribedConfig[] {
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
