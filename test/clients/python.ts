import { join } from 'node:path';
import { root } from '../processes/agent.js';
import { commandClient } from './command-client.js';
import type { ClientDriver } from './driver.js';

/** A Python client; `npm run setup` makes the environment that they run in. */
function pythonClient(name: string, program: string, environment = 'python', idempotence = true): ClientDriver {
  return commandClient(
    name,
    ['none', 'gzip', 'snappy', 'lz4', 'zstd'],
    [join(root, '.cache/setup', environment, 'bin/python'), join(root, 'test/clients/python', program)],
    { idempotence },
  );
}

export const kafkaPython = pythonClient('kafka-python', 'kafka_python_client.py');
/** It has no idempotent producers. */
export const kafkaPythonOld = pythonClient('kafka-python-2.0.2', 'kafka_python_old_client.py', 'python-old', false);
export const aiokafka = pythonClient('aiokafka', 'aiokafka_client.py');
/** Brings its own librdkafka, the newest that the tests see. */
export const confluentPython = pythonClient('confluent-kafka-python', 'confluent_client.py');
