import { join } from 'node:path';
import { runProgram } from '../../test/servers/processes.js';
import { root } from '../parts.js';
import type { Transfer } from './generator.js';

/** One kafkajs producer, flat out, with so many calls of send under way, each of so many records. */
export async function produceWithKafkajs(
  kafka: string,
  topic: string,
  records: number,
  sends: number,
  recordsOfSend: number,
): Promise<Transfer> {
  // kafkajs sets timers to times in the past, of which Node warns.
  const program = join(root, 'dist/bench/generators/kafkajs-main.js');
  const amounts = [records, sends, recordsOfSend].map(String);
  return JSON.parse(
    await runProgram(process.execPath, ['--no-warnings', program, kafka, topic, ...amounts]),
  ) as Transfer;
}
