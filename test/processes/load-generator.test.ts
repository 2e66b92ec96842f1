import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Report } from '../../bench/load/report.js';
import { type AgentProcess, root, scratchFolder, startAgent } from './agent.js';
import { CertificateAuthority } from '../servers/certificates.js';
import { freePort } from './ports.js';
import { readValues, WireClient } from './wire.js';

const main = join(root, 'dist/bench/load/main.js');
const run = promisify(execFile);
const folder = scratchFolder('load');
let agent: AgentProcess;

beforeAll(async () => {
  agent = await startAgent(['--bucket', `file:${join(folder.path, 'bucket')}`, '--log-level', 'error']);
});

afterAll(async () => {
  await agent.stop();
  folder.remove();
});

function flagsFor(json: string, flags: readonly string[]): string[] {
  // However slow the machine is, the schedule is sent.
  return [main, '--bootstrap', agent.kafka, '--json', json, '--grace', '30', ...flags];
}

/** Runs the generator to its end. */
async function load(topic: string, ...flags: readonly string[]): Promise<{ report: Report; text: string }> {
  const json = join(folder.path, `${topic}.json`);
  const { stdout } = await run(process.execPath, flagsFor(json, ['--topic', topic, ...flags]));
  return { report: JSON.parse(readFileSync(json, 'utf8')) as Report, text: stdout };
}

async function recordsIn(topic: string, partitions: number): Promise<string[]> {
  const client = await WireClient.connect(agent.kafka);
  const values: string[] = [];
  for (let partition = 0; partition < partitions; partition += 1)
    values.push(...(await readValues(client, topic, partition)));
  client.socket.destroy();
  return values;
}

test('open loop with tailing consumers: acknowledged = in the log = consumed = timed end to end', {
  timeout: 60_000,
}, async () => {
  const metrics = ['--pid', String(agent.process.pid), '--metrics', `http://${agent.http}/metrics`];
  const size = ['--size', 'uniform:20-200', '--keys', 'zipf:1000,0.9', '--arrivals', 'poisson'];
  const flags = ['--partitions', '4', '--producers', '20', '--rate', '2000', '--seconds', '3', '--consumers', '3'];
  const beside = ['--commit', '200', '--admin', '100', '--idle', '10'];
  const { report, text } = await load('open', ...flags, ...size, ...beside, ...metrics);
  const { whole, latencyMs, agent: cost, store } = report;
  const values = await recordsIn('open', 4);
  expect(whole.acknowledgedRecords).toBe(values.length);
  expect(whole).toMatchObject({
    logGrewRecords: values.length,
    consumedRecords: values.length,
    consumedOwnRecords: values.length,
    unsentRecords: 0,
    unansweredRecords: 0,
    failedRecords: 0,
  });
  expect(Math.abs(values.length - 6_000)).toBeLessThan(5 * Math.sqrt(6_000));
  expect(report.errors).toEqual({});
  expect(latencyMs['ack']!.count).toBe(values.length);
  expect(latencyMs['endToEnd']!.count).toBe(values.length);
  expect(latencyMs['afterAck']!.count).toBe(values.length);
  expect(report.series.length).toBeGreaterThan(1);
  const seconds = report.series.reduce((sum, { acknowledgedRecords }) => sum + acknowledgedRecords, 0);
  expect(seconds).toBeGreaterThan(values.length / 2);
  expect(seconds).toBeLessThanOrEqual(values.length);
  for (const name of ['fetch', 'offsetCommit', 'metadata', 'listOffsets', 'createTopics', 'deleteTopics']) {
    expect(latencyMs[name]!.count, name).toBeGreaterThan(2);
    expect(text).toContain({ fetch: 'fetch', offsetCommit: 'offset commit' }[name] ?? name.slice(1));
  }
  // What it made beside the load is gone.
  const client = await WireClient.connect(agent.kafka);
  const { metadata } = (await import('../../src/protocol/apis.js')).apis;
  const { topics } = await client.call(metadata, 9, { topics: null });
  expect(topics.filter(({ name }) => name?.includes('admin'))).toEqual([]);
  client.socket.destroy();
  if (process.platform === 'linux') expect(cost!.residentPeakBytes).toBeGreaterThan(30e6);
  expect(store!.journalPuts).toBeGreaterThan(0);
  expect(store!.puts).toBeGreaterThan(store!.journalPuts);
  expect(store!.dollars).toBeGreaterThanOrEqual(store!.puts * 0.000_005);
});

