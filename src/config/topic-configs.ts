/**
 * The configs of a topic: name, type, default, what is accepted, and whether Weft acts on it. Names, defaults and ranges
 * are Kafka's (4.3, org.apache.kafka.storage.internals.log.LogConfig); a config without effect is checked, stored and shown
 * all the same, because tools set and read it. A config that a topic does not set comes from its brokers (`inherits`).
 */
import { compressionType, gzipLevel } from './broker-configs.js';
import { type ConfigLayers, configSources, type Synonym } from './config-layers.js';
import {
  boolean,
  type Check,
  type Config,
  type ConfigType,
  DAY_MS,
  double,
  int,
  LONG_MAX,
  listIn,
  listOf,
  long,
  oneOf,
  shownValue,
  trimmed,
  valueFlaw,
} from './config-values.js';

/** "*", or pairs of partition and broker; nothing between two commas is nothing. */
const throttledReplicas: Check = (value) => {
  const elements = listOf(value);
  return elements.join('') === '*' || elements.every((element) => /^(\d+:\d+)?$/.test(element))
    ? undefined
    : 'must be * or a list of [partitionId]:[brokerId]';
};

const noTiering: Check = (value) =>
  boolean(value) ??
  (/^true$/i.test(trimmed(value)) ? 'is not available: all of a topic is in object storage' : undefined);

function effective(type: ConfigType, standard: string, flaw: Check, help: string): Config {
  return { type, default: standard, effective: true, help, flaw };
}

function stored(type: ConfigType, standard: string, flaw: Check): Config {
  return { type, default: standard, effective: false, help: 'Stored and shown; has no effect in Weft.', flaw };
}

/** In the order of their names, as DescribeConfigs lists them. */
const table = {
  'cleanup.policy': effective('list', 'delete', listIn('delete', 'compact'), 'compact: every record must have a key.'),
  'compression.gzip.level': effective('int', '-1', gzipLevel, 'Of batches that compression.type compresses anew.'),
  'compression.lz4.level': stored('int', '9', int(1, 17)),
  'compression.type': effective(
    'string',
    'producer',
    compressionType,
    'producer: batches are stored as they come; else those of another codec are compressed anew when they arrive.',
  ),
  'compression.zstd.level': effective(
    'int',
    '3',
    int(-131_072, 22),
    'Of batches that compression.type compresses anew.',
  ),
  'delete.retention.ms': stored('long', String(DAY_MS), long(0)),
  'file.delete.delay.ms': stored('long', '60000', long(0)),
  'flush.messages': stored('long', String(LONG_MAX), long(1)),
  'flush.ms': stored('long', String(LONG_MAX), long(0)),
  'follower.replication.throttled.replicas': stored('list', '', throttledReplicas),
  'index.interval.bytes': stored('int', '4096', int(0)),
  'leader.replication.throttled.replicas': stored('list', '', throttledReplicas),
  'local.retention.bytes': stored('long', '-2', long(-2)),
  'local.retention.ms': stored('long', '-2', long(-2)),
  'max.compaction.lag.ms': stored('long', String(LONG_MAX), long(1)),
  'max.message.bytes': effective('int', '1048588', int(0), 'The largest record batch accepted, compressed, in bytes.'),
  'message.timestamp.after.max.ms': effective(
    'long',
    '3600000',
    long(0),
    'How far a CreateTime may lie ahead of the clock of the agent.',
  ),
  'message.timestamp.before.max.ms': effective(
    'long',
    String(LONG_MAX),
    long(0),
    'How far a CreateTime may lie behind the clock of the agent.',
  ),
  'message.timestamp.type': effective(
    'string',
    'CreateTime',
    oneOf('CreateTime', 'LogAppendTime'),
    'LogAppendTime: batches get the time at which their segment was sealed.',
  ),
  'min.cleanable.dirty.ratio': stored('double', '0.5', double(0, 1)),
  'min.compaction.lag.ms': stored('long', '0', long(0)),
  'min.insync.replicas': stored('int', '1', int(1)),
  preallocate: stored('boolean', 'false', boolean),
  'remote.log.copy.disable': stored('boolean', 'false', boolean),
  'remote.log.delete.on.disable': stored('boolean', 'false', boolean),
  'remote.storage.enable': stored('boolean', 'false', noTiering),
  'retention.bytes': stored('long', '-1', long()),
  'retention.ms': stored('long', String(7 * DAY_MS), long(-1)),
  'segment.bytes': stored('int', '1073741824', int(1024 * 1024)),
  'segment.index.bytes': stored('int', '10485760', int(4)),
  'segment.jitter.ms': stored('long', '0', long(0)),
  'segment.ms': stored('long', String(7 * DAY_MS), long(1)),
  'unclean.leader.election.enable': stored('boolean', 'false', boolean),
  'weft.walk.records': effective(
    'boolean',
    'true',
    boolean,
    'false: batches are checked by header and CRC only, their records are not walked (ignored for compacted topics). Offsets by time are then as right as the greatest times that headers claim.',
  ),
} as const satisfies Readonly<Record<string, Config>>;

export type TopicConfigName = keyof typeof table;

export const topicConfigs: Readonly<Record<TopicConfigName, Config>> = table;

export function isTopicConfigName(name: string): name is TopicConfigName {
  return Object.hasOwn(topicConfigs, name);
}

