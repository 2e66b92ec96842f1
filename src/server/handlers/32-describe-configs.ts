/**
 * DescribeConfigs, v1 to v4, for topics (2), brokers (4), their loggers (8), client metrics subscriptions (16) and
 * groups (32).
 *
 * - A topic has all of Kafka's settings: what was set, else what its brokers have; unknown: UNKNOWN_TOPIC_OR_PARTITION (3),
 *   no topic name: INVALID_TOPIC_EXCEPTION (17).
 * - A broker is this agent, or '' for what was set for all agents. Its settings stand under Kafka's names; only those that
 *   are dynamic in Kafka are not read only. Another id: INVALID_REQUEST (42). It has one logger, root, at --log-level.
 * - Groups and subscriptions need not exist; no name: INVALID_REQUEST (42). A resource type that Kafka does not know spoils
 *   the whole request: INVALID_REQUEST (42) for every resource.
 * - No keys, null or none, means all of them. v1+ synonyms when asked for; v3+ types, and documentation when asked for.
 */
import { configSources } from '../../config/config-layers.js';
import { topicNameFlaw } from '../../metadata/topics.js';
import { apis } from '../../protocol/apis.js';
import type { ResponseIn } from '../../protocol/codec.js';
import { errors } from '../../protocol/errors.js';
import { ConfigDescriptions, type DescribedConfig } from '../config-description.js';
import {
  BROKER,
  BROKER_LOGGER,
  CLIENT_METRICS,
  GROUP,
  isBrokerId,
  isOwnId,
  ROOT_LOGGER,
  TOPIC,
} from '../config-resources.js';
import { handler, type Services } from '../handler.js';
import { turnsOf } from '../turns.js';

const KNOWN_TYPES: ReadonlySet<number> = new Set([TOPIC, BROKER, BROKER_LOGGER, CLIENT_METRICS, GROUP]);
const LOG_LEVELS = { debug: 'DEBUG', info: 'INFO', warn: 'WARN', error: 'ERROR', silent: 'OFF' } as const;

export const describeConfigs = (services: Services) =>
  handler(apis.describeConfigs, async (request, call) => {
    const unknown = request.resources.find(({ resourceType }) => !KNOWN_TYPES.has(resourceType));
    const descriptions = new ConfigDescriptions(services.configs.now, request);
    const inTurn = turnsOf(services.world.timers, call);
    const results: Result[] = [];
    for (const { resourceType, resourceName, configurationKeys } of request.resources) {
      if (call.signal.aborted) return undefined;
      const { error, message, configs } = await inTurn(() =>
        unknown === undefined
          ? describe(services, descriptions, resourceType, resourceName)
          : refusal(errors.INVALID_REQUEST, `Unexpected resource type ${unknown.resourceType}`),
      );
      results.push({
        errorCode: error,
        errorMessage: message,
        resourceType,
        resourceName,
        configs: wantedOf(configs, configurationKeys ?? []),
      });
    }
    return { throttleTimeMs: 0, results };
  });

type Result = ResponseIn<typeof apis.describeConfigs>['results'][number];

/** All of them are shared by the resources that have them: no copies. */
function wantedOf(configs: readonly DescribedConfig[], keys: readonly string[]): readonly DescribedConfig[] {
  const wanted = new Set(keys);
  return wanted.size === 0 ? configs : configs.filter(({ name }) => wanted.has(name));
}

interface Described {
  readonly error: number;
  readonly message: string | null;
  readonly configs: readonly DescribedConfig[];
}

function refusal(error: { readonly code: number }, message: string | null): Described {
  return { error: error.code, message, configs: [] };
}

const found = (configs: readonly DescribedConfig[]): Described => ({ error: 0, message: null, configs });

function describe(services: Services, descriptions: ConfigDescriptions, type: number, name: string): Described {
  const { metadata } = services;
  switch (type) {
    case TOPIC: {
      const nameFlaw = topicNameFlaw(name);
      if (nameFlaw !== undefined) {
        return refusal(errors.INVALID_TOPIC_EXCEPTION, nameFlaw);
      }
      const topic = metadata.view.topicByName(name);
      return topic === undefined
        ? refusal(errors.UNKNOWN_TOPIC_OR_PARTITION, null)
        : found(descriptions.topic(topic.configs));
    }
    case BROKER: {
      const flaw = name === '' ? undefined : brokerFlaw(services, name);
      return flaw ?? found(name === '' ? descriptions.allBrokers() : descriptions.broker());
    }
    case BROKER_LOGGER:
      return name === ''
        ? refusal(errors.INVALID_REQUEST, 'Broker id must not be empty')
        : (brokerFlaw(services, name) ?? found([logger(services)]));
    case CLIENT_METRICS:
      return name === ''
        ? refusal(errors.INVALID_REQUEST, 'Client metrics subscription name must not be empty')
        : found(descriptions.clientMetrics(metadata.view.configsOf(CLIENT_METRICS, name).configs));
    default:
      return name === ''
        ? refusal(errors.INVALID_REQUEST, 'Group name must not be empty')
        : found(descriptions.group(metadata.view.groupConfigs(name)));
  }
}

function brokerFlaw(services: Services, name: string): Described | undefined {
  if (!isBrokerId(name)) {
    return refusal(errors.INVALID_REQUEST, `Broker id must be an integer, but it is: ${name}`);
  }
  const { nodeId } = services.metadata.self;
  return isOwnId(services, name)
    ? undefined
    : refusal(errors.INVALID_REQUEST, `Unexpected broker id, expected ${nodeId}, but received ${name}`);
}

function logger({ settings }: Services): DescribedConfig {
  return {
    name: ROOT_LOGGER,
    value: LOG_LEVELS[settings.logLevel],
    readOnly: true,
    configSource: configSources.brokerLogger,
    isSensitive: false,
    synonyms: [],
    configType: 0,
    documentation: null,
  };
}
