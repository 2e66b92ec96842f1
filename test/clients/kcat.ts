import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { runClient } from './command-client.js';
import type { ClientDriver, ConsumedRecord, RecordPlace } from './driver.js';

/** Values hold neither tabs nor line ends (textRecords). */
const format = ['-f', '%o\t%k\t%s\n'];
const settings = [
  '-X',
  'session.timeout.ms=6000',
  '-X',
  'heartbeat.interval.ms=500',
  '-X',
  'auto.offset.reset=earliest',
];

function recordsOf(lines: readonly string[]): ConsumedRecord[] {
  return lines.map((line) => {
    const [offset, key = '', value = ''] = line.split('\t');
    return { partition: 0, offset: Number(offset), key: Buffer.from(key), value: Buffer.from(value), headers: [] };
  });
}

/** kcat: librdkafka from the command line. */
export const kcat: ClientDriver = {
  name: 'kcat',
  compressions: ['none', 'gzip', 'snappy', 'lz4', 'zstd'],
  idempotence: true,
  shapes: 'text',
  createTopic: undefined,

  async produce(bootstrap, topic, records, { compression, idempotent }) {
    const input = records.map(({ key, value }) => `${key}\t${value}\n`).join('');
    const codec = ['-z', compression, '-X', `enable.idempotence=${idempotent}`, '-X', 'acks=-1'];
    await runClient(['kcat', '-P', '-b', bootstrap, '-t', topic, '-p', '0', '-K', '\t', ...codec], input);
  },

  async consume(bootstrap, topic, count, from = 0) {
    const words = [
      'kcat',
      '-q',
      '-C',
      '-b',
      bootstrap,
      '-t',
      topic,
      '-p',
      '0',
      '-o',
      String(from),
      '-c',
      String(count),
      ...format,
    ];
    return recordsOf(await runClient(words, ''));
  },

  async groupRead(bootstrap, topic, group, count) {
    const words = ['kcat', '-q', '-b', bootstrap, ...settings, '-c', String(count), ...format, '-G', group, topic];
    return recordsOf(await runClient(words, ''));
  },

  join(bootstrap, topic, group) {
    const words = ['-b', bootstrap, ...settings, '-X', 'auto.commit.interval.ms=100', '-u', '-f', '%p %o\n'];
    const child = spawn('kcat', [...words, '-G', group, topic], { stdio: ['ignore', 'pipe', 'pipe'] });
    const read: RecordPlace[] = [];
    createInterface({ input: child.stdout }).on('line', (line) => {
      const [partition, offset] = line.split(' ');
      read.push({ partition: Number(partition), offset: Number(offset) });
    });
    let assigned: readonly number[] = [];
    createInterface({ input: child.stderr }).on('line', (line) => {
      if (!line.includes('rebalanced')) return;
      const partitions = [...line.matchAll(/\[(\d+)\]/g)].map(([, partition]) => Number(partition));
      assigned = line.includes('assigned:') ? partitions.sort((a, b) => a - b) : [];
    });
    const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    const end = (signal: NodeJS.Signals) => async (): Promise<void> => {
      child.kill(signal);
      await exited;
      assigned = [];
    };
    return { assigned: () => assigned, read: () => read, leave: end('SIGTERM'), vanish: end('SIGKILL') };
  },

  async offsetAt(bootstrap, topic, timestampMs) {
    const [line = ''] = await runClient(['kcat', '-Q', '-b', bootstrap, '-t', `${topic}:0:${timestampMs}`], '');
    return Number(/offset (-?\d+)/.exec(line)?.[1]);
  },
};
