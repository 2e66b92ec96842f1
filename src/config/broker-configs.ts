/**
 * The configs of brokers that Weft knows, under Kafka's names, with Kafka's types, defaults and ranges (4.3,
 * org.apache.kafka.server.config.AbstractKafkaConfig). `dynamic` ones can be altered for one agent or for all; the others
 * follow the agent's settings or are facts. Kafka's remaining names (broker-config-names.ts) are known to be no dynamic ones.
 */
import {
  anyText,
  boolean,
  type Check,
  type Config,
  type ConfigType,
  double,
  int,
  LONG_MAX,
  listIn,
  long,
  oneOf,
} from './config-values.js';

export interface BrokerConfig extends Config {
  readonly dynamic: boolean;
}

export const compressionType = oneOf('uncompressed', 'zstd', 'lz4', 'snappy', 'gzip', 'producer');
export const gzipLevel: Check = (value) => (value.trim() === '-1' ? undefined : int(1, 9)(value));

const perAddress: Check = (value) =>
  value.trim() === '' || value.split(',').every((entry) => /^\s*\S+:\d+\s*$/.test(entry))
    ? undefined
    : 'must be a list of address:count';

const NO_EFFECT = 'Stored and shown; has no effect in Weft.';

function row(type: ConfigType, standard: string | null, flaw: Check, dynamic: boolean, help?: string): BrokerConfig {
  return { type, default: standard, flaw, dynamic, effective: help !== undefined, help: help ?? NO_EFFECT };
}

/** Can be altered, without effect. */
const dynamic = (type: ConfigType, standard: string | null, flaw: Check) => row(type, standard, flaw, true);
/** Can be altered; the next request finds it changed. */
const live = (type: ConfigType, standard: string | null, flaw: Check, help: string) =>
  row(type, standard, flaw, true, help);
/** Follows a setting of the agent, or never changes. */
const fixed = (type: ConfigType, standard: string | null, help: string) => row(type, standard, anyText, false, help);

