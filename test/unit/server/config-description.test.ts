import { expect, test, vi } from 'vitest';
import { ConfigLayers } from '../../../src/config/config-layers.js';
import { ConfigDescriptions } from '../../../src/server/config-description.js';

const NONE = new Map<string, string>();
const layersOf = (shared: ReadonlyMap<string, string> = NONE) => new ConfigLayers(NONE, shared, NONE);
const ALL = { includeSynonyms: true, includeDocumentation: true };

test('a resource that is named again is not described again', () => {
  const descriptions = new ConfigDescriptions(layersOf(), ALL);
  const set = new Map([['retention.ms', '5']]);
  expect(descriptions.topic(set)).toBe(descriptions.topic(set));
  expect(descriptions.broker()).toBe(descriptions.broker());
  expect(descriptions.allBrokers()).toBe(descriptions.allBrokers());
  const others = new Map([['consumer.session.timeout.ms', '50000']]);
  expect(descriptions.group(others)).toBe(descriptions.group(others));
});

test('what resources do not set is described once for all of them', () => {
  const descriptions = new ConfigDescriptions(layersOf(), ALL);
  expect(descriptions.topic(new Map())).toBe(descriptions.topic(NONE));
  expect(descriptions.group(new Map())).toBe(descriptions.group(NONE));
  expect(descriptions.clientMetrics(new Map())).toBe(descriptions.clientMetrics(NONE));
  const one = descriptions.topic(new Map([['retention.ms', ' 5']]));
  const other = descriptions.topic(new Map([['retention.ms', '6']]));
  const unlike = one.flatMap((config, at) => (config === other[at] ? [] : [config.value]));
  expect(unlike).toEqual(['5']);
});

test('resources of several types share nothing but what is asked of all', () => {
  const descriptions = new ConfigDescriptions(layersOf(), ALL);
  const names = [descriptions.topic(NONE), descriptions.group(NONE), descriptions.clientMetrics(NONE)];
  expect(names.map((rows) => rows.length)).toEqual([34, 17, 3]);
});

test('synonyms and documentation only where they are asked for; the source always', () => {
  const told = { includeSynonyms: false, includeDocumentation: false };
  const descriptions = new ConfigDescriptions(layersOf(), told);
  const rows = [
    ...descriptions.topic(new Map([['retention.ms', '5']])),
    ...descriptions.broker(),
    ...descriptions.group(NONE),
  ];
  expect(rows.every(({ synonyms, documentation }) => synonyms.length === 0 && documentation === null)).toBe(true);
  expect(rows.find(({ name }) => name === 'retention.ms')).toMatchObject({ value: '5', configSource: 1 });
});

test('a value that all topics take from their brokers is read once', () => {
  const shared = new Map([['log.cleanup.policy', 'delete']]);
  const read = vi.spyOn(shared, 'get');
  const layers = layersOf(shared);
  const values = ['log.cleanup.policy', 'log.cleanup.policy'].map((name) => layers.inherited(name));
  expect(values).toEqual(['delete', 'delete']);
  expect(read).toHaveBeenCalledTimes(1);
});
