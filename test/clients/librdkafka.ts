import { join } from 'node:path';
import { root } from '../processes/agent.js';
import { commandClient } from './command-client.js';

const program = join(root, 'test/clients/librdkafka/client.cjs');

/** librdkafka by node-rdkafka, built by `npm run setup`. The binding takes header values for C strings. */
export const librdkafka = commandClient(
  'librdkafka',
  ['none', 'gzip', 'snappy', 'lz4', 'zstd'],
  [process.execPath, program, join(root, '.cache/setup/librdkafka')],
  { shapes: 'text headers' },
);
