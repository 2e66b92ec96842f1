/**
 * The configs of a topic: name, type, default, what is accepted, and whether Weft acts on it. Names, defaults and ranges
 * are Kafka's (4.3, org.apache.kafka.storage.internals.log.LogConfig); a config without effect is checked, stored and shown
 * all the same, because tools set and read it. CreateTopics, DescribeConfigs and the ingest engine use this table.
 */
export type TopicConfigType = 'boolean' | 'string' | 'int' | 'long' | 'double' | 'list';

export interface TopicConfig {
  readonly type: TopicConfigType;
  /** As DescribeConfigs shows it; `max.message.bytes` follows the setting --message-bytes-max instead. */
  readonly default: string;
  /** False: stored and shown, nothing else. */
  readonly effective: boolean;
  readonly help: string;
  /** What is wrong with a value, as the end of a sentence; undefined when nothing is. */
  flaw(value: string): string | undefined;
}

const LONG_MAX = 2n ** 63n - 1n;
const LONG_MIN = -(2n ** 63n);
const INT_MAX = 2n ** 31n - 1n;
const INT_MIN = -(2n ** 31n);
const DAY_MS = 86_400_000;

type Check = (value: string) => string | undefined;

/** A whole number of Kafka's type, within bounds. Java's parsers take a sign and decimal digits, and Kafka trims first. */
function whole(typeMin: bigint, typeMax: bigint, name: string, min: bigint, max = typeMax): Check {
  return (value) => {
    const text = value.trim();
    if (!/^[+-]?\d{1,19}$/.test(text)) {
      return `is not a number of type ${name}`;
    }
    const number = BigInt(text);
    if (number < typeMin || number > typeMax) {
      return `is not a number of type ${name}`;
    }
    return number < min || number > max
      ? `must be at least ${min}${max < typeMax ? ` and at most ${max}` : ''}`
      : undefined;
  };
}

const int = (min: number, max?: number): Check =>
  whole(INT_MIN, INT_MAX, 'int', BigInt(min), max === undefined ? undefined : BigInt(max));
const long = (min: number): Check => whole(LONG_MIN, LONG_MAX, 'long', BigInt(min));

const boolean: Check = (value) => (/^(true|false)$/i.test(value.trim()) ? undefined : 'must be either true or false');

const oneOf =
  (...allowed: readonly string[]): Check =>
  (value) =>
    allowed.includes(value) ? undefined : `must be one of ${allowed.join(', ')}`;

const ratio: Check = (value) => {
  const number = Number(value);
  return value.trim() !== '' && number >= 0 && number <= 1 ? undefined : 'must be between 0 and 1';
};

const cleanupPolicy: Check = (value) => {
  const policies = listOf(value);
  const known = policies.every((policy) => policy === 'delete' || policy === 'compact');
  return known && policies.length > 0 && new Set(policies).size === policies.length
    ? undefined
    : 'must be delete, compact or both';
};

/** "*", nothing, or pairs of partition and broker. */
const throttledReplicas: Check = (value) =>
  listOf(value).every((entry) => entry === '*' || /^\d+:\d+$/.test(entry))
    ? undefined
    : 'must be * or a list of [partitionId]:[brokerId]';

const gzipLevel: Check = (value) => (value.trim() === '-1' ? undefined : int(1, 9)(value));

const noTiering: Check = (value) =>
  boolean(value) ??
  (/^true$/i.test(value.trim()) ? 'is not available: all of a topic is in object storage' : undefined);

function effective(type: TopicConfigType, standard: string, flaw: Check, help: string): TopicConfig {
  return { type, default: standard, effective: true, help, flaw };
}

function stored(type: TopicConfigType, standard: string, flaw: Check): TopicConfig {
  return { type, default: standard, effective: false, help: 'Stored and shown; has no effect in Weft.', flaw };
}

