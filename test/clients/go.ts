import { join } from 'node:path';
import { root } from '../processes/agent.js';
import { commandClient } from './command-client.js';
import type { ClientDriver, Compression } from './driver.js';

const every: readonly Compression[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd'];

function program(name: string): string[] {
  return [join(root, '.cache/setup/bin', `${name}-client`)];
}

export const franzGo: ClientDriver = commandClient('franz-go', every, program('franz-go'));
export const sarama: ClientDriver = commandClient('sarama', every, program('sarama'));
export const kafkaGo: ClientDriver = commandClient('kafka-go', every, program('kafka-go'), {
  shapes: 'empty is null',
  idempotence: false,
});
