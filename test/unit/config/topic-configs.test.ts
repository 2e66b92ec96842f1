import { expect, test } from 'vitest';
import {
  isTopicConfigName,
  topicConfigDefault,
  topicConfigs,
  topicConfigsFlaw,
  topicRules,
} from '../../../src/config/topic-configs.js';

const DEFAULTS = { messageBytesMax: 1_048_588 };

test('the table holds the 33 configs of Kafka 4.3 and one of our own, and its defaults are valid', () => {
  const names = Object.keys(topicConfigs);
  expect(names).toHaveLength(34);
  expect(names).toEqual([...names].sort());
  const defaults = new Map(Object.entries(topicConfigs).map(([name, config]) => [name, config.default]));
  expect(topicConfigsFlaw(defaults)).toBeUndefined();
  expect(topicConfigDefault('max.message.bytes', { messageBytesMax: 5 })).toBe('5');
  expect(topicConfigDefault('retention.ms', DEFAULTS)).toBe('604800000');
});

const cases: readonly (readonly [string, readonly string[], readonly string[]])[] = [
  ['cleanup.policy', ['delete', 'compact', 'compact,delete', ' compact , delete '], ['', 'none', 'compact,compact']],
  ['compression.gzip.level', ['-1', '1', '9'], ['0', '10', '-2']],
  ['compression.type', ['producer', 'zstd', 'uncompressed'], ['none', 'ZSTD', '']],
  ['compression.zstd.level', ['-131072', '22'], ['23']],
  ['max.message.bytes', ['0', '2147483647', ' 7 ', '+7'], ['-1', '2147483648', '1e3', '0x10', '', '7.0']],
  ['message.timestamp.type', ['CreateTime', 'LogAppendTime'], ['createtime']],
  ['message.timestamp.before.max.ms', ['9223372036854775807'], ['9223372036854775808', '-1']],
  ['min.cleanable.dirty.ratio', ['0', '0.5', '1'], ['1.1', '-0.1', '', 'x', 'NaN']],
  ['min.insync.replicas', ['1', '3'], ['0']],
  ['preallocate', ['true', 'FALSE'], ['yes', '1', '']],
  ['remote.storage.enable', ['false'], ['true', 'maybe']],
  ['retention.ms', ['-1', '0'], ['-2']],
  ['leader.replication.throttled.replicas', ['', '*', '0:1,1:2'], ['0', 'a:b']],
  ['no.such.config', [], ['1']],
  ['constructor', [], ['1']],
];

test.each(cases)('%s takes and refuses what Kafka does', (name, good, bad) => {
  for (const value of good) {
    expect(topicConfigsFlaw(new Map([[name, value]])), value).toBeUndefined();
  }
  for (const value of bad) {
    expect(topicConfigsFlaw(new Map([[name, value]])), value).toContain(name);
  }
  expect(isTopicConfigName(name)).toBe(good.length > 0);
});

test('a least lag above the greatest is a conflict', () => {
  const configs = new Map([
    ['min.compaction.lag.ms', '20'],
    ['max.compaction.lag.ms', '10'],
  ]);
  expect(topicConfigsFlaw(configs)).toMatch(/conflict/);
});

test('rules come from what was set, else from the defaults', () => {
  expect(topicRules(new Map(), DEFAULTS)).toEqual({
    maxMessageBytes: 1_048_588,
    logAppendTime: false,
    timestampBeforeMaxMs: Number.MAX_SAFE_INTEGER,
    timestampAfterMaxMs: 3_600_000,
    compacted: false,
    walkRecords: true,
  });
  const set = new Map([
    ['max.message.bytes', '100'],
    ['message.timestamp.type', 'LogAppendTime'],
    ['message.timestamp.after.max.ms', '5'],
    ['cleanup.policy', 'compact,delete'],
    ['weft.walk.records', 'false'],
  ]);
  expect(topicRules(set, DEFAULTS)).toMatchObject({
    maxMessageBytes: 100,
    logAppendTime: true,
    timestampAfterMaxMs: 5,
    compacted: true,
    walkRecords: true,
  });
  set.delete('cleanup.policy');
  expect(topicRules(set, DEFAULTS).walkRecords).toBe(false);
});
