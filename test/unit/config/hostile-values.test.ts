import { expect, test } from 'vitest';
import { brokerConfigs } from '../../../src/config/broker-configs.js';
import { type Config, listOf, shownValue, valueFlaw } from '../../../src/config/config-values.js';
import { clientMetricsConfigs, clientMetricsFlaw, groupConfigs } from '../../../src/config/group-configs.js';
import { topicConfigs } from '../../../src/config/topic-configs.js';

/** As long as a value may be. */
const BYTES = 32_767;
/** Of this thread's CPU, never of the clock: what is linear takes a few; what is quadratic takes hundreds and more. */
const CPU_MS_MAX = 50;
/** In one of them the engine compiles, in another it may collect garbage. */
const TRIES = 4;

const filled = (start: string, many: string, end = ''): string =>
  start + many.repeat(Math.floor((BYTES - start.length - end.length) / many.length)) + end;

const HOSTILE: Readonly<Record<string, string>> = {
  'blanks between two letters': filled('a', ' ', 'a'),
  'blanks that are none in Java': filled('a', '\u00a0'.repeat(1_000), 'a').slice(0, 16_000),
  'blanks around a number': `${' '.repeat(16_000)}7${' '.repeat(16_000)}`,
  'commas and a letter': filled('', ',', 'a'),
  'a letter and commas': filled('a', ','),
  'many elements': filled('', 'ab,'),
  'many pairs': filled('0:1', ',0:1'),
  'many addresses': filled('a:1', ',a:1'),
  'one address of many colons': filled('', ':1', 'x'),
  'digits and a letter': filled('', '1', 'x'),
  'only digits': filled('', '9'),
  'zeros before a number': filled('', '0', '7'),
  'a sign and zeros': filled('-', '0'),
  'a fraction of digits and a letter': filled('0.', '1', 'x'),
  'an exponent of zeros': filled('1e', '0', 'x'),
  'a duration of digits': filled('by_duration:PT', '1', 'x'),
  'a list of durations': filled('by_duration:P', '1D'),
  policies: filled('delete', ',compact'),
};

/** Those that a client can set. */
const CONFIGS: readonly (readonly [string, Config])[] = [
  ...Object.entries(topicConfigs),
  ...Object.entries(groupConfigs),
  ...Object.entries(clientMetricsConfigs),
  ...Object.entries(brokerConfigs).filter(([, { dynamic }]) => dynamic),
];

function leastCpuMs(work: () => void): number {
  let leastMs = Number.POSITIVE_INFINITY;
  for (let left = TRIES; left > 0 && leastMs >= CPU_MS_MAX; left -= 1) {
    const before = process.threadCpuUsage();
    work();
    const { user, system } = process.threadCpuUsage(before);
    leastMs = Math.min(leastMs, (user + system) / 1_000);
  }
  return leastMs;
}

test.each(Object.entries(HOSTILE))('%s: no config takes long to be checked and shown', (_name, value) => {
  const slow = CONFIGS.filter(([name, config]) => {
    const checked = (): void => {
      if (valueFlaw(name, config, value) === undefined) shownValue(config.type, value);
    };
    return leastCpuMs(checked) >= CPU_MS_MAX;
  });
  expect(slow.map(([name]) => name)).toEqual([]);
});

test.each([
  ['many patterns', filled('client_id=a', ',client_id=a')],
  ['many equals signs', filled('client_id', '=')],
  ['a deep pattern', `client_id=${'('.repeat(16_000)}${')'.repeat(16_000)}`],
  ['many names in a pattern', filled('client_id=', '(?<a>)')],
])('%s: a match of client metrics is checked fast', (_name, value) => {
  expect(leastCpuMs(() => clientMetricsFlaw(new Map([['match', value]])))).toBeLessThan(CPU_MS_MAX);
});

test.each([
  ['a , b\t,\n c', ['a', 'b', 'c']],
  [' \u0000a,b\u0001 ', ['a', 'b']],
  // Java's \s is neither a control character nor a blank beyond ASCII.
  ['a\u0001,\u00a0b', ['a\u0001', '\u00a0b']],
  ['a\v,\f\rb', ['a', 'b']],
  [',', ['', '']],
  ['a, ,b,', ['a', '', 'b', '']],
  [' ', []],
])('%j is the list that it is in Kafka', (value, elements) => {
  expect(listOf(value)).toEqual(elements);
});

test.each([
  ['9223372036854775807', undefined],
  ['+000009223372036854775807', undefined],
  ['-9223372036854775808', undefined],
  ['9223372036854775808', 'is not a number of type LONG'],
  ['-00009223372036854775809', 'is not a number of type LONG'],
  ['99999999999999999999', 'is not a number of type LONG'],
  ['+-1', 'is not a number of type LONG'],
  ['-', 'is not a number of type LONG'],
])('%s as a LONG: %s', (value, flaw) => {
  expect(topicConfigs['retention.bytes'].flaw(value)).toBe(flaw);
});

test.each(['1.', '1.5', '.5', '+1.e1', '1d', '1.f'])('%s is a DOUBLE, as in Java', (value) => {
  expect(brokerConfigs['log.cleaner.io.buffer.load.factor']!.flaw(value)).toBeUndefined();
});
