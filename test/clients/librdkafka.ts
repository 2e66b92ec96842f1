import { join } from 'node:path';
import { root } from '../processes/agent.js';
import { commandClient, joinGroup } from './command-client.js';
import type { ClientDriver } from './driver.js';

const program = join(root, 'test/clients/librdkafka/client.cjs');

const command = [process.execPath, program, join(root, '.cache/setup/librdkafka')];

/** librdkafka by node-rdkafka, built by `npm run setup`. The binding takes header values for C strings. */
export const librdkafka = commandClient('librdkafka', ['none', 'gzip', 'snappy', 'lz4', 'zstd'], command, {
  shapes: 'text headers',
});

/** The same with group.protocol=consumer (KIP-848). */
export const librdkafkaMember: Pick<ClientDriver, 'name' | 'join'> = {
  name: 'librdkafka-848',
  join: (bootstrap, topic, group) =>
    joinGroup(['env', 'WEFT_GROUP_PROTOCOL=consumer', ...command, 'join', bootstrap, topic, group]),
};
