import { join } from 'node:path';
import { root } from '../processes/agent.js';
import { commandClient } from './command-client.js';
import type { ClientDriver } from './driver.js';

function rustClient(name: string): ClientDriver {
  const program = join(root, '.cache/setup/bin', `${name}-client`);
  return commandClient(name, ['none', 'gzip', 'snappy', 'lz4', 'zstd'], [program]);
}

/** The rdkafka crate with the librdkafka that it brings. */
export const rust = rustClient('rust');
/** The same program over librdkafka 1.9.2. */
export const rustOld = rustClient('rust-librdkafka-1-9');
