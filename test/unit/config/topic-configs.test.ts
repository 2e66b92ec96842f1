import { expect, test } from 'vitest';
import { ConfigLayers } from '../../../src/config/config-layers.js';
import {
  inheritedFrom,
  isTopicConfigName,
  type TopicConfigName,
  topicConfigs,
  topicConfigsFlaw,
  topicDefault,
  topicRules,
  topicSynonyms,
} from '../../../src/config/topic-configs.js';

const NONE = new Map<string, string>();
const BARE = new ConfigLayers(NONE, NONE, NONE);
const flawOf = (...configs: readonly (readonly [string, string])[]) => topicConfigsFlaw(new Map(configs), BARE);

test('the table holds the 33 configs of Kafka 4.3 and one of our own, and its defaults are valid', () => {
  const names = Object.keys(topicConfigs) as TopicConfigName[];
  expect(names).toHaveLength(34);
  expect(names).toEqual([...names].sort());
  expect(flawOf(...names.map((name) => [name, topicConfigs[name].default!] as const))).toBeUndefined();
});

test('what a bare agent gives to topics is what Kafka has as the default of the topic', () => {
  for (const name of Object.keys(topicConfigs) as TopicConfigName[]) {
    expect(topicDefault(name, BARE), name).toBe(topicConfigs[name].default);
  }
});

const cases: readonly (readonly [string, readonly string[], readonly string[]])[] = [
  [
    'cleanup.policy',
    ['delete', 'compact,delete', ' compact , delete ', '', 'compact,compact'],
    ['none', 'Delete', 'delete,,compact'],
  ],
  ['compression.gzip.level', ['-1', '1', '9'], ['0', '10', '-2']],
  ['compression.lz4.level', ['1', '17'], ['0', '18']],
  ['compression.type', ['producer', 'zstd', ' uncompressed '], ['none', 'ZSTD', '']],
  ['compression.zstd.level', ['-131072', '22'], ['23', '-131073']],
  ['delete.retention.ms', ['0'], ['-1']],
  ['file.delete.delay.ms', ['0'], ['-1']],
  ['flush.messages', ['1'], ['0']],
  ['flush.ms', ['0'], ['-1']],
  ['follower.replication.throttled.replicas', ['*', '0:1,'], ['*,0:1', 'x']],
  ['index.interval.bytes', ['0'], ['-1']],
  ['leader.replication.throttled.replicas', ['', '*', '0:1,1:2'], ['0', 'a:b', '-1:2']],
  ['local.retention.bytes', ['-2', '5'], ['-3']],
  ['local.retention.ms', ['-2', '5'], ['-3']],
  ['max.compaction.lag.ms', ['1'], ['0']],
  [
    'max.message.bytes',
    ['0', '2147483647', ' 7 ', '+7', '007'],
    ['-1', '2147483648', '1e3', '0x10', '', '7.0', '\u00a07'],
  ],
  ['message.timestamp.after.max.ms', ['0'], ['-1']],
  ['message.timestamp.before.max.ms', ['9223372036854775807'], ['9223372036854775808', '-1']],
  ['message.timestamp.type', ['CreateTime', 'LogAppendTime'], ['createtime']],
  ['min.cleanable.dirty.ratio', ['0', '0.5', '1', '1e-1', '.5f', 'NaN'], ['1.1', '-0.1', '', 'x', '0x1']],
  ['min.compaction.lag.ms', ['0'], ['-1']],
  ['min.insync.replicas', ['1', '3'], ['0']],
  ['preallocate', ['true', 'FALSE', ' true'], ['yes', '1', '']],
  ['remote.log.copy.disable', ['true'], ['x']],
  ['remote.log.delete.on.disable', ['true'], ['x']],
  ['remote.storage.enable', ['false'], ['true', ' TRUE ', 'maybe']],
  ['retention.bytes', ['-1', '-100', '5'], ['x']],
  ['retention.ms', ['-1', '0'], ['-2']],
  ['segment.bytes', ['1048576'], ['1048575']],
  ['segment.index.bytes', ['4'], ['3']],
  ['segment.jitter.ms', ['0'], ['-1']],
  ['segment.ms', ['1'], ['0']],
  ['unclean.leader.election.enable', ['true'], ['']],
  ['no.such.config', [], ['1']],
  ['constructor', [], ['1']],
];

test.each(cases)('%s takes and refuses what Kafka does', (name, good, bad) => {
  for (const value of good) {
    expect(flawOf([name, value]), value).toBeUndefined();
  }
  for (const value of bad) {
    expect(flawOf([name, value]), value).toContain(name);
  }
  expect(isTopicConfigName(name)).toBe(good.length > 0);
});

