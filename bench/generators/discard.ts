import { join } from 'node:path';
import { runProgram } from '../../test/servers/processes.js';
import { root } from '../parts.js';
import type { Transfer } from './generator.js';

/** A process that fetches at least `bytes` of the topic, over and over, and discards them unread. */
export async function discard(kafka: string, topic: string, bytes: number): Promise<Transfer> {
  const program = join(root, 'dist/bench/generators/discard-main.js');
  return JSON.parse(await runProgram(process.execPath, [program, kafka, topic, `${bytes}`])) as Transfer;
}
