// npm test: every suite of scripts/suites.js in its own vitest run. The last line is `N passed, N failed, N skipped`.
// Flags: --suite NAME (repeatable), --long (the long table; writes test/long/RESULTS.md). WEFT_ALL=1: a suite not run, or a test skipped, fails.
import { spawn } from 'node:child_process';
import { existsSync, globSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { delimiter, join, relative } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { environmentOf, writeResult } from './long-results.js';
import { binFolder, isThere, parts, root } from './parts.js';
import { longSuites, suites } from './suites.js';

process.chdir(root);
const everything = process.env.WEFT_ALL === '1';
const wanted = process.argv.flatMap((flag, index) => (flag === '--suite' ? [process.argv[index + 1]] : []));
const table = process.argv.includes('--long') ? longSuites : suites;
const unknown = wanted.filter((name) => !table.some((suite) => suite.name === name));
if (unknown.length > 0) {
  process.stderr.write(
    `no such suite: ${unknown.join(', ')}; there are ${table.map((suite) => suite.name).join(', ')}\n`,
  );
  process.exit(2);
}

const failureLinesMax = 12;
const results = join(root, '.cache/results');
mkdirSync(results, { recursive: true });
let passed = 0;
let failed = 0;
let skipped = 0;
const notRun = [];
const summary = [];

for (const path of wanted.length === 0 ? strayFiles() : []) {
  process.stdout.write(`FAILED: ${path} belongs to no suite, or to several (scripts/suites.js)\n`);
  failed += 1;
}
for (const suite of table.filter(({ name }) => wanted.length === 0 || wanted.includes(name))) {
  const why = reasonNotToRun(suite);
  if (why === undefined) await runSuite(suite);
  else notRun.push(`NOT RUN: ${suite.name} (${why})`);
}

for (const line of summary) process.stdout.write(`${line}\n`);
for (const line of notRun) process.stdout.write(`${line}\n`);
if (everything) failed += notRun.length;
process.exitCode = failed > 0 || (everything && skipped > 0) ? 1 : 0;
process.stdout.write(`${passed} passed, ${failed} failed, ${skipped} skipped\n`);

/** Test files of a suite, below dist/. */
function filesOf({ files, except = [] }) {
  const paths = (globs) => globs.flatMap((glob) => globSync(`dist/${glob}`));
  const left = new Set(paths(except));
  return [...new Set(paths(files))].filter((path) => !left.has(path)).sort();
}

/** Test files that would never run, or run twice. Those of test/long belong to the long table alone. */
function strayFiles() {
  const counts = new Map(globSync('dist/test/**/*.test.js').map((path) => [path, 0]));
  const longOnly = (path) => path.startsWith('dist/test/long/');
  for (const suite of suites) for (const path of filesOf(suite)) counts.set(path, counts.get(path) + 1);
  for (const suite of longSuites) {
    for (const path of filesOf(suite).filter(longOnly)) counts.set(path, counts.get(path) + 1);
  }
  return [...counts]
    .filter(([, count]) => count !== 1)
    .map(([path]) => path.replace(/^dist\//, '').replace(/\.js$/, '.ts'));
}

function reasonNotToRun(suite) {
  if (filesOf(suite).length === 0) return `it has no tests: ${suite.files.join(', ')}`;
  const lacking = (suite.needs ?? []).filter((name) => !isThere(parts[name]));
  if (lacking.length === 0) return undefined;
  const needs = lacking.map((name) => parts[name].needs).join(', ');
  return `needs ${needs}${needs.includes('npm run setup') ? '' : '; npm run setup'}`;
}

async function runSuite(suite) {
  process.stdout.write(`\n== ${suite.name}\n`);
  const report = join(results, `${suite.name}.json`);
  rmSync(report, { force: true });
  const started = performance.now();
  const flags = [
    '--reporter=default',
    '--reporter=json',
    `--outputFile=${report}`,
    `--maxWorkers=${availableParallelism()}`,
  ];
  const files = filesOf(suite).map((path) => relative(root, path));
  const env = environmentOf(suite, process.env);
  const exitCode = await new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['node_modules/vitest/vitest.mjs', 'run', ...flags, ...files], {
      stdio: 'inherit',
      env: { ...process.env, ...env, PATH: `${binFolder}${delimiter}${process.env.PATH}` },
    });
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 1));
  });
  const counts = readReport(report);
  // A crash, a file that does not load or an error outside any test shows in the exit code alone.
  if (exitCode !== 0 && counts.failed === 0) counts.failed = 1;
  passed += counts.passed;
  failed += counts.failed;
  skipped += counts.skipped;
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  const { name } = suite;
  if (table === longSuites) {
    const order = longSuites.map((one) => one.name);
    writeResult({ suite: name, seconds: Math.round(Number(seconds)), ...counts, env }, order);
  }
  summary.push(
    `${name.padEnd(18)} ${seconds.padStart(6)} s   ${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`,
    ...counts.failures,
  );
}

function readReport(path) {
  if (!existsSync(path)) return { passed: 0, failed: 1, skipped: 0, failures: ['  FAILED: it left no report'] };
  const report = JSON.parse(readFileSync(path, 'utf8'));
  const unloaded = report.testResults.filter((file) => file.status === 'failed' && file.assertionResults.length === 0);
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + unloaded.length,
    skipped: report.numPendingTests + report.numTodoTests,
    failures: [
      ...unloaded.map((file) => failureLines(relative(root, file.name), file.message)),
      ...report.testResults.flatMap((file) =>
        file.assertionResults
          .filter((test) => test.status === 'failed')
          .map((test) => failureLines(test.fullName, test.failureMessages.join('\n'))),
      ),
    ],
  };
}

/** What failed and the beginning of why, again at the end: a log that is cut off keeps its last lines. */
function failureLines(name, message) {
  const why = stripVTControlCharacters(message).split('\n').slice(0, failureLinesMax);
  return [`  FAILED: ${name}`, ...why.map((line) => `    ${line.slice(0, 300)}`)].join('\n');
}