/** The broker config from which a topic takes what it does not set (ServerTopicConfigSynonyms); most have a prefix more. */
const INHERITS: Readonly<Partial<Record<TopicConfigName, string>>> = {
  'delete.retention.ms': 'log.cleaner.delete.retention.ms',
  'file.delete.delay.ms': 'log.segment.delete.delay.ms',
  'flush.messages': 'log.flush.interval.messages',
  'flush.ms': 'log.flush.interval.ms',
  'max.compaction.lag.ms': 'log.cleaner.max.compaction.lag.ms',
  'max.message.bytes': 'message.max.bytes',
  'min.cleanable.dirty.ratio': 'log.cleaner.min.cleanable.ratio',
  'min.compaction.lag.ms': 'log.cleaner.min.compaction.lag.ms',
  'segment.index.bytes': 'log.index.size.max.bytes',
  'segment.jitter.ms': 'log.roll.jitter.ms',
  'segment.ms': 'log.roll.ms',
};
const SAME_NAME = /^(compression\.|min\.insync\.replicas$|unclean\.leader\.election\.enable$)/;
const OWN = /^(weft\.|remote\.|(leader|follower)\.replication\.)/;

/** Undefined: a topic has it alone. */
export function inheritedFrom(name: TopicConfigName): string | undefined {
  if (OWN.test(name)) {
    return undefined;
  }
  return INHERITS[name] ?? (SAME_NAME.test(name) ? name : `log.${name}`);
}

/** The value of a config that a topic does not set, as DescribeConfigs shows it. */
export function topicDefault(name: TopicConfigName, layers: ConfigLayers): string {
  const from = inheritedFrom(name);
  return (from === undefined ? null : layers.inherited(from)) ?? topicConfigs[name].default!;
}

/** Where a config's value comes from: what the topic sets, then what its brokers have. */
export function topicSynonyms(
  name: TopicConfigName,
  configs: ReadonlyMap<string, string>,
  layers: ConfigLayers,
): Synonym[] {
  const from = inheritedFrom(name);
  const inherited = from === undefined ? [] : layers.synonyms(from);
  const set = configs.get(name);
  return set === undefined
    ? inherited
    : [{ name, value: shownValue(topicConfigs[name].type, set), source: configSources.topic }, ...inherited];
}

/** A sentence about the first thing wrong with a topic's configs (Kafka: INVALID_CONFIG, 40); undefined when all is well. */
export function topicConfigsFlaw(configs: ReadonlyMap<string, string>, layers: ConfigLayers): string | undefined {
  for (const name of configs.keys()) {
    if (!isTopicConfigName(name)) {
      return `Unknown topic config name: ${name}`;
    }
  }
  for (const [name, value] of configs) {
    const flaw = valueFlaw(name, topicConfigs[name as TopicConfigName], value);
    if (flaw !== undefined) {
      return flaw;
    }
  }
  const lagMin = BigInt(configured(configs, 'min.compaction.lag.ms', layers));
  const lagMax = BigInt(configured(configs, 'max.compaction.lag.ms', layers));
  return lagMin > lagMax
    ? `conflict topic config setting min.compaction.lag.ms (${lagMin}) > max.compaction.lag.ms (${lagMax})`
    : undefined;
}

/** The configs that Weft acts on, read from what was set and the defaults. */
export interface TopicRules {
  readonly maxMessageBytes: number;
  readonly logAppendTime: boolean;
  /** 2^53 - 1: no bound. */
  readonly timestampBeforeMaxMs: number;
  readonly timestampAfterMaxMs: number;
  readonly compacted: boolean;
  readonly walkRecords: boolean;
  /** What a batch of another codec is compressed to; undefined: batches stay as their producers made them. */
  readonly compression: TopicCompression | undefined;
}

export interface TopicCompression {
  /** As in a batch's attributes; 0: not compressed. */
  readonly codec: number;
  /** Of gzip and zstd, else of no meaning. */
  readonly level: number;
}

/** Of configs that `topicConfigsFlaw` found no flaw in. */
export function topicRules(configs: ReadonlyMap<string, string>, layers: ConfigLayers): TopicRules {
  const value = (name: TopicConfigName): string => configured(configs, name, layers);
  const compacted = listOf(value('cleanup.policy')).includes('compact');
  return {
    maxMessageBytes: Number(value('max.message.bytes')),
    logAppendTime: value('message.timestamp.type') === 'LogAppendTime',
    timestampBeforeMaxMs: saturated(value('message.timestamp.before.max.ms')),
    timestampAfterMaxMs: saturated(value('message.timestamp.after.max.ms')),
    compacted,
    walkRecords: compacted || value('weft.walk.records') === 'true',
    compression: compressionOf(value),
  };
}

const CODECS = ['uncompressed', 'gzip', 'snappy', 'lz4', 'zstd'];

function compressionOf(value: (name: TopicConfigName) => string): TopicCompression | undefined {
  const type = value('compression.type');
  if (type === 'producer') return undefined;
  const level = type === 'gzip' || type === 'zstd' ? Number(value(`compression.${type}.level`)) : 0;
  return { codec: CODECS.indexOf(type), level };
}

/** As DescribeConfigs shows it. */
export function configured(configs: ReadonlyMap<string, string>, name: TopicConfigName, layers: ConfigLayers): string {
  const set = configs.get(name);
  return set === undefined ? topicDefault(name, layers) : shownValue(topicConfigs[name].type, set);
}

function saturated(value: string): number {
  return Math.min(Number(value), Number.MAX_SAFE_INTEGER);
}