export const brokerConfigs: Readonly<Record<string, BrokerConfig>> = {
  'advertised.listeners': fixed('list', null, '--kafka: what clients of each listener are told.'),
  'auto.create.topics.enable': fixed('boolean', 'true', '--auto-create-topics'),
  'background.threads': dynamic('int', '10', int(1)),
  'broker.id': fixed('int', '-1', 'Belongs to the name of the agent for ever.'),
  'broker.rack': fixed('string', null, '--zone'),
  'compression.gzip.level': dynamic('int', '-1', gzipLevel),
  'compression.lz4.level': dynamic('int', '9', int(1, 17)),
  'compression.type': dynamic('string', 'producer', compressionType),
  'compression.zstd.level': dynamic('int', '3', int(-131_072, 22)),
  'connections.max.idle.ms': fixed('long', '600000', '--connection-idle'),
  'default.replication.factor': fixed('int', '1', 'There are no replicas: the object store is the durable home.'),
  'delete.topic.enable': fixed('boolean', 'true', 'Always.'),
  'follower.fetch.last.tiered.offset.enable': dynamic('boolean', 'false', boolean),
  'follower.replication.throttled.rate': dynamic('long', String(LONG_MAX), long(0)),
  'group.consumer.assignment.interval.ms': dynamic('int', '1000', int(0)),
  'group.consumer.assignors': fixed('list', 'uniform,range', 'Assignors of groups that use the consumer protocol.'),
  'group.consumer.heartbeat.interval.ms': fixed('int', '5000', '--group-consumer-heartbeat'),
  'group.consumer.max.assignment.interval.ms': fixed('int', '15000', 'Bound of consumer.assignment.interval.ms.'),
  'group.consumer.max.heartbeat.interval.ms': fixed('int', '15000', 'Bound of consumer.heartbeat.interval.ms.'),
  'group.consumer.max.session.timeout.ms': fixed('int', '60000', 'Bound of consumer.session.timeout.ms.'),
  'group.consumer.min.assignment.interval.ms': fixed('int', '0', 'Bound of consumer.assignment.interval.ms.'),
  'group.consumer.min.heartbeat.interval.ms': fixed('int', '5000', 'Bound of consumer.heartbeat.interval.ms.'),
  'group.consumer.min.session.timeout.ms': fixed('int', '45000', 'Bound of consumer.session.timeout.ms.'),
  'group.consumer.session.timeout.ms': fixed('int', '45000', '--group-consumer-session'),
  'group.coordinator.cached.buffer.max.bytes': dynamic('int', '1048588', int(524_288)),
  'group.initial.rebalance.delay.ms': fixed('int', '3000', '--group-initial-rebalance-delay'),
  'group.max.session.timeout.ms': fixed('int', '1800000', '--group-session-max'),
  'group.max.size': fixed('int', '2147483647', '--group-members-max'),
  'group.min.session.timeout.ms': fixed('int', '6000', '--group-session-min'),
  'group.share.assignment.interval.ms': dynamic('int', '1000', int(0)),
  'group.share.delivery.count.limit': fixed(
    'int',
    '5',
    'Weft has no share groups; they may set share.delivery.count.limit.',
  ),
  'group.share.heartbeat.interval.ms': fixed(
    'int',
    '5000',
    'Weft has no share groups; they may set share.heartbeat.interval.ms.',
  ),
  'group.share.partition.max.record.locks': fixed(
    'int',
    '2000',
    'Weft has no share groups; they may set share.partition.max.record.locks.',
  ),
  'group.share.record.lock.duration.ms': fixed(
    'int',
    '30000',
    'Weft has no share groups; they may set share.record.lock.duration.ms.',
  ),
  'group.share.session.timeout.ms': fixed(
    'int',
    '45000',
    'Weft has no share groups; they may set share.session.timeout.ms.',
  ),
  'group.streams.assignment.interval.ms': dynamic('int', '1000', int(0)),
  'group.streams.heartbeat.interval.ms': fixed(
    'int',
    '5000',
    'Weft has no streams groups; they may set streams.heartbeat.interval.ms.',
  ),
  'group.streams.initial.rebalance.delay.ms': fixed(
    'int',
    '3000',
    'Weft has no streams groups; they may set streams.initial.rebalance.delay.ms.',
  ),
  'group.streams.num.standby.replicas': fixed(
    'int',
    '0',
    'Weft has no streams groups; they may set streams.num.standby.replicas.',
  ),
  'group.streams.session.timeout.ms': fixed(
    'int',
    '45000',
    'Weft has no streams groups; they may set streams.session.timeout.ms.',
  ),
  'leader.replication.throttled.rate': dynamic('long', String(LONG_MAX), long(0)),
  listeners: fixed('list', 'PLAINTEXT://:9092', '--kafka'),
  'log.cleaner.backoff.ms': dynamic('long', '15000', long(0)),
  'log.cleaner.dedupe.buffer.size': dynamic('long', '134217728', long()),
  'log.cleaner.delete.retention.ms': dynamic('long', '86400000', long(0)),
  'log.cleaner.enable': fixed('boolean', 'true', 'Kafka has it true always, too.'),
  'log.cleaner.io.buffer.load.factor': dynamic('double', '0.9', double()),
  'log.cleaner.io.buffer.size': dynamic('int', '524288', int(0)),
  'log.cleaner.io.max.bytes.per.second': dynamic('double', '1.7976931348623157E308', double()),
  'log.cleaner.max.compaction.lag.ms': dynamic('long', String(LONG_MAX), long(1)),
  'log.cleaner.min.cleanable.ratio': dynamic('double', '0.5', double(0, 1)),
  'log.cleaner.min.compaction.lag.ms': dynamic('long', '0', long(0)),
  'log.cleaner.threads': dynamic('int', '1', int(0)),
  'log.cleanup.policy': live('list', 'delete', listIn('compact', 'delete'), 'cleanup.policy of topics that set none.'),
  'log.dirs': fixed('list', null, '--bucket: the only place where records are kept.'),
  'log.flush.interval.messages': dynamic('long', String(LONG_MAX), long(1)),
  'log.flush.interval.ms': dynamic('long', null, long()),
  'log.flush.scheduler.interval.ms': fixed('long', String(LONG_MAX), 'The default of log.flush.interval.ms.'),
  'log.index.interval.bytes': dynamic('int', '4096', int(0)),
  'log.index.size.max.bytes': dynamic('int', '10485760', int(4)),
  'log.local.retention.bytes': dynamic('long', '-2', long(-2)),
  'log.local.retention.ms': dynamic('long', '-2', long(-2)),
  'log.message.timestamp.after.max.ms': live(
    'long',
    '3600000',
    long(0),
    'message.timestamp.after.max.ms of topics that set none.',
  ),
  'log.message.timestamp.before.max.ms': live(
    'long',
    String(LONG_MAX),
    long(0),
    'message.timestamp.before.max.ms of topics that set none.',
  ),
  'log.message.timestamp.type': live(
    'string',
    'CreateTime',
    oneOf('CreateTime', 'LogAppendTime'),
    'message.timestamp.type of topics that set none.',
  ),
  'log.preallocate': dynamic('boolean', 'false', boolean),
  'log.retention.bytes': dynamic('long', '-1', long()),
  'log.retention.hours': fixed('int', '168', 'The default of log.retention.ms, in hours.'),
  'log.retention.minutes': fixed('int', null, 'The default of log.retention.ms, in minutes.'),
  'log.retention.ms': dynamic('long', null, long()),
  'log.roll.hours': fixed('int', '168', 'The default of log.roll.ms, in hours.'),
  'log.roll.jitter.hours': fixed('int', '0', 'The default of log.roll.jitter.ms, in hours.'),
  'log.roll.jitter.ms': dynamic('long', null, long()),
  'log.roll.ms': dynamic('long', null, long()),
  'log.segment.bytes': dynamic('int', '1073741824', int(1_048_576)),
  'log.segment.delete.delay.ms': dynamic('long', '60000', long(0)),
  'max.connection.creation.rate': dynamic('int', '2147483647', int(0)),
  'max.connections': dynamic('int', '2147483647', int(0)),
  'max.connections.per.ip': dynamic('int', '2147483647', int(0)),
  'max.connections.per.ip.overrides': dynamic('string', '', perAddress),
  'message.max.bytes': live('int', '1048588', int(0), 'max.message.bytes of topics that set none.'),
  'min.insync.replicas': dynamic('int', '1', int(1)),
  'node.id': fixed('int', null, 'Belongs to the name of the agent for ever.'),
  'num.io.threads': dynamic('int', '8', int(1)),
  'num.network.threads': dynamic('int', '3', int(1)),
  'num.partitions': fixed('int', '1', '--default-partitions'),
  'num.recovery.threads.per.data.dir': dynamic('int', '2', int(1)),
  'num.replica.fetchers': dynamic('int', '1', int(1)),
  'offset.metadata.max.bytes': fixed('int', '4096', 'The longest metadata of a committed offset, in characters.'),
  'offsets.retention.minutes': fixed('int', '10080', '--offsets-retention'),
  'process.roles': fixed('list', null, 'An agent is what Kafka calls a broker.'),
  'producer.id.expiration.ms': dynamic('int', '86400000', int(1)),
  'remote.fetch.max.wait.ms': dynamic('int', '500', int(1)),
  'remote.list.offsets.request.timeout.ms': dynamic('long', '30000', long(1)),
  'remote.log.index.file.cache.total.size.bytes': dynamic('long', '1073741824', long(1)),
  'remote.log.manager.copier.thread.pool.size': dynamic('int', '10', int(1)),
  'remote.log.manager.copy.max.bytes.per.second': dynamic('long', String(LONG_MAX), long(1)),
  'remote.log.manager.expiration.thread.pool.size': dynamic('int', '10', int(1)),
  'remote.log.manager.fetch.max.bytes.per.second': dynamic('long', String(LONG_MAX), long(1)),
  'remote.log.manager.follower.thread.pool.size': dynamic('int', '2', int(1)),
  'remote.log.reader.threads': dynamic('int', '10', int(1)),
  'replica.alter.log.dirs.io.max.bytes.per.second': dynamic('long', String(LONG_MAX), long(0)),
  'share.coordinator.cached.buffer.max.bytes': dynamic('int', '1048588', int(524_288)),
  'socket.receive.buffer.bytes': fixed('int', '102400', '--receive-buffer'),
  'socket.request.max.bytes': fixed('int', '104857600', '--frame-bytes-max'),
  'transaction.partition.verification.enable': dynamic('boolean', 'true', boolean),
  'unclean.leader.election.enable': dynamic('boolean', 'false', boolean),
};

export function isDynamic(name: string): boolean {
  return Object.hasOwn(brokerConfigs, name) && brokerConfigs[name]!.dynamic;
}
