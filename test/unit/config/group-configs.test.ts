import { expect, test } from 'vitest';
import { ConfigLayers } from '../../../src/config/config-layers.js';
import {
  clientMetricsFlaw,
  groupConfigs,
  groupConfigsFlaw,
  groupConfigured,
  groupSynonyms,
} from '../../../src/config/group-configs.js';

const NONE = new Map<string, string>();

test('the 17 configs of groups in Kafka 4.3; their defaults are valid and those of the brokers', () => {
  const names = Object.keys(groupConfigs);
  expect(names).toHaveLength(17);
  expect(names).toEqual([...names].sort());
  const layers = new ConfigLayers(NONE, NONE, NONE);
  for (const name of names) {
    const standard = groupConfigs[name]!.default!;
    expect(groupConfigsFlaw(new Map([[name, standard]]))).toBeUndefined();
    expect(groupConfigured(NONE, name, layers), name).toBe(standard);
  }
});

test.each<[string, readonly string[], readonly string[]]>([
  ['consumer.session.timeout.ms', ['45000', '60000'], ['44999', '60001', 'x']],
  ['consumer.heartbeat.interval.ms', ['5000', '15000'], ['4999', '15001']],
  ['consumer.assignment.interval.ms', ['0', '15000'], ['-1', '15001']],
  [
    'share.auto.offset.reset',
    ['earliest', 'latest', 'by_duration:PT5S', 'by_duration:P1DT2H3.5S'],
    ['Earliest', 'by_duration:-PT5S', 'by_duration:', 'by_duration:P', 'by_duration:PT', 'none'],
  ],
  ['share.delivery.count.limit', ['2', '10'], ['1', '11']],
  ['share.isolation.level', ['read_committed'], ['READ_COMMITTED']],
  ['streams.num.standby.replicas', ['0', '2'], ['3']],
  ['no.such.config', [], ['1']],
])('%s takes and refuses what Kafka does', (name, good, bad) => {
  for (const value of good) {
    expect(groupConfigsFlaw(new Map([[name, value]])), value).toBeUndefined();
  }
  for (const value of bad) {
    expect(groupConfigsFlaw(new Map([[name, value]])), value).toContain(name);
  }
});

test("synonyms: the group's, the brokers'; a config that brokers do not have has its default", () => {
  const layers = new ConfigLayers(NONE, new Map([['group.consumer.assignment.interval.ms', '7']]), NONE);
  expect(
    groupSynonyms('consumer.assignment.interval.ms', new Map([['consumer.assignment.interval.ms', '5']]), layers),
  ).toEqual([
    { name: 'consumer.assignment.interval.ms', value: '5', source: 8 },
    { name: 'group.consumer.assignment.interval.ms', value: '7', source: 3 },
    { name: 'group.consumer.assignment.interval.ms', value: '1000', source: 5 },
  ]);
  expect(groupConfigured(NONE, 'consumer.assignment.interval.ms', layers)).toBe('7');
  expect(groupSynonyms('share.isolation.level', NONE, layers)).toEqual([
    { name: 'share.isolation.level', value: 'read_uncommitted', source: 5 },
  ]);
});

test.each<[string, string, boolean | undefined]>([
  ['interval.ms', '100', undefined],
  ['interval.ms', '99', true],
  ['interval.ms', '3600001', true],
  ['interval.ms', 'x', false],
  ['metrics', 'a.b,c', undefined],
  ['metrics', '', undefined],
  ['match', 'client_id=a.*, client_software_name=b', undefined],
  ['match', 'nope=a', false],
  ['match', 'client_id=[', false],
  ['match', 'client_id', false],
  ['match', 'client_id=a=b', false],
  ['nope', '1', true],
])('client metrics %s=%s: a bad request %s', (name, value, badRequest) => {
  expect(clientMetricsFlaw(new Map([[name, value]]))?.badRequest).toBe(badRequest);
});
