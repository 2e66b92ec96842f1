// npm run check: types, lint, format, shape tests. Runs all of them and fails when one does.
import { spawnSync } from 'node:child_process';
import { prepare } from './prepare.js';

await prepare();
const biome = 'node_modules/@biomejs/biome/bin/biome';
const checks = [
  ['types', ['node_modules/typescript/bin/tsc', '--build']],
  ['lint', [biome, 'lint', '--error-on-warnings', '--diagnostic-level=warn']],
  ['format', [biome, 'format']],
  ['shape', ['scripts/test.js', '--suite', 'shape']],
];
const failed = checks.filter(([name, args]) => {
  process.stdout.write(`== ${name}\n`);
  return spawnSync(process.execPath, args, { stdio: 'inherit' }).status !== 0;
});
process.stdout.write(
  failed.length === 0 ? 'all checks passed\n' : `FAILED: ${failed.map(([name]) => name).join(', ')}\n`,
);
process.exitCode = failed.length === 0 ? 0 : 1;
