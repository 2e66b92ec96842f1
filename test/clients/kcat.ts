import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { runClient } from './command-client.js';
import type { ClientDriver, ConsumedRecord } from './driver.js';

/** Values hold neither tabs nor line ends (textRecords). */
const format = ['-f', '%o\t%k\t%s\n'];
const settings = [
  '-X',
  'session.timeout.ms=10000',
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
  shapes: 'text',

  async produce(bootstrap, topic, records, { compression, idempotent }) {
    const input = records.map(({ key, value }) => `${key}\t${value}\n`).join('');
    const codec = ['-z', compression, '-X', `enable.idempotence=${idempotent}`, '-X', 'acks=-1'];
    await runClient(['kcat', '-P', '-b', bootstrap, '-t', topic, '-p', '0', '-K', '\t', ...codec], input);
  },

  async consume(bootstrap, topic, count) {
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
      'beginning',
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

  async join(bootstrap, topic, group) {
    const child = spawn('kcat', ['-b', bootstrap, ...settings, ...format, '-G', group, topic], {
      stdio: ['ignore', 'ignore', 'pipe'],
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
    return { assigned: () => assigned, leave: end('SIGTERM'), vanish: end('SIGKILL') };
  },

  async offsetAt(bootstrap, topic, timestampMs) {
    const [line = ''] = await runClient(['kcat', '-Q', '-b', bootstrap, '-t', `${topic}:0:${timestampMs}`], '');
    return Number(/offset (-?\d+)/.exec(line)?.[1]);
  },
};
