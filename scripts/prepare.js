// Makes a checkout ready to run: packages, native part, compiled code, each only when its sources changed.
// Runs before `npm start` and `npm test`, under Node 20 and later, with nothing installed.
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { find, run, say } from './processes.js';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const modules = join(root, 'node_modules');

export async function prepare() {
  process.chdir(root);
  await installPackages();
  await buildNativePart();
  await compile();
}

function hash(paths) {
  const digest = createHash('sha256');
  for (const path of paths) digest.update(path).update('\0').update(readFileSync(path)).update('\0');
  return digest.digest('hex');
}

/** True when `paths` are as they were at the last `stamp`. */
function isStamped(name, paths) {
  const stamp = join(modules, `.weft-${name}`);
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === hash(paths);
}

function stamp(name, paths) {
  mkdirSync(modules, { recursive: true });
  writeFileSync(join(modules, `.weft-${name}`), hash(paths));
}

const lockFiles = ['package-lock.json'];

async function installPackages() {
  if (isStamped('packages', lockFiles)) return;
  if (!isInstalledByHand()) {
    say('installing packages (npm ci, about a minute) …');
    const npm = process.env.npm_execpath;
    const node = find('node', (path) => !path.startsWith(realModules())) ?? process.execPath;
    const [program, args] = npm?.endsWith('.js') ? [node, [npm]] : ['npm', []];
    // Headers beside that Node build optional addons without a download from outside the registry.
    const prefix = dirname(dirname(realpathSync(node)));
    const env = existsSync(join(prefix, 'include/node/node.h')) ? { npm_config_nodedir: prefix } : {};
    try {
      const done = await run('installing packages', program, [...args, 'ci', '--no-audit', '--no-fund'], {
        env: { ...process.env, ...env },
      });
      say(`packages installed in ${done.seconds} s`);
    } catch (error) {
      stop(error, [
        'The packages could not be installed. Is the npm registry reachable (npm ping), and is there space on the disk?',
        'When that is mended, run the same command again; it starts over.',
      ]);
    }
  }
  linkNode();
  const missing = ['typescript/bin/tsc', 'vitest/vitest.mjs', '.bin/node'].filter(
    (path) => !existsSync(join(modules, path)),
  );
  if (missing.includes('.bin/node')) {
    stop(undefined, [
      `npm brought no Node 24 for ${process.platform} ${process.arch} (an optional package).`,
      'Were optional packages left out (npm config get omit)? Otherwise install Node 24 and run `npm ci`, `npx tsc --build`, `node dist/src/main.js agent`.',
    ]);
  }
  if (missing.length > 0) {
    stop(undefined, [
      `node_modules lacks ${missing.join(', ')}.`,
      'Were development packages left out (NODE_ENV=production, npm config get omit)? Remove node_modules and run again without that.',
    ]);
  }
  stamp('packages', lockFiles);
}

/** Several optional packages bring a program named `node`; npm 10 takes the link away again with those for other platforms. */
function linkNode() {
  const link = join(modules, '.bin/node');
  const names = [`node-${process.platform}-${process.arch}`, `node-bin-${process.platform}-${process.arch}`];
  const name = names.find((candidate) => existsSync(join(modules, candidate, 'bin/node')));
  if (name === undefined || existsSync(link)) return;
  rmSync(link, { force: true });
  symlinkSync(`../${name}/bin/node`, link);
}

function realModules() {
  return existsSync(modules) ? realpathSync(modules) : modules;
}

/** True when someone's own `npm ci` or `npm install` brought just what the lock file says. */
function isInstalledByHand() {
  const installedPath = join(modules, '.package-lock.json');
  if (!existsSync(installedPath)) return false;
  const wanted = JSON.parse(readFileSync('package-lock.json', 'utf8')).packages;
  const installed = JSON.parse(readFileSync(installedPath, 'utf8')).packages;
  const same = Object.entries(installed).every(([path, { version }]) => wanted[path]?.version === version);
  const all = Object.entries(wanted).every(
    ([path, { optional, devOptional }]) => path === '' || optional || devOptional || installed[path] !== undefined,
  );
  return same && all;
}

async function buildNativePart() {
  // It knows by its own stamp, beside what it built, when there is nothing to do.
  try {
    const done = await run('building the native part', process.execPath, ['native-bindings/build.js']);
    for (const line of done.output.trim().split('\n')) if (line !== '') say(line.replace(/^weft: /, ''));
  } catch (error) {
    stop(error, ['native-bindings/build.js failed; without a compiler it should have chosen the fallbacks.']);
  }
}

async function compile() {
  removeStaleOutput();
  const fresh = !existsSync('dist/.tsbuildinfo');
  if (fresh) say('compiling …');
  try {
    const done = await run('compiling', process.execPath, [join(modules, 'typescript/bin/tsc'), '--build']);
    if (fresh) say(`compiled in ${done.seconds} s`);
  } catch (error) {
    stop(error, ['The code does not compile.']);
  }
}

/** Compiled files whose source is gone would still be run, tests above all. */
function removeStaleOutput() {
  if (!existsSync('dist')) return;
  for (const name of readdirSync('dist', { recursive: true })) {
    const match = /^(.*)\.js(\.map)?$/.exec(name);
    if (match === null || existsSync(`${match[1]}.ts`)) continue;
    rmSync(join('dist', name));
    if (match[2] === undefined) say(`removed ${relative('.', join('dist', name))}, whose source is gone`);
  }
}

function stop(error, lines) {
  if (error !== undefined)
    process.stderr.write(`${error.output === '' ? '' : `${error.output}\n`}weft: ${error.message}\n`);
  for (const line of lines) process.stderr.write(`weft: ${line}\n`);
  process.exit(1);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await prepare();
