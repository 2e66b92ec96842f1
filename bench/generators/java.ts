import { runProgram } from '../../test/servers/processes.js';
import { numbersOf, RECORD_BYTES, type Transfer } from './generator.js';

const HEAP = '-Xmx512M';

/** One stock Java ProducerPerformance with default settings; `recordsPerSecond` -1 is flat out. */
export async function produceWithJava(
  classPath: string,
  kafka: string,
  topic: string,
  records: number,
  recordsPerSecond: number,
): Promise<Transfer> {
  const load = [
    '--num-records',
    `${records}`,
    '--record-size',
    `${RECORD_BYTES}`,
    '--throughput',
    `${recordsPerSecond}`,
  ];
  const tool = ['org.apache.kafka.tools.ProducerPerformance', '--bootstrap-server', kafka, '--topic', topic, ...load];
  const output = await runProgram('java', [HEAP, '-cp', classPath, ...tool]);
  const [sent, rate] = numbersOf(output, /(?:.|\n)*^(\d+) records sent, ([\d.]+) records\/sec/m);
  if (sent !== records || /Exception/.test(output)) throw new Error(`${sent} of ${records} sent:\n${output}`);
  return { bytes: records * RECORD_BYTES, seconds: records / rate! };
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
