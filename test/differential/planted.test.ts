import { join } from 'node:path';
import { expect, test } from 'vitest';
import { scratchFolder } from '../processes/agent.js';
import { apis } from '../../src/protocol/apis.js';
import { errors } from '../../src/protocol/errors.js';
import { WireClient } from '../processes/wire.js';
import { SeededRandom } from '../simulation/random.js';
import { Comparison, compareAll } from './comparison.js';
import { scriptsOf } from './generate.js';
import { runScript } from './run-script.js';
import { rarities } from './scenarios/rarities.js';
import { Story, VersionWheel } from './story.js';
import { scratchRoot, weftSystem } from './systems.js';

test('two agents of one setting do not differ; a setting that differs is found, with the one request that shows it', {
  timeout: 120_000,
}, async () => {
  const folder = scratchFolder('planted', scratchRoot);
  const agents = await Promise.all([
    weftSystem(join(folder.path, 'a')),
    weftSystem(join(folder.path, 'b')),
    weftSystem(join(folder.path, 'c'), ['--default-partitions', '3']),
  ]);
  const [one, same, other] = agents;
  try {
    const scripts = scriptsOf(7, 1_500);
    const alike = await compareAll(new Comparison({ weft: one!, kafka: same! }), scripts, 4);
    expect(alike.flatMap(({ findings }) => findings)).toEqual([]);

    const comparison = new Comparison({ weft: one!, kafka: other! });
    const made = scripts.filter(({ name }) => name === 'a topic made by asking');
    const findings = (await compareAll(comparison, made, 4)).flatMap((result) => result.findings);
    expect(findings.length).toBeGreaterThan(0);
    const { script, stepIndex, differences } = await comparison.shrunk(findings[0]!);
    expect(script.steps.map(({ api }) => api.name)).toEqual([script.steps[stepIndex]!.api.name]);
    expect(differences[0]!.field).toBe('topics.partitions');
  } finally {
    await Promise.all(agents.map((agent) => agent.stop()));
    folder.remove();
  }
});

test('the id of a topic that is made only behind the answer is known to the next request', async () => {
  const folder = scratchFolder('planted', scratchRoot);
  const agent = await weftSystem(folder.path, ['--no-auto-create-topics']);
  const prefix = 'planted-';
  const settle = async (): Promise<void> => {
    const client = await WireClient.connect(agent.address);
    const topics = [{ name: `${prefix}a`, numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] }];
    await client.call(apis.createTopics, 5, { topics });
    client.reset();
  };
  try {
    const story = new Story('made late', new SeededRandom(1), new VersionWheel(new SeededRandom(1)));
    rarities['a topic made by asking, by its id']!(story);
    const { outcomes } = await runScript({ ...agent, settle }, story.script(), prefix);
    expect(outcomes).toMatchObject([
      { value: { topics: [{ name: `${prefix}a`, errorCode: errors.UNKNOWN_TOPIC_OR_PARTITION.code }] } },
      { value: { topics: [{ name: `${prefix}a`, errorCode: errors.NONE.code }] } },
    ]);
  } finally {
    await agent.stop();
    folder.remove();
  }
});