/** In the order of their names, as DescribeConfigs lists them. */
export const topicConfigs = {
  'cleanup.policy': effective('list', 'delete', cleanupPolicy, 'compact: every record must have a key.'),
  'compression.gzip.level': stored('int', '-1', gzipLevel),
  'compression.lz4.level': stored('int', '9', int(1, 17)),
  'compression.type': stored('string', 'producer', oneOf('uncompressed', 'zstd', 'lz4', 'snappy', 'gzip', 'producer')),
  'compression.zstd.level': stored('int', '3', int(-131_072, 22)),
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
  'min.cleanable.dirty.ratio': stored('double', '0.5', ratio),
  'min.compaction.lag.ms': stored('long', '0', long(0)),
  'min.insync.replicas': stored('int', '1', int(1)),
  preallocate: stored('boolean', 'false', boolean),
  'remote.log.copy.disable': stored('boolean', 'false', boolean),
  'remote.log.delete.on.disable': stored('boolean', 'false', boolean),
  'remote.storage.enable': stored('boolean', 'false', noTiering),
  'retention.bytes': stored('long', '-1', long(-1)),
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
    'false: batches are checked by header and CRC only, their records are not walked (ignored for compacted topics).',
  ),
} as const satisfies Readonly<Record<string, TopicConfig>>;

export type TopicConfigName = keyof typeof topicConfigs;

export function isTopicConfigName(name: string): name is TopicConfigName {
  return Object.hasOwn(topicConfigs, name);
}

/** A sentence about the first thing wrong with a topic's configs (Kafka: INVALID_CONFIG, 40); undefined when all is well. */
export function topicConfigsFlaw(configs: ReadonlyMap<string, string>): string | undefined {
  for (const [name, value] of configs) {
    if (!isTopicConfigName(name)) {
      return `Unknown topic config name: ${name}`;
    }
    const flaw = topicConfigs[name].flaw(value);
    if (flaw !== undefined) {
      return `Invalid value ${value} for configuration ${name}: it ${flaw}`;
    }
  }
  const lagMin = BigInt(configured(configs, 'min.compaction.lag.ms').trim());
  const lagMax = BigInt(configured(configs, 'max.compaction.lag.ms').trim());
  return lagMin > lagMax
    ? `conflict topic config setting min.compaction.lag.ms (${lagMin}) > max.compaction.lag.ms (${lagMax})`
    : undefined;
}

/** What the agent itself sets for all topics. */
export interface TopicDefaults {
  readonly messageBytesMax: number;
}

/** The default of a config on this agent. */
export function topicConfigDefault(name: TopicConfigName, defaults: TopicDefaults): string {
  return name === 'max.message.bytes' ? String(defaults.messageBytesMax) : topicConfigs[name].default;
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
}

/** Of configs that `topicConfigsFlaw` found no flaw in. */
export function topicRules(configs: ReadonlyMap<string, string>, defaults: TopicDefaults): TopicRules {
  const compacted = listOf(configured(configs, 'cleanup.policy')).includes('compact');
  return {
    maxMessageBytes: Number(configs.get('max.message.bytes') ?? defaults.messageBytesMax),
    logAppendTime: configured(configs, 'message.timestamp.type') === 'LogAppendTime',
    timestampBeforeMaxMs: saturated(configured(configs, 'message.timestamp.before.max.ms')),
    timestampAfterMaxMs: saturated(configured(configs, 'message.timestamp.after.max.ms')),
    compacted,
    walkRecords: compacted || configured(configs, 'weft.walk.records').trim().toLowerCase() === 'true',
  };
}

function configured(configs: ReadonlyMap<string, string>, name: TopicConfigName): string {
  return configs.get(name) ?? topicConfigs[name].default;
}

function saturated(value: string): number {
  return Math.min(Number(value), Number.MAX_SAFE_INTEGER);
}

/** Kafka's lists: separated by commas, blanks around elements do not count. */
function listOf(value: string): string[] {
  return value
    .split(',')
    .map((element) => element.trim())
    .filter((element) => element !== '');
}
