/**
 * The configs of groups (4.3, org.apache.kafka.coordinator.group.GroupConfig) and of client metrics subscriptions (KIP-714).
 * Bounds of groups' configs are broker configs in Kafka, with the values that stand here; none of them is dynamic.
 */
import { type ConfigLayers, configSources, type Synonym } from './config-layers.js';
import {
  boolean,
  type Check,
  type Config,
  type ConfigType,
  int,
  listIn,
  listOf,
  oneOf,
  shownValue,
  trimmed,
  valueFlaw,
} from './config-values.js';

const byDuration = /^by_duration:P(?=[\dT])(\d+D)?(T(?=\d)(\d+H)?(\d+M)?(\d+([.,]\d{0,9})?S)?)?$/i;
const offsetReset: Check = (value) =>
  ['earliest', 'latest'].includes(trimmed(value)) || byDuration.test(trimmed(value))
    ? undefined
    : 'must be earliest, latest or by_duration:PnDTnHnMn.nS';

function consumer(standard: string, flaw: Check, help: string): Config {
  return { type: 'int', default: standard, effective: true, help, flaw };
}

function stored(type: ConfigType, standard: string, flaw: Check): Config {
  return { type, default: standard, effective: false, help: 'Stored and shown; has no effect in Weft.', flaw };
}

export const groupConfigs: Readonly<Record<string, Config>> = {
  'consumer.assignment.interval.ms': consumer('1000', int(0, 15_000), 'The least time between two assignments.'),
  'consumer.heartbeat.interval.ms': consumer('5000', int(5_000, 15_000), 'How often members are to report.'),
  'consumer.session.timeout.ms': consumer('45000', int(45_000, 60_000), 'A member silent for this long is removed.'),
  'share.assignment.interval.ms': stored('int', '1000', int(0, 15_000)),
  'share.auto.offset.reset': stored('string', 'latest', offsetReset),
  'share.delivery.count.limit': stored('int', '5', int(2, 10)),
  'share.heartbeat.interval.ms': stored('int', '5000', int(5_000, 15_000)),
  'share.isolation.level': stored('string', 'read_uncommitted', oneOf('read_committed', 'read_uncommitted')),
  'share.partition.max.record.locks': stored('int', '2000', int(100, 4_000)),
  'share.record.lock.duration.ms': stored('int', '30000', int(15_000, 60_000)),
  'share.renew.acknowledge.enable': stored('boolean', 'true', boolean),
  'share.session.timeout.ms': stored('int', '45000', int(45_000, 60_000)),
  'streams.assignment.interval.ms': stored('int', '1000', int(0, 15_000)),
  'streams.heartbeat.interval.ms': stored('int', '5000', int(5_000, 15_000)),
  'streams.initial.rebalance.delay.ms': stored('int', '3000', int(0)),
  'streams.num.standby.replicas': stored('int', '0', int(0, 2)),
  'streams.session.timeout.ms': stored('int', '45000', int(45_000, 60_000)),
};

/** What is wrong with a group's configs (Kafka: INVALID_CONFIG, 40); undefined when all is well. */
export function groupConfigsFlaw(configs: ReadonlyMap<string, string>): string | undefined {
  for (const name of configs.keys()) {
    if (!Object.hasOwn(groupConfigs, name)) {
      return `Unknown group config name: ${name}`;
    }
  }
  for (const [name, value] of configs) {
    const flaw = valueFlaw(name, groupConfigs[name]!, value);
    if (flaw !== undefined) {
      return flaw;
    }
  }
  return undefined;
}

/** As DescribeConfigs shows it. */
export function groupConfigured(configs: ReadonlyMap<string, string>, name: string, layers: ConfigLayers): string {
  const config = groupConfigs[name]!;
  const set = configs.get(name);
  return set === undefined ? (layers.inherited(`group.${name}`) ?? config.default!) : shownValue(config.type, set);
}

export function groupSynonyms(name: string, configs: ReadonlyMap<string, string>, layers: ConfigLayers): Synonym[] {
  const inherited = layers.synonyms(`group.${name}`);
  const fallback = { name, value: groupConfigs[name]!.default!, source: configSources.default };
  const set = configs.get(name);
  const own =
    set === undefined ? [] : [{ name, value: groupConfigured(configs, name, layers), source: configSources.group }];
  return [...own, ...(inherited.length === 0 ? [fallback] : inherited)];
}

export const clientMetricsConfigs: Readonly<Record<string, Config>> = {
  'interval.ms': stored('int', '300000', int()),
  match: stored('list', '', listIn()),
  metrics: stored('list', '', listIn()),
};

const MATCHED = /^client_(instance_id|id|software_name|software_version|source_address|source_port)$/;

/** What is wrong with a subscription's configs, and whether Kafka calls it a bad request (42) or a bad config (40). */
export function clientMetricsFlaw(
  configs: ReadonlyMap<string, string>,
): { readonly badRequest: boolean; readonly message: string } | undefined {
  for (const name of configs.keys()) {
    if (!Object.hasOwn(clientMetricsConfigs, name)) {
      return { badRequest: true, message: `Unknown client metrics configuration: ${name}` };
    }
  }
  for (const [name, value] of configs) {
    const message = valueFlaw(name, clientMetricsConfigs[name]!, value);
    if (message !== undefined) {
      return { badRequest: false, message };
    }
  }
  const interval = Number(shownValue('int', configs.get('interval.ms') ?? '300000'));
  if (interval < 100 || interval > 3_600_000) {
    return { badRequest: true, message: `Invalid value ${interval} for interval.ms: it must be from 100 to 3600000` };
  }
  const pattern = listOf(configs.get('match') ?? '').find((entry) => !isPattern(entry));
  return pattern === undefined
    ? undefined
    : { badRequest: false, message: `Illegal client matching pattern: ${pattern}` };
}

function isPattern(entry: string): boolean {
  const [name = '', pattern, ...more] = entry.split('=');
  if (!MATCHED.test(trimmed(name)) || pattern === undefined || pattern === '' || more.length > 0) {
    return false;
  }
  try {
    new RegExp(trimmed(pattern));
    return true;
  } catch {
    return false;
  }
}
