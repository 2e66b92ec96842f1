import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { kafkaJs } from '../clients/kafkajs.js';
import { textRecords, toBrief } from '../clients/records.js';
import { hasVersitygw, startVersitygw } from '../servers/versitygw.js';
import { scratchFolder, startAgent } from './agent.js';
import { freePort } from './ports.js';
import { WireClient } from './wire.js';

const MINUTE = 60_000;
const options = { compression: 'none', idempotent: true } as const;

async function survives(flags: readonly string[], end: 'stop' | 'kill'): Promise<string> {
  const first = await startAgent(flags);
  const records = textRecords('kept');
  await kafkaJs.produce(first.kafka, 'kept', records, options);
  await kafkaJs.groupRead(first.kafka, 'kept', 'readers', 40);
  if (end === 'stop') expect(await first.stop()).toBe(0);
  else await first.kill();
  const second = await startAgent(flags);
  expect((await kafkaJs.consume(second.kafka, 'kept', records.length)).map(toBrief)).toEqual(records.map(toBrief));
  const resumed = await kafkaJs.groupRead(second.kafka, 'kept', 'readers', 60);
  expect(resumed.map(({ offset }) => offset)).toEqual(Array.from({ length: 60 }, (_, i) => 40 + i));
  expect(await second.stop()).toBe(0);
  return second.output();
}

test.each(['stop', 'kill'] as const)(
  'a second start on a folder finds everything again: %s',
  { timeout: 2 * MINUTE },
  async (end) => {
    const folder = scratchFolder('restart');
    await survives(['--bucket', `file:${folder.path}`, '--group-initial-rebalance-delay', '0ms'], end);
    folder.remove();
  },
);

test('a restart after a crash on a folder waits for no lease', { timeout: 2 * MINUTE }, async () => {
  const folder = scratchFolder('lease');
  // Whoever waited for this lease would not be ready within the test.
  const flags = ['--bucket', `file:${folder.path}`, '--journal-lease', '300s'];
  const first = await startAgent(flags);
  await first.kill();
  const second = await startAgent(flags);
  expect(await second.stop()).toBe(0);
  folder.remove();
});

test('a folder belongs to one agent at a time', { timeout: MINUTE }, async () => {
  const folder = scratchFolder('shared');
  const first = await startAgent(['--bucket', `file:${folder.path}`]);
  await expect(startAgent(['--bucket', `file:${folder.path}`])).rejects.toThrow(/another agent uses the folder/);
  expect(await first.stop()).toBe(0);
  folder.remove();
});

test('memory: keeps records as long as the agent runs', { timeout: MINUTE }, async () => {
  const agent = await startAgent(['--bucket', 'memory:', '--group-initial-rebalance-delay', '0ms']);
  const records = textRecords('short');
  await kafkaJs.produce(agent.kafka, 'short', records, options);
  expect((await kafkaJs.consume(agent.kafka, 'short', records.length)).map(toBrief)).toEqual(records.map(toBrief));
  expect(await agent.stop()).toBe(0);
});

const missing = !hasVersitygw() && process.env['WEFT_ALL'] !== '1';

// Needs a server that npm cannot bring; the s3 suite, which needs the same, says so at the end of a run.
test.skipIf(missing)(
  'a second start on S3 finds everything again, and after a crash waits for no lease',
  { timeout: 3 * MINUTE },
  async () => {
    const server = await startVersitygw(['weft']);
    try {
      const bucket = `s3://weft/some/prefix?region=us-east-1&endpoint=${server.endpoint}&path-style=true`;
      Object.assign(process.env, server.environment);
      // Whoever waited for this lease would not be ready within the test: the machine tells that the first process is gone.
      const lease = ['--journal-lease', '300s'];
      const flags = ['--bucket', bucket, '--batch-window', '20ms', ...lease, '--group-initial-rebalance-delay', '0ms'];
      await survives(flags, 'kill');
    } finally {
      await server.stop();
    }
  },
);

// Needs that server, too.
test.skipIf(missing)('a second agent on S3 shows that it waits, and takes over', { timeout: 3 * MINUTE }, async () => {
  const server = await startVersitygw(['weft']);
  try {
    Object.assign(process.env, server.environment);
    const bucket = `s3://weft?region=us-east-1&endpoint=${server.endpoint}&path-style=true`;
    const flags = ['--bucket', bucket, '--journal-lease', '3s', '--batch-window', '20ms'];
    const first = await startAgent(flags);
    const [kafka, http] = [`127.0.0.1:${await freePort()}`, `127.0.0.1:${await freePort()}`];
    const starting = startAgent([...flags, '--agent', 'second', '--kafka', kafka, '--http', http]);
    const get = async (path: string) => {
      const answer = await fetch(`http://${http}${path}`);
      return `${answer.status} ${await answer.text()}`;
    };
    const waits = /^503 another agent leads the journal \(process \d+ on host .+\): this one waits until it is gone\n$/;
    await expect.poll(() => get('/readyz').catch(String), { timeout: MINUTE }).toMatch(waits);
    expect(await get('/healthz')).toBe('200 ok\n');
    // It waits: a client that comes is let go of, and free to go where the leader is.
    const client = await WireClient.connect(kafka);
    await client.closed;
    expect(await get('/metrics')).toContain('weft_connections_closed_total{reason="unready"} 1\n');
    expect(await first.stop()).toBe(0);
    const second = await starting;
    expect(await get('/readyz')).toBe('200 ready\n');
    expect(second.output()).toContain('Another agent leads the journal; this one waits until it is gone');
    const records = textRecords('late');
    await kafkaJs.produce(second.kafka, 'taken-over', records, options);
    expect(await kafkaJs.consume(second.kafka, 'taken-over', records.length)).toHaveLength(records.length);
    expect(await second.stop()).toBe(0);
  } finally {
    await server.stop();
  }
});

test.each(['--kafka', '--http'])('a port that is taken ends the start: %s', { timeout: MINUTE }, async (flag) => {
  const first = await startAgent(['--bucket', 'memory:']);
  const taken = flag === '--kafka' ? first.kafka : first.http;
  const message = await startAgent(['--bucket', 'memory:', flag, taken]).then(String, (error: Error) => error.message);
  expect(message).toMatch(
    new RegExp(`ended with 1 before it was ready[^]*weft: ${flag} ${taken}: .*choose another port`),
  );
  expect(message).not.toMatch(/"level":"error"|worker ended/);
  expect(await first.stop()).toBe(0);
});

test('a store that has a bad moment while the agent starts is asked again, then named', {
  timeout: MINUTE,
}, async () => {
  let requests = 0;
  const store = createServer((request, response) => {
    requests += 1;
    request.resume();
    // It has answered once, so that it is worth asking again.
    response.writeHead(requests === 1 ? 200 : 503, { etag: '"x"' });
    response.end(requests === 1 ? '' : '<Error><Code>SlowDown</Code></Error>');
  });
  await new Promise<void>((resolve) => store.listen(0, '127.0.0.1', resolve));
  const { port } = store.address() as AddressInfo;
  const bucket = `s3://bucket?region=us-east-1&endpoint=http://127.0.0.1:${port}&path-style=true`;
  Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' });
  // Without a word, when nothing kept its process alive while it waited.
  await expect(startAgent(['--bucket', bucket])).rejects.toThrow(/the bucket cannot be used: .* SlowDown/);
  expect(requests).toBeGreaterThan(4);
  store.close();
});
