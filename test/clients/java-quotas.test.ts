import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AgentProcess, scratchFolder, startAgent } from '../processes/agent.js';
import { runClient } from './command-client.js';
import { compileJava, javaWords } from './java.js';

const folder = scratchFolder('java-quotas');
let agent: AgentProcess;

beforeAll(async () => {
  compileJava();
  agent = await startAgent(['--bucket', `file:${folder.path}`, '--group-initial-rebalance-delay', '0ms']);
}, 60_000);
afterAll(async () => {
  expect(await agent.stop()).toBe(0);
  folder.remove();
}, 60_000);

const tool = async (name: string, words: readonly string[]): Promise<string> =>
  (await runClient([...javaWords, name, '--bootstrap-server', agent.kafka, ...words], '')).join('\n');
const configs = (...words: readonly string[]) => tool('kafka.admin.ConfigCommand', words);
const MINUTE = 60_000;

describe('kafka-configs sets, describes and removes quotas of', () => {
  const cases: readonly (readonly [whom: string, entity: readonly string[], config: string, described: RegExp])[] = [
    [
      'a client',
      ['--entity-type', 'clients', '--entity-name', 'c'],
      'producer_byte_rate=1024,request_percentage=12.5',
      /Quota configs for client-id 'c' are (producer_byte_rate=1024\.0, request_percentage=12\.5|request_percentage=12\.5, producer_byte_rate=1024\.0)/,
    ],
    [
      'all clients',
      ['--entity-type', 'clients', '--entity-default'],
      'consumer_byte_rate=4096',
      /Quota configs for the default client-id are consumer_byte_rate=4096\.0/,
    ],
    [
      'a user',
      ['--entity-type', 'users', '--entity-name', 'u'],
      'producer_byte_rate=7',
      /Quota configs for user-principal 'u' are producer_byte_rate=7\.0/,
    ],
    [
      'a user and a client',
      ['--entity-type', 'users', '--entity-name', 'u', '--entity-type', 'clients', '--entity-name', 'c'],
      'controller_mutation_rate=2.5',
      /Quota configs for user-principal 'u', client-id 'c' are controller_mutation_rate=2\.5/,
    ],
    [
      'an address',
      ['--entity-type', 'ips', '--entity-name', '10.1.2.3'],
      'connection_creation_rate=100',
      /Quota configs for ip '10\.1\.2\.3' are connection_creation_rate=100\.0/,
    ],
    [
      'all addresses',
      ['--entity-type', 'ips', '--entity-default'],
      'connection_creation_rate=1000',
      /Quota configs for the default ip are connection_creation_rate=1000\.0/,
    ],
  ];
  for (const [whom, entity, config, described] of cases) {
    test(whom, { timeout: 3 * MINUTE }, async () => {
      expect(await configs('--alter', ...entity, '--add-config', config)).toMatch(
        /Completed updating (default )?config/,
      );
      expect(await configs('--describe', ...entity)).toMatch(described);
      const names = config.replace(/=[^,]*/g, '');
      await configs('--alter', ...entity, '--delete-config', names);
      expect(await configs('--describe', ...entity)).not.toMatch(/Quota configs for .* are ./);
    });
  }
});

test('a producer and a consumer over their quotas are held back, and nothing is lost', {
  timeout: 3 * MINUTE,
}, async () => {
  const quota = (clientId: string, config: string) =>
    configs('--alter', '--entity-type', 'clients', '--entity-name', clientId, '--add-config', config);
  await quota('slow', 'producer_byte_rate=30000,consumer_byte_rate=60000');
  // 300 kB may come at once: the rest waits for a second or so.
  const measured = await tool('org.apache.kafka.tools.ProducerPerformance', [
    ...['--topic', 'quota', '--num-records', '350', '--record-size', '1000', '--throughput', '-1', '--print-metrics'],
    ...['--command-property', 'client.id=slow'],
  ]);
  expect(measured).toMatch(/^350 records sent/m);
  expect(metric(measured, 'produce-throttle-time-max')).toBeGreaterThan(0);
  const read = await tool('org.apache.kafka.tools.ConsumerPerformance', [
    ...['--topic', 'quota', '--num-records', '350', '--print-metrics', '--timeout', '60000'],
    ...['--command-property', 'client.id=slow', '--command-property', 'max.partition.fetch.bytes=300000'],
  ]);
  expect(metric(read, 'fetch-throttle-time-max')).toBe(0);
  await quota('slow', 'consumer_byte_rate=30000');
  const again = await tool('org.apache.kafka.tools.ConsumerPerformance', [
    ...['--topic', 'quota', '--num-records', '350', '--print-metrics', '--timeout', '60000'],
    ...['--command-property', 'client.id=slow', '--command-property', 'max.partition.fetch.bytes=300000'],
  ]);
  expect(metric(again, 'fetch-throttle-time-max')).toBeGreaterThan(0);
});

/** The largest value of a metric that the tool printed. */
function metric(printed: string, name: string): number {
  const values = [...printed.matchAll(new RegExp(`:${name}:\\{[^}]*\\}\\s*:\\s*(\\S+)`, 'g'))].map(([, value]) =>
    Number(value),
  );
  expect(values.length).toBeGreaterThan(0);
  return Math.max(...values);
}
