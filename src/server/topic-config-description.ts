import {
  type TopicConfig,
  type TopicConfigName,
  type TopicConfigType,
  type TopicDefaults,
  topicConfigDefault,
  topicConfigs,
} from '../config/topic-configs.js';

/** DescribeConfigs' numbers (org.apache.kafka.clients.admin.ConfigEntry, KIP-569). */
export const configTypes = { boolean: 1, string: 2, int: 3, long: 5, double: 6, list: 7 } as const satisfies Record<
  TopicConfigType,
  number
>;
export const TOPIC_SOURCE = 1;
export const STATIC_BROKER_SOURCE = 4;
export const DEFAULT_SOURCE = 5;

export interface DescribedConfig {
  readonly name: string;
  readonly value: string;
  readonly readOnly: boolean;
  readonly configSource: number;
  readonly isSensitive: boolean;
  readonly synonyms: readonly { readonly name: string; readonly value: string; readonly source: number }[];
  readonly configType: number;
  readonly documentation: string;
}

/** Every config of a topic, with where its value comes from: first what holds, then what would hold without it. */
export function describeTopicConfigs(configs: ReadonlyMap<string, string>, defaults: TopicDefaults): DescribedConfig[] {
  return (Object.entries(topicConfigs) as [TopicConfigName, TopicConfig][]).map(([name, { type, help }]) => {
    const fallback = { name, value: topicConfigDefault(name, defaults), source: DEFAULT_SOURCE };
    const set = configs.get(name);
    const synonyms = set === undefined ? [fallback] : [{ name, value: set, source: TOPIC_SOURCE }, fallback];
    return {
      name,
      value: synonyms[0]!.value,
      readOnly: false,
      configSource: synonyms[0]!.source,
      isSensitive: false,
      synonyms,
      configType: configTypes[type],
      documentation: help,
    };
  });
}