test('a second run on the same topic counts its own records only, and a group reads each of them once', {
  timeout: 60_000,
}, async () => {
  const flags = ['--partitions', '4', '--producers', '2', '--rate', '1000', '--seconds', '2', '--warmup', '1'];
  await load('again', ...flags);
  const group = ['--consumers', '3', '--group', 'readers', '--commit', '300', '--from', 'earliest'];
  const { report } = await load('again', ...flags, ...group);
  expect(report.whole).toMatchObject({
    acknowledgedRecords: 3_000,
    logGrewRecords: 3_000,
    consumedOwnRecords: 3_000,
    consumedRecords: 6_000,
  });
  expect(report.latencyMs['endToEnd']!.count).toBeLessThan(3_000);
  expect(report.errors).toEqual({});
});

test.each(['none', 'lz4', 'zstd'])(
  'flat out with %s: what is acknowledged is in the log',
  { timeout: 60_000 },
  async (codec) => {
    const flags = ['--partitions', '4', '--producers', '2', '--seconds', '1', '--compression', codec, '--size', '300'];
    const { report } = await load(`flat-${codec}`, ...flags);
    const { acknowledgedRecords, logGrewRecords } = report.whole;
    expect(report.loop).toBe('closed');
    expect(acknowledgedRecords).toBeGreaterThan(1_000);
    expect(logGrewRecords).toBe(acknowledgedRecords);
  },
);

test('a replay reads the log once and ends when it is read', { timeout: 60_000 }, async () => {
  await load('replay', '--partitions', '4', '--rate', '5000', '--seconds', '1');
  const flags = ['--producers', '0', '--consumers', '2', '--from', 'earliest', '--seconds', '30'];
  const { report } = await load('replay', ...flags);
  expect(report.whole).toMatchObject({ consumedRecords: 5_000, consumedOwnRecords: 0, logGrewRecords: 0 });
  expect(report.seconds).toBeLessThan(30);
});

test('over TLS, whose certificate it checks', { timeout: 60_000 }, async () => {
  const authority = new CertificateAuthority();
  const { key, certificate } = authority.issue({ commonName: 'agent', hosts: ['127.0.0.1'] });
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder.path, name), text);
    return join(folder.path, name);
  };
  const files = ['--tls-key', file('key.pem', key), '--tls-certificate', file('certificate.pem', certificate)];
  const bucket = ['--bucket', `file:${join(folder.path, 'tls')}`, '--log-level', 'error'];
  const port = await freePort();
  const secure = await startAgent([...bucket, '--kafka', `secure=tls://127.0.0.1:${port}`, ...files]);
  const flags = [
    '--bootstrap',
    `127.0.0.1:${port}`,
    '--producers',
    '3',
    '--consumers',
    '2',
    '--rate',
    '2000',
    '--seconds',
    '1',
  ];
  const { report } = await load('tls', ...flags, '--tls-ca', file('ca.pem', authority.certificate));
  expect(report.whole).toMatchObject({ acknowledgedRecords: 2_000, logGrewRecords: 2_000, consumedOwnRecords: 2_000 });
  const other = file('other.pem', new CertificateAuthority('another').certificate);
  await expect(load('tls', ...flags, '--tls-ca', other)).rejects.toMatchObject({ code: 1 });
  expect(await secure.stop()).toBe(0);
});

test('Ctrl-C ends it with the report', { timeout: 60_000 }, async () => {
  const json = join(folder.path, 'interrupted.json');
  const flags = ['--topic', 'interrupted', '--partitions', '4', '--rate', '1000', '--seconds', '600'];
  const child: ChildProcess = spawn(process.execPath, flagsFor(json, flags), { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  const exited = new Promise<number | null>((done) => child.once('exit', done));
  // Its first line of progress.
  await new Promise<void>((seen) => {
    child.stdout!.on('data', (bytes: Buffer) => {
      text += bytes.toString();
      if (text.includes('produced')) seen();
    });
  });
  child.kill('SIGINT');
  expect(await exited).toBe(0);
  const report = JSON.parse(readFileSync(json, 'utf8')) as Report;
  expect(report.interrupted).toBe(true);
  expect(report.whole.acknowledgedRecords).toBe((await recordsIn('interrupted', 4)).length);
  expect(text).toContain('interrupted');
});

test('a broker that answers nothing, and a wrong command line, are said in one sentence', async () => {
  const server = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
  await new Promise((listening) => server.once('listening', listening));
  const { port } = server.address() as { port: number };
  await expect(run(process.execPath, [main, '--bootstrap', `127.0.0.1:${port}`])).rejects.toMatchObject({
    code: 1,
    stderr: 'ApiVersions: the connection was closed\n',
  });
  server.close();
  await expect(run(process.execPath, [main, '--acks', '2'])).rejects.toMatchObject({
    code: 2,
    stderr: '--acks is all, 1 or 0, not 2\n',
  });
});