test('a least lag above the greatest is a conflict, also when one of them comes from the brokers', () => {
  const least = ['min.compaction.lag.ms', '20'] as const;
  expect(flawOf(least, ['max.compaction.lag.ms', '10'])).toMatch(/conflict/);
  const shared = new Map([['log.cleaner.max.compaction.lag.ms', '10']]);
  expect(topicConfigsFlaw(new Map([least]), new ConfigLayers(NONE, shared, NONE))).toMatch(/conflict/);
});

test('an unknown name is told before a bad value', () => {
  expect(flawOf(['retention.ms', 'x'], ['nope', '1'])).toBe('Unknown topic config name: nope');
});

test('rules come from what was set, else from the brokers', () => {
  expect(topicRules(NONE, BARE)).toEqual({
    maxMessageBytes: 1_048_588,
    logAppendTime: false,
    timestampBeforeMaxMs: Number.MAX_SAFE_INTEGER,
    timestampAfterMaxMs: 3_600_000,
    compacted: false,
    walkRecords: true,
    compression: undefined,
  });
  const set = new Map([
    ['max.message.bytes', '100'],
    ['message.timestamp.type', 'LogAppendTime'],
    ['message.timestamp.after.max.ms', '5'],
    ['cleanup.policy', 'compact,delete'],
    ['weft.walk.records', 'FALSE'],
  ]);
  expect(topicRules(set, BARE)).toMatchObject({
    maxMessageBytes: 100,
    logAppendTime: true,
    timestampAfterMaxMs: 5,
    compacted: true,
    walkRecords: true,
  });
  set.delete('cleanup.policy');
  expect(topicRules(set, BARE).walkRecords).toBe(false);
  const shared = new Map([
    ['message.max.bytes', ' 7 '],
    ['log.cleanup.policy', 'compact'],
    ['log.message.timestamp.type', 'LogAppendTime'],
    ['log.message.timestamp.before.max.ms', '8'],
    ['log.message.timestamp.after.max.ms', '9'],
  ]);
  expect(topicRules(NONE, new ConfigLayers(NONE, shared, NONE))).toEqual({
    maxMessageBytes: 7,
    logAppendTime: true,
    timestampBeforeMaxMs: 8,
    timestampAfterMaxMs: 9,
    compacted: true,
    walkRecords: true,
    compression: undefined,
  });
});

test('compression.type and the level of its codec come from the topic, else from the brokers, live', () => {
  const compressionOf = (set: readonly (readonly [string, string])[], layers = BARE) =>
    topicRules(new Map(set), layers).compression;
  expect(compressionOf([['compression.type', 'uncompressed']])).toEqual({ codec: 0, level: 0 });
  expect(compressionOf([['compression.type', 'gzip']])).toEqual({ codec: 1, level: -1 });
  expect(compressionOf([['compression.type', 'snappy']])).toEqual({ codec: 2, level: 0 });
  expect(compressionOf([['compression.type', 'lz4']])).toEqual({ codec: 3, level: 0 });
  const shared = new Map([
    ['compression.type', 'zstd'],
    ['compression.zstd.level', '-7'],
  ]);
  const layers = new ConfigLayers(NONE, shared, NONE);
  expect(compressionOf([], layers)).toEqual({ codec: 4, level: -7 });
  expect(compressionOf([['compression.zstd.level', '9']], layers)).toEqual({ codec: 4, level: 9 });
  expect(compressionOf([['compression.type', 'producer']], layers)).toBeUndefined();
});

test("synonyms are the topic's, then the brokers' in Kafka's order", () => {
  const layers = new ConfigLayers(
    new Map([['message.max.bytes', '2']]),
    new Map([['message.max.bytes', '3']]),
    new Map([['message.max.bytes', '4']]),
  );
  expect(topicSynonyms('max.message.bytes', new Map([['max.message.bytes', ' 1']]), layers)).toEqual([
    { name: 'max.message.bytes', value: '1', source: 1 },
    { name: 'message.max.bytes', value: '2', source: 2 },
    { name: 'message.max.bytes', value: '3', source: 3 },
    { name: 'message.max.bytes', value: '4', source: 4 },
    { name: 'message.max.bytes', value: '1048588', source: 5 },
  ]);
  // As Kafka: a default that goes by another name is none.
  expect(topicSynonyms('segment.ms', NONE, layers)).toEqual([]);
  expect(topicSynonyms('retention.ms', new Map([['retention.ms', '5']]), layers)).toEqual([
    { name: 'retention.ms', value: '5', source: 1 },
  ]);
  expect(inheritedFrom('remote.storage.enable')).toBeUndefined();
});
