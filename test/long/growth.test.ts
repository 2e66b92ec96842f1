import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { kafkaJsClient } from '../clients/kafkajs.js';
import { type AgentProcess, root, scratchFolder, startAgent } from '../processes/agent.js';

/**
 * What 15 minutes of 25 MB/s on 64 partitions do to the metadata: an extent costs at most 100 bytes, the batch window has
 * lengthened so that it does not fill, the hours left are told, and the process keeps within its memory.
 */
const minutes = Number(process.env['WEFT_TEST_GROWTH_MINUTES'] ?? 15);
const libraries = join(root, '.cache/setup/java/lib');
const MiB = 2 ** 20;
const memoryMiB = 512;

test(`${minutes} minutes of 25 MB/s on 64 partitions`, { timeout: (minutes + 5) * 60_000 }, async () => {
  expect(existsSync(libraries), 'needs the Kafka jars: npm run setup').toBe(true);
  const folder = scratchFolder('growth');
  const agent = await startAgent(['--bucket', `file:${folder.path}`, '--memory', `${memoryMiB}MiB`]);
  try {
    const admin = kafkaJsClient(agent.kafka).admin();
    await admin.connect();
    await admin.createTopics({ topics: [{ topic: 'growth', numPartitions: 64 }] });
    await admin.disconnect();
    const load = produceEverydayLoad(agent, minutes * 60);
    const rows: Readonly<Record<string, number>>[] = [];
    let ended = false;
    void load.then(() => {
      ended = true;
    });
    while (!ended) {
      await new Promise((next) => setTimeout(next, 15_000));
      const row = await figures(agent);
      rows.push(row);
      process.stdout.write(`${JSON.stringify(row)}\n`);
    }
    await load;
    const last = await figures(agent);
    expect(last['weft_metadata_bytes']! / last['weft_extents']!).toBeLessThanOrEqual(100);
    expect(last['weft_metadata_bytes']!).toBeLessThan(last['weft_metadata_bytes_max']!);
    expect(Math.max(...rows.map((row) => row['weft_batch_window_seconds']!))).toBeGreaterThan(0.005);
    expect(Math.min(...rows.slice(4).map((row) => row['weft_metadata_left_hours']!))).toBeGreaterThan(0.4);
    expect(Math.max(...rows.map((row) => row['weft_resident_bytes']!))).toBeLessThanOrEqual(memoryMiB * MiB);
  } finally {
    await agent.kill();
    folder.remove();
  }
});

/** Two stock Java producers of 12.5 MB/s with records of 1 KiB; rejects when one of them failed. */
async function produceEverydayLoad(agent: AgentProcess, seconds: number): Promise<void> {
  const recordsPerSecond = 12_207;
  const one = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const words = ['--bootstrap-server', agent.kafka, '--topic', 'growth', '--record-size', '1024'];
      const rate = ['--throughput', String(recordsPerSecond), '--num-records', String(recordsPerSecond * seconds)];
      const main = 'org.apache.kafka.tools.ProducerPerformance';
      const java = spawn('java', ['-Xmx256m', '-cp', join(libraries, '*'), main, ...words, ...rate]);
      let output = '';
      java.stdout.on('data', (text: Buffer) => {
        output = (output + text.toString()).slice(-4_000);
      });
      java.stderr.on('data', (text: Buffer) => {
        output = (output + text.toString()).slice(-4_000);
      });
      java.once('exit', (code) =>
        code === 0 ? resolve() : reject(new Error(`a producer ended with ${code}:\n${output}`)),
      );
    });
  await Promise.all([one(), one()]);
}

const wanted = [
  'weft_metadata_bytes',
  'weft_metadata_bytes_max',
  'weft_extents',
  'weft_metadata_left_hours',
  'weft_batch_window_seconds',
  'weft_resident_bytes',
  'weft_produced_bytes_total',
];

async function figures(agent: AgentProcess): Promise<Readonly<Record<string, number>>> {
  const text = await (await fetch(`http://${agent.http}/metrics`)).text();
  const found: Record<string, number> = {};
  for (const line of text.split('\n')) {
    const [name = '', value = ''] = line.split(' ');
    if (wanted.includes(name)) found[name] = value === '+Inf' ? Number.POSITIVE_INFINITY : Number(value);
  }
  return found;
}
