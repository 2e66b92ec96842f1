/** What has configs that can be altered: topics, brokers, groups and client metrics subscriptions. */
import { brokerConfigs } from '../config/broker-configs.js';
import { brokerConfigsFlaw } from '../config/broker-changes.js';
import { clientMetricsFlaw, groupConfigsFlaw } from '../config/group-configs.js';
import { isTopicConfigName, topicConfigs, topicConfigsFlaw } from '../config/topic-configs.js';
import { CONFIG_RESOURCES } from '../metadata/configs.js';
import type { Command, ConfigEntry } from '../metadata/journal.wire.js';
import { topicNameFlaw } from '../metadata/topics.js';
import type { ConfigsView } from '../metadata/view.js';
import { errors } from '../protocol/errors.js';
import type { Judged } from './config-changes.js';
import type { Services } from './handler.js';
import { topicIdBytes } from './topic-creation.js';

/** Kafka's numbers (org.apache.kafka.common.config.ConfigResource.Type). */
export const TOPIC = 2;
export const BROKER = CONFIG_RESOURCES.broker;
export const BROKER_LOGGER = 8;
export const CLIENT_METRICS = CONFIG_RESOURCES.clientMetrics;
export const GROUP = CONFIG_RESOURCES.group;

/** The only logger of an agent. */
export const ROOT_LOGGER = 'root';
export const LOG_LEVEL_IS_A_SETTING = 'The log level is a setting of the agent: --log-level';

export interface ConfigResource {
  /** Undefined: a topic that does not exist. */
  readonly present: ConfigsView | undefined;
  /** What is wrong with these configs as the resource's own. */
  flaw(configs: ReadonlyMap<string, string>): Judged | undefined;
  /** The default of a config that is a list, by Kafka's table (not by the brokers' configs); undefined: no list. */
  listDefault(name: string): string | undefined;
  command(change: { readonly expectedRevision: number; readonly configs: ConfigEntry[] }): Command['kind'];
}

function refusal(error: { readonly code: number }, message: string): Judged {
  return { error: error.code, message };
}

const asConfig = (flaw: string | undefined): Judged | undefined =>
  flaw === undefined ? undefined : refusal(errors.INVALID_CONFIG, flaw);
const asRequest = (flaw: string | undefined): Judged | undefined =>
  flaw === undefined ? undefined : refusal(errors.INVALID_REQUEST, flaw);

export function resourceOf(services: Services, type: number, name: string): ConfigResource | Judged {
  switch (type) {
    case TOPIC:
      return topicOf(services, name);
    case BROKER:
      return brokerOf(services, name);
    case GROUP:
      return name === ''
        ? refusal(errors.INVALID_REQUEST, 'Default group resources are not allowed.')
        : resource(services, type, name, (configs) => asConfig(groupConfigsFlaw(configs)));
    case CLIENT_METRICS:
      return name === ''
        ? refusal(errors.INVALID_REQUEST, "Subscription name can't be empty")
        : resource(services, type, name, (configs) => {
            const flaw = clientMetricsFlaw(configs);
            return flaw?.badRequest ? asRequest(flaw.message) : asConfig(flaw?.message);
          });
    case BROKER_LOGGER:
      return refusal(errors.INVALID_REQUEST, LOG_LEVEL_IS_A_SETTING);
    default:
      return refusal(errors.INVALID_REQUEST, `Unknown resource type ${type}`);
  }
}

function topicOf({ metadata, configs: layers }: Services, name: string): ConfigResource | Judged {
  if (name === '') {
    return refusal(errors.INVALID_REQUEST, 'Default topic resources are not allowed.');
  }
  const nameFlaw = topicNameFlaw(name);
  if (nameFlaw !== undefined) {
    return refusal(errors.INVALID_TOPIC_EXCEPTION, nameFlaw);
  }
  const topic = metadata.view.topicByName(name);
  return {
    present: topic,
    flaw: (configs) => asConfig(topicConfigsFlaw(configs, layers.now)),
    listDefault: (config) =>
      isTopicConfigName(config) && topicConfigs[config].type === 'list' ? topicConfigs[config].default! : undefined,
    command: (change) => ({
      $case: 'alterTopicConfigs',
      value: { topicId: topicIdBytes(topic!.topicId), ...change },
    }),
  };
}

/** Whether a name is this agent's id, in any form that Java reads. */
export function isOwnId({ metadata }: Services, name: string): boolean {
  return isBrokerId(name) && Number(name) === metadata.self.nodeId;
}

/** Whether Java reads a number in it. */
export function isBrokerId(name: string): boolean {
  return /^[+-]?\d+$/.test(name);
}

/** An agent alters its own configs and those of all agents: Kafka's clients send the request to the broker it names. */
function brokerOf(services: Services, name: string): ConfigResource | Judged {
  const { nodeId } = services.metadata.self;
  if (name !== '' && !isBrokerId(name)) {
    return refusal(errors.INVALID_REQUEST, `Node id must be an integer, but it is: ${name}`);
  }
  if (name !== '' && !isOwnId(services, name)) {
    return refusal(errors.INVALID_REQUEST, `Unexpected broker id, expected ${nodeId}, but received ${name}`);
  }
  const flaw = (configs: ReadonlyMap<string, string>) => asRequest(brokerConfigsFlaw(configs));
  return {
    ...resource(services, BROKER, name === '' ? '' : `${nodeId}`, flaw),
    listDefault: (config) =>
      Object.hasOwn(brokerConfigs, config) && brokerConfigs[config]!.type === 'list'
        ? (brokerConfigs[config]!.default ?? '')
        : undefined,
  };
}

function resource(
  { metadata }: Services,
  resourceType: number,
  resourceName: string,
  flaw: ConfigResource['flaw'],
): ConfigResource {
  return {
    present: metadata.view.configsOf(resourceType, resourceName),
    flaw,
    // Kafka knows lists of topics and brokers only.
    listDefault: () => undefined,
    command: (change) => ({ $case: 'alterResourceConfigs', value: { resourceType, resourceName, ...change } }),
  };
}
