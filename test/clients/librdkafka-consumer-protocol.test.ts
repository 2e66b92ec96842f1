// librdkafka's consumers with group.protocol=consumer (KIP-848).
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AgentProcess, scratchFolder, startAgent } from '../processes/agent.js';
import { librdkafkaMember } from './librdkafka.js';
import { shareAndGoOn } from './scenarios.js';

const MINUTE = 60_000;
const folder = scratchFolder('librdkafka-consumer-protocol');
let agent: AgentProcess;

beforeAll(async () => {
  const times = ['--group-consumer-session', '6s', '--group-consumer-heartbeat', '500ms'];
  agent = await startAgent(['--bucket', `file:${folder.path}`, ...times]);
}, MINUTE);
afterAll(async () => {
  expect(await agent.stop()).toBe(0);
  folder.remove();
}, MINUTE);

test(
  'a group of three shares the partitions; the rest goes on exactly behind one that leaves and one that is killed',
  {
    timeout: 3 * MINUTE,
  },
  () => shareAndGoOn(agent, librdkafkaMember),
);
