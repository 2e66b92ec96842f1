import { expect, test } from 'vitest';
import { brokerConfigsFlaw } from '../../../src/config/broker-changes.js';
import { otherBrokerConfigs } from '../../../src/config/broker-config-names.js';
import { brokerConfigs } from '../../../src/config/broker-configs.js';
import { ConfigLayers } from '../../../src/config/config-layers.js';
import { shownValue, valueFlaw } from '../../../src/config/config-values.js';

const NONE = new Map<string, string>();

test('the defaults of all broker configs are valid and shown as they are', () => {
  const names = Object.keys(brokerConfigs);
  expect(names).toEqual([...names].sort());
  for (const name of names) {
    const config = brokerConfigs[name]!;
    expect(otherBrokerConfigs.has(name), name).toBe(false);
    if (config.default !== null) {
      expect(valueFlaw(name, config, config.default)).toBeUndefined();
      expect(shownValue(config.type, config.default), name).toBe(config.default);
    }
  }
});

test('log.retention.ms stands for minutes and hours when it is not set', () => {
  const hours = new ConfigLayers(NONE, NONE, new Map([['log.retention.hours', '2']]));
  expect(hours.inherited('log.retention.ms')).toBe('7200000');
  expect(hours.value('log.retention.ms')).toBeNull();
  expect(hours.synonyms('log.retention.ms')).toEqual([]);
  const both = new ConfigLayers(NONE, new Map([['log.retention.ms', '5']]), new Map([['log.retention.minutes', '3']]));
  expect(both.inherited('log.retention.ms')).toBe('5');
  expect(both.synonyms('log.retention.ms')).toEqual([
    { name: 'log.retention.ms', value: '5', source: 3 },
    { name: 'log.retention.minutes', value: '3', source: 4 },
    { name: 'log.retention.hours', value: '168', source: 5 },
  ]);
  expect(both.synonyms('log.retention.hours').map(({ name }) => name)).toEqual(['log.retention.hours']);
  const ever = new ConfigLayers(NONE, NONE, new Map([['log.retention.minutes', '-7']]));
  expect(ever.inherited('log.retention.ms')).toBe('-1');
});

test.each([
  ['boolean', ' TRUE ', 'true'],
  ['long', ' +007 ', '7'],
  ['int', '-0', '0'],
  ['list', ' a , b,a ', 'a,b'],
  ['list', '', ''],
  ['string', ' x ', 'x'],
  ['double', '1', '1.0'],
  ['double', '0.50f', '0.5'],
  ['double', '1e-1', '0.1'],
  ['double', '0.0001', '1.0E-4'],
  ['double', '12345678', '1.2345678E7'],
  ['double', '1.7976931348623157E308', '1.7976931348623157E308'],
  ['double', 'NaN', 'NaN'],
] as const)('a value of type %s written %j is shown as %j', (type, written, shown) => {
  expect(shownValue(type, written)).toBe(shown);
});

test('configs of brokers: what Kafka has fixed is refused, what it does not know is taken', () => {
  const flaw = (...configs: readonly (readonly [string, string])[]) => brokerConfigsFlaw(new Map(configs));
  expect(flaw(['message.max.bytes', '5'], ['foo.bar', 'x'])).toBeUndefined();
  expect(flaw(['num.partitions', '5'], ['message.max.bytes', 'x'], ['ssl.keystore.location', '/x'])).toBe(
    'Cannot update these configs dynamically: [num.partitions, ssl.keystore.location]',
  );
  expect(flaw(['message.max.bytes', '-1'])).toContain('message.max.bytes');
  expect(flaw(['listener.name.plaintext.max.connections', '1'])).toContain('Listeners');
  expect(flaw(['constructor', '1'])).toBeUndefined();
});
