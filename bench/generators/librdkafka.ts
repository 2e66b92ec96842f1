import { runProgram } from '../../test/servers/processes.js';
import { numbersOf, RECORD_BYTES, type Transfer } from './generator.js';

/** One librdkafka producer with its default settings (acks=all, linger 5 ms) but for `settings`, NAME=VALUE, flat out. */
export async function produceWithLibrdkafka(
  program: string,
  kafka: string,
  topic: string,
  records: number,
  settings: readonly string[] = [],
  recordBytes = RECORD_BYTES,
): Promise<Transfer> {
  const output = await runProgram(program, [
    '-P',
    ...settings.flatMap((setting) => ['-X', setting]),
    ...connectionOf(kafka),
    '-t',
    topic,
    '-s',
    `${recordBytes}`,
    '-c',
    `${records}`,
  ]);
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
  const start = ['-X', 'auto.offset.reset=earliest'];
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
  const [bytes, ms] = numbersOf(output, /(?:.|\n)*% \d+ messages \((\d+) bytes\) consumed in (\d+)ms/);
  return { bytes: bytes!, seconds: ms! / 1000 };
}

/** What `RunningSystem.kafka` says, for the command line. */
function connectionOf(kafka: string): string[] {
  const [address = '', settings = ''] = kafka.split('?');
  const each = settings.split('&').filter((setting) => setting !== '');
  return [...each.flatMap((setting) => ['-X', setting]), '-b', address];
}
