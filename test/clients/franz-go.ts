import { join } from 'node:path';
import { root } from '../processes/agent.js';
import { commandClient } from './command-client.js';

/** franz-go, built by `npm run setup`. */
export const franzGo = commandClient(
  'franz-go',
  ['none', 'gzip', 'snappy', 'lz4', 'zstd'],
  [join(root, '.cache/setup/bin/franz-go-client')],
);
