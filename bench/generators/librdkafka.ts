import { runProgram } from '../../test/servers/processes.js';
import { numbersOf, RECORD_BYTES, type Transfer } from './generator.js';

/** `rdkafka_performance` sets these otherwise (a linger of a second, which its last batches wait for): back to librdkafka's defaults. */
export const PRODUCER_DEFAULTS = ['linger.ms=5', 'message.send.max.retries=2147483647', 'retry.backoff.ms=100'];
export const CONSUMER_DEFAULTS = ['queued.min.messages=100000', 'session.timeout.ms=45000'];

/** One librdkafka producer with its default settings (acks=all, linger 5 ms) but for `settings`, NAME=VALUE, flat out. */
export async function produceWithLibrdkafka(
  program: string,
  kafka: string,
  topic: string,
  records: number,
  settings: readonly string[] = [],
  recordBytes = RECORD_BYTES,
): Promise<Transfer> {
  const load = [
    '-P',
    ...givenAs([...PRODUCER_DEFAULTS, ...settings]),
    ...connectionOf(kafka),
    '-t',
    topic,
    '-s',
    `${recordBytes}`,
    '-c',
    `${records}`,
  ];
  // It ends with 1 when anything is left in its queue, and that may be an event; what was delivered is told.
  const output = await runProgram(program, load, {}, [0, 1]);
  const [delivered, failed, ms] = numbersOf(
    output,
    /(?:.|\n)*, (\d+) delivered \(offset -?\d+, (\d+) failed\) in (\d+)ms/,
  );
  if (delivered !== records || failed !== 0) throw new Error(`${delivered} of ${records} delivered:\n${output}`);
  return { bytes: records * recordBytes, seconds: ms! / 1000 };
}

/** A group of one librdkafka consumer reads `records` from the start. Measured from the first record. */
export async function consumeWithLibrdkafka(
  program: string,
  kafka: string,
  topic: string,
  group: string,
  records: number,
): Promise<Transfer> {
  const start = givenAs([...CONSUMER_DEFAULTS, 'auto.offset.reset=earliest']);
  const output = await runProgram(program, [
    '-G',
    group,
    ...start,
    ...connectionOf(kafka),
    '-t',
    topic,
    '-c',
    `${records}`,
    '-B',
    '1000',
  ]);
  // The last line of the kind counts all.
  const [read, bytes, ms] = numbersOf(output, /(?:.|\n)*% (\d+) messages \((\d+) bytes\) consumed in (\d+)ms/);
  if (read! < records) throw new Error(`${read} of ${records} consumed:\n${output}`);
  return { bytes: bytes!, seconds: ms! / 1000 };
}

/** What `RunningSystem.kafka` says, for the command line. */
function connectionOf(kafka: string): string[] {
  const [address = '', settings = ''] = kafka.split('?');
  const each = settings.split('&').filter((setting) => setting !== '');
  return [...givenAs(each), '-b', address];
}

/** Settings, NAME=VALUE, as the tool takes them. A later one of a name counts. */
export function givenAs(settings: readonly string[]): string[] {
  return settings.flatMap((setting) => ['-X', setting]);
}
