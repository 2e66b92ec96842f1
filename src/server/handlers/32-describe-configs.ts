/**
 * DescribeConfigs, v1 to v4, for topics (2) and brokers (4).
 *
 * - A topic has all of Kafka's settings, with what was set or the default; unknown: UNKNOWN_TOPIC_OR_PARTITION (3), no
 *   topic name: INVALID_TOPIC_EXCEPTION (17).
 * - A broker is an open agent's node id, or '' for what all share (nothing is set there). Its settings are those of Weft
 *   that tools look for, under Kafka's names and read only. Unknown id, other resource types: INVALID_REQUEST (42).
 * - v1+ synonyms when asked for; v3+ types, and documentation when asked for.
 */
import { apis } from '../../protocol/apis.js';
import { errors } from '../../protocol/errors.js';
import { handler, type ServerSettings, type Services } from '../handler.js';
import {
  configTypes,
  type DescribedConfig,
  describeTopicConfigs,
  STATIC_BROKER_SOURCE,
} from '../topic-config-description.js';
import { isTopicName } from '../topic-creation.js';

const TOPIC = 2;
const BROKER = 4;

export const describeConfigs = (services: Services) =>
  handler(apis.describeConfigs, (request) => ({
    throttleTimeMs: 0,
    results: request.resources.map(({ resourceType, resourceName, configurationKeys }) => {
      const { error, message, configs } = describe(services, resourceType, resourceName);
      const wanted = configs.filter(({ name }) => configurationKeys === null || configurationKeys.includes(name));
      return {
        errorCode: error,
        errorMessage: message,
        resourceType,
        resourceName,
        configs: wanted.map((config) => ({
          ...config,
          synonyms: request.includeSynonyms ? config.synonyms : [],
          documentation: request.includeDocumentation ? config.documentation : null,
        })),
      };
    }),
  }));

interface Described {
  readonly error: number;
  readonly message: string | null;
  readonly configs: readonly DescribedConfig[];
}

function describe({ metadata, settings }: Services, resourceType: number, resourceName: string): Described {
  if (resourceType === TOPIC) {
    if (!isTopicName(resourceName)) {
      return { error: errors.INVALID_TOPIC_EXCEPTION.code, message: 'not a topic name', configs: [] };
    }
    const topic = metadata.view.topicByName(resourceName);
    return topic === undefined
      ? { error: errors.UNKNOWN_TOPIC_OR_PARTITION.code, message: null, configs: [] }
      : { error: 0, message: null, configs: describeTopicConfigs(topic.configs, settings) };
  }
  if (resourceType !== BROKER) {
    const message = `resources of type ${resourceType} are not supported`;
    return { error: errors.INVALID_REQUEST.code, message, configs: [] };
  }
  if (resourceName === '') {
    return { error: 0, message: null, configs: [] };
  }
  for (const agent of metadata.view.agents()) {
    if (agent.open && `${agent.nodeId}` === resourceName) {
      return { error: 0, message: null, configs: describeBroker(agent.nodeId, settings) };
    }
  }
  return { error: errors.INVALID_REQUEST.code, message: `no open agent has the id ${resourceName}`, configs: [] };
}

function describeBroker(nodeId: number, settings: ServerSettings): DescribedConfig[] {
  const rows: readonly (readonly [name: string, value: string, type: keyof typeof configTypes, flag: string])[] = [
    ['auto.create.topics.enable', `${settings.autoCreateTopics}`, 'boolean', '--auto-create-topics'],
    ['broker.id', `${nodeId}`, 'int', 'given by the metadata'],
    ['default.replication.factor', '1', 'int', 'there are no replicas'],
    ['delete.topic.enable', 'true', 'boolean', 'always'],
    ['log.message.timestamp.type', 'CreateTime', 'string', 'a setting of each topic'],
    ['message.max.bytes', `${settings.messageBytesMax}`, 'int', '--message-bytes-max'],
    ['min.insync.replicas', '1', 'int', 'there are no replicas'],
    ['node.id', `${nodeId}`, 'int', 'given by the metadata'],
    ['num.partitions', `${settings.defaultPartitions}`, 'int', '--default-partitions'],
  ];
  return rows.map(([name, value, type, documentation]) => ({
    name,
    value,
    readOnly: true,
    configSource: STATIC_BROKER_SOURCE,
    isSensitive: false,
    synonyms: [{ name, value, source: STATIC_BROKER_SOURCE }],
    configType: configTypes[type],
    documentation,
  }));
}
