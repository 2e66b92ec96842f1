import { runProgram } from '../../test/servers/processes.js';
import { numbersOf, RECORD_BYTES, type Transfer } from './generator.js';

const HEAP = '-Xmx512M';

/** One stock Java ProducerPerformance with default settings but for `settings`, NAME=VALUE; `recordsPerSecond` -1 is flat out. */
export async function produceWithJava(
  classPath: string,
  kafka: string,
  topic: string,
  records: number,
  recordsPerSecond: number,
  settings: readonly string[] = [],
): Promise<Transfer> {
  const load = [
    '--num-records',
    `${records}`,
    '--record-size',
    `${RECORD_BYTES}`,
    '--throughput',
    `${recordsPerSecond}`,
  ];
  const own = settings.length === 0 ? [] : ['--command-property', ...settings];
  const program = ['org.apache.kafka.tools.ProducerPerformance', '--bootstrap-server', kafka, '--topic', topic];
  const tool = [...program, ...load, ...own];
  const output = await runProgram('java', [HEAP, '-cp', classPath, ...tool]);
  const [sent, rate] = numbersOf(output, /(?:.|\n)*^(\d+) records sent, ([\d.]+) records\/sec/m);
  if (sent !== records || /Exception/.test(output)) throw new Error(`${sent} of ${records} sent:\n${output}`);
  // The last line is about all records.
  const quantiles = /(?:.|\n)*, (\d+) ms 50th, (\d+) ms 95th, (\d+) ms 99th, (\d+) ms 99.9th/;
  const [p50, p95, p99, p999] = numbersOf(output, quantiles) as [number, number, number, number];
  return { bytes: records * RECORD_BYTES, seconds: records / rate!, ackMs: { p50, p95, p99, p999 } };
}

/** Java's ConsumerPerformance reads `records` from the start. Measured without the time of joining its group. */
export async function consumeWithJava(
  classPath: string,
  kafka: string,
  topic: string,
  group: string,
  records: number,
): Promise<Transfer> {
  const load = ['--bootstrap-server', kafka, '--topic', topic, '--group', group, '--num-records', `${records}`];
  const output = await runProgram('java', [
    HEAP,
    '-cp',
    classPath,
    'org.apache.kafka.tools.ConsumerPerformance',
    ...load,
    '--hide-header',
  ]);
  // start, end, MiB, MiB/s, records, records/s, rebalance ms, fetch ms, …
  const [read, fetchMs] = numbersOf(output, /^\S+ \S+, \S+ \S+, [\d.]+, [\d.]+, (\d+), [\d.]+, -?\d+, (\d+),/m);
  if (read! < records) throw new Error(`${read} of ${records} consumed:\n${output}`);
  return { bytes: read! * RECORD_BYTES, seconds: fetchMs! / 1000 };
}
