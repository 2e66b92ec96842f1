/** `node dist/test/differential/main.js SEED [REQUESTS] [SCENARIO]`: what differs, each with its shortest script; with --whole unshortened. */
import { join } from 'node:path';
import { kafkaClassPath } from '../servers/kafka.js';
import { scratchFolder } from '../processes/agent.js';
import { Comparison, compareAll, type Finding, signature } from './comparison.js';
import { scriptsOf } from './generate.js';
import { reportOf } from './report.js';
import { kafkaSystem, scratchRoot, weftSystem } from './systems.js';

const [seed = '1', requests = '2000', scenario = ''] = process.argv.slice(2).filter((flag) => !flag.startsWith('--'));
const classPath = kafkaClassPath();
if (classPath === undefined) throw new Error('needs Kafka: npm run setup');
const folder = scratchFolder('differential', scratchRoot);
const starting = [weftSystem(join(folder.path, 'weft')), kafkaSystem(classPath, join(folder.path, 'kafka'))] as const;
const [weft, kafka] = await Promise.all(starting);
try {
  const comparison = new Comparison({ weft, kafka });
  const scripts = scriptsOf(Number(seed), Number(requests)).filter(({ name }) => name.startsWith(scenario));
  const startedMs = performance.now();
  const results = await compareAll(comparison, scripts, 4);
  const kinds = new Map<string, Finding[]>();
  for (const finding of results.flatMap(({ findings }) => findings)) {
    const kind = kinds.get(signature(finding)) ?? [];
    kind.push(finding);
    kinds.set(signature(finding), kind);
  }
  for (const [kind, findings] of kinds) {
    const shortest = process.argv.includes('--whole') ? findings[0]! : await comparison.shrunk(findings[0]!);
    process.stdout.write(`\n${kind} ${findings.length} times\n${reportOf(shortest)}\n`);
  }
  const count = scripts.reduce((sum, { steps }) => sum + steps.length, 0);
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
  process.stdout.write(
    `\n${count} requests in ${scripts.length} scripts, ${seconds} s: ${kinds.size} kinds of difference\n`,
  );
} finally {
  await Promise.all([weft.stop(), kafka.stop()]);
  folder.remove();
}
