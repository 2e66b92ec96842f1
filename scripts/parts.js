// What npm cannot bring, part by part: how to see that it is there, and how to get it. `scripts/setup.js` installs,
// `scripts/suites.js` says which suite needs which. Everything but Debian packages goes into .cache/setup.
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { find, run } from './processes.js';

export const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
export const setupFolder = join(root, '.cache/setup');
export const binFolder = join(setupFolder, 'bin');

const versitygw = 'github.com/versity/versitygw/cmd/versitygw@v1.8.0';
/** AGPL: a test tool only, never linked. */
const minio = 'github.com/minio/minio@v0.0.0-20260212201848-7aac2a2c5b7c';
/** Used where the Go that is installed is too old. */
const goToolchain = 'go1.26.0';
const nodeRdkafka = 'node-rdkafka@3.6.1';
/** Its sources come with their tests. */
const kgo = 'github.com/twmb/franz-go@v1.22.3';
/** Of the npm packages that carry librdkafka's sources, the one with the newest: 2.15.1, tests included. */
const librdkafkaTests = '@confluentinc/kafka-javascript@1.10.1';

const javaLibraries = join(setupFolder, 'java/lib');
const javaPom = 'test/clients/java/pom.xml';
const javaOldPom = 'test/clients/java-old/pom.xml';
/** The oldest that Kafka 4 serves, and some on the way; each has a test file, test/clients/old-java-VERSION.test.ts. */
const javaOldVersions = ['2.1.1', '2.8.2', '3.3.2', '3.9.1', '4.0.1'];
const pythonRequirements = 'test/clients/python/requirements.txt';
const pythonOldRequirements = 'test/clients/python/requirements-old.txt';
const webUiRequirements = 'test/clients/python/requirements-web-ui.txt';
const rdkafkaFolder = join(setupFolder, 'librdkafka');
/** With its command line alone; 694 packages that nothing but `npm run profile -- --clinic` needs. */
const clinic = 'clinic@13.0.0';
const clinicFolder = join(setupFolder, 'clinic');
const kgoFolder = join(setupFolder, 'kgo');
const rdkafkaTestsFolder = join(setupFolder, 'librdkafka-tests');

const installedByApt = (program, debianPackage, extraFolders = []) => ({
  debianPackage,
  isThere: () => find(program) !== undefined || extraFolders.some((folder) => existsSync(join(folder, program))),
});

/** What building librdkafka takes. */
const rdkafkaTools = () => [
  installedByApt('c++', 'g++'),
  installedByApt('make', 'make'),
  installedByApt('python3', 'python3'),
  { debianPackage: 'libzstd-dev', isThere: () => existsSync('/usr/include/zstd.h') },
  { debianPackage: 'zlib1g-dev', isThere: () => existsSync('/usr/include/zlib.h') },
  { debianPackage: 'libssl-dev', isThere: () => existsSync('/usr/include/openssl/ssl.h') },
];

/**
 * `needs` completes "needs …; npm run setup". `detect` says whether suites can use the part. A part with `debian` is
 * installed with all others of the kind in one go; the rest have `install`, which runs after them, in this order. What is
 * `onlyByName` is not installed unless it is named.
 */
export const parts = {
  kcat: { what: 'kcat (librdkafka from the command line)', needs: 'kcat', debian: [installedByApt('kcat', 'kcat')] },
  java: {
    what: 'Kafka 4.3.1: Java clients, tools and server, with JDK 17 and Maven',
    needs: 'JDK 17 and Maven',
    debian: [installedByApt('javac', 'openjdk-17-jdk-headless'), installedByApt('mvn', 'maven')],
    detect: () =>
      isStamped('java', readFileSync(javaPom, 'utf8')) && existsSync(join(javaLibraries, 'kafka-clients-4.3.1.jar')),
    async install() {
      const output = ['-DincludeScope=runtime', `-DoutputDirectory=${javaLibraries}`];
      await run('fetching jars', 'mvn', ['-q', '-B', '-f', javaPom, 'dependency:copy-dependencies', ...output]);
      stamp('java', readFileSync(javaPom, 'utf8'));
    },
  },
  versitygw: {
    what: 'versitygw 1.8.0, the S3 server of the tests',
    needs: 'versitygw 1.8.0 and Go to build it',
    debian: [installedByApt('go', 'golang-go')],
    detect: () => existsSync(join(binFolder, 'versitygw')) && isStamped('versitygw', versitygw),
    install: () => goInstall('versitygw', versitygw),
  },
  minio: {
    what: 'MinIO, the second S3 server (only with --long)',
    needs: 'MinIO and Go to build it; npm run setup -- --long',
    long: true,
    debian: [installedByApt('go', 'golang-go')],
    detect: () => existsSync(join(binFolder, 'minio')) && isStamped('minio', minio),
    install: () => goInstall('minio', minio),
  },
  'java-old': {
    what: `older Java clients: ${javaOldVersions.join(', ')}`,
    needs: 'JDK 17 and Maven',
    debian: [installedByApt('javac', 'openjdk-17-jdk-headless'), installedByApt('mvn', 'maven')],
    detect: () => isStamped('java-old', javaOldRecipe()),
    async install() {
      for (const version of javaOldVersions) {
        const flags = [`-Dkafka.version=${version}`, `-DoutputDirectory=${join(setupFolder, 'java-old', version)}`];
        await run('fetching jars', 'mvn', ['-q', '-B', '-f', javaOldPom, 'dependency:copy-dependencies', ...flags]);
      }
      stamp('java-old', javaOldRecipe());
    },
  },
  'franz-go': goClient('franz-go'),
  sarama: goClient('sarama'),
  'kafka-go': goClient('kafka-go'),
  python: pythonClients(
    'python',
    pythonRequirements,
    'kafka-python, aiokafka and confluent-kafka-python, in an environment of their own',
  ),
  'python-old': pythonClients('python-old', pythonOldRequirements, 'kafka-python 2.0.2, in an environment of its own'),
  'web-ui': pythonClients('web-ui', webUiRequirements, 'Kaskade 5.1.0, served to browsers by textual-serve'),
  rust: rustClient('rust', 'the rdkafka crate with the librdkafka that it brings'),
  'rust-librdkafka-1-9': rustClient('rust-librdkafka-1-9', 'the rdkafka crate over librdkafka 1.9.2'),
  librdkafka: {
    what: 'librdkafka as a Node addon, built from the sources in node-rdkafka',
    needs: 'a C++ compiler, make, Python 3, headers of zlib, zstd and OpenSSL',
    debian: rdkafkaTools(),
    detect: () => isStamped('librdkafka', nodeRdkafka),
    async install() {
      mkdirSync(rdkafkaFolder, { recursive: true });
      const manifest = { private: true, allowScripts: { 'node-rdkafka': true } };
      writeFileSync(join(rdkafkaFolder, 'package.json'), `${JSON.stringify(manifest)}\n`);
      // The Node that runs the tests, and its headers: nothing is downloaded but the package.
      const node = join(root, 'node_modules', `node-${process.platform}-${process.arch}`);
      const npm = process.env.npm_execpath ?? find('npm');
      const args = [npm, 'install', '--no-audit', '--no-fund', nodeRdkafka];
      await run('building librdkafka (some minutes)', join(node, 'bin/node'), args, {
        cwd: rdkafkaFolder,
        env: {
          ...process.env,
          PATH: `${join(node, 'bin')}:${process.env.PATH}`,
          npm_config_nodedir: node,
          // Its Makefile has a race: one job at a time.
          JOBS: '1',
          MAKEFLAGS: '',
        },
      });
      stamp('librdkafka', nodeRdkafka);
    },
  },
  'kgo-tests': {
    what: "franz-go's own tests of its client (Go)",
    needs: 'Go',
    debian: [installedByApt('go', 'golang-go')],
    detect: () => existsSync(join(kgoFolder, 'kgo-tests')) && isStamped('kgo-tests', kgo),
    async install() {
      mkdirSync(kgoFolder, { recursive: true });
      const go = await recentGo();
      await run('fetching franz-go', go, ['mod', 'download', kgo], { cwd: setupFolder });
      const { output } = await run('asking Go where modules are', go, ['env', 'GOMODCACHE']);
      const compile = ['test', '-c', '-o', join(kgoFolder, 'kgo-tests'), './pkg/kgo'];
      const sources = join(output.trim(), kgo);
      await run('building', go, compile, { cwd: sources, env: goEnvironment() });
      // A test reads the options in it.
      writeFileSync(join(kgoFolder, 'config.go'), readFileSync(join(sources, 'pkg/kgo/config.go')));
      stamp('kgo-tests', kgo);
    },
  },
  'librdkafka-tests': {
    what: "librdkafka 2.15.1 and its own test-runner, built from the sources in Confluent's npm package",
    needs: 'a C++ compiler, make, Python 3, headers of zlib, zstd, OpenSSL and RapidJSON',
    debian: [
      ...rdkafkaTools(),
      { debianPackage: 'rapidjson-dev', isThere: () => existsSync('/usr/include/rapidjson/schema.h') },
    ],
    detect: () => isStamped('librdkafka-tests', librdkafkaTests),
    async install() {
      rmSync(rdkafkaTestsFolder, { recursive: true, force: true });
      mkdirSync(rdkafkaTestsFolder, { recursive: true });
      const here = { cwd: rdkafkaTestsFolder };
      const npm = process.env.npm_execpath ?? find('npm');
      await run('fetching the sources', process.execPath, [npm, 'pack', '--silent', librdkafkaTests], here);
      const [archive] = readdirSync(rdkafkaTestsFolder);
      await run('unpacking', 'tar', ['-xzf', archive, '--strip-components=3', 'package/deps/librdkafka'], here);
      // Not optimised: the tests wait far more than they compute, and the build takes a third of the time.
      const without = ['optimization', 'debug-symbols', 'gssapi', 'curl', 'lz4-ext'].map((name) => `--disable-${name}`);
      await run('configuring', './configure', without, here);
      const jobs = `-j${availableParallelism()}`;
      const make = (folder, ...targets) =>
        run(`building ${folder}`, 'make', [jobs, '-C', folder, ...targets], {
          ...here,
          env: { ...process.env, MAKEFLAGS: '' },
        });
      await make('src');
      await make('src-cpp');
      await make('tests', 'build');
      const built = readdirSync(rdkafkaTestsFolder, { recursive: true });
      for (const name of built.filter((each) => /\.[oda]$/.test(each))) rmSync(join(rdkafkaTestsFolder, name));
      stamp('librdkafka-tests', librdkafkaTests);
    },
  },
  clinic: {
    what: "clinic's doctor, bubbleprof and flame (for npm run profile -- --clinic, which brings it)",
    needs: 'clinic; npm run setup -- --only clinic',
    onlyByName: true,
    debian: [],
    detect: () => isStamped('clinic', clinic),
    async install() {
      mkdirSync(clinicFolder, { recursive: true });
      // es5-ext's install script only prints.
      const manifest = { private: true, allowScripts: { 'es5-ext': false } };
      writeFileSync(join(clinicFolder, 'package.json'), `${JSON.stringify(manifest)}\n`);
      const npm = process.env.npm_execpath ?? find('npm');
      const args = [npm, 'install', '--ignore-scripts', '--no-audit', '--no-fund', clinic];
      await run('fetching clinic', process.execPath, args, { cwd: clinicFolder });
      stamp('clinic', clinic);
    },
  },
  postgresql: {
    what: 'PostgreSQL (a journal store to come; no suite needs it yet)',
    needs: 'PostgreSQL',
    debian: [
      installedByApt(
        'postgres',
        'postgresql',
        [15, 16, 17, 18].map((version) => `/usr/lib/postgresql/${version}/bin`),
      ),
    ],
  },
  etcd: {
    what: 'etcd (a journal store to come; no suite needs it yet)',
    needs: 'etcd',
    debian: [installedByApt('etcd', 'etcd-server')],
  },
};

/** Whether suites can use a part. */
export function isThere(part) {
  return (part.debian ?? []).every((each) => each.isThere()) && (part.detect?.() ?? true);
}

function stampPath(name) {
  return join(setupFolder, `${name}.stamp`);
}

function isStamped(name, text) {
  return existsSync(stampPath(name)) && readFileSync(stampPath(name), 'utf8') === text;
}

function stamp(name, text) {
  mkdirSync(setupFolder, { recursive: true });
  writeFileSync(stampPath(name), text);
}

function javaOldRecipe() {
  return `${javaOldVersions.join(' ')}\n${readFileSync(javaOldPom, 'utf8')}`;
}

/** The program of test/clients/NAME, written in Go. */
function goClient(name) {
  const folder = join('test/clients', name);
  const output = join(binFolder, `${name}-client`);
  const sources = () => sourcesIn(folder) + sourcesIn('test/clients/go-lines');
  return {
    what: `a test client of ${name} (Go)`,
    needs: 'Go',
    debian: [installedByApt('go', 'golang-go')],
    detect: () => existsSync(output) && isStamped(name, sources()),
    async install() {
      mkdirSync(binFolder, { recursive: true });
      await run('building', await recentGo(), ['build', '-o', output, '.'], { cwd: folder, env: goEnvironment() });
      stamp(name, sources());
    },
  };
}

/** A Python environment with the packages that a file asks for. */
function pythonClients(name, requirements, what) {
  return {
    what,
    needs: 'Python 3.10 or later',
    debian: [
      installedByApt('python3', 'python3'),
      {
        debianPackage: 'python3-venv',
        isThere: () => spawnSync('python3', ['-c', 'import ensurepip']).status === 0,
      },
    ],
    detect: () => isStamped(name, readFileSync(requirements, 'utf8')),
    async install() {
      const folder = join(setupFolder, name);
      await run('making an environment', 'python3', ['-m', 'venv', '--clear', folder]);
      const pip = ['-m', 'pip', 'install', '-q', '--disable-pip-version-check', '-r', requirements];
      await run('installing Python packages', join(folder, 'bin/python'), pip);
      stamp(name, readFileSync(requirements, 'utf8'));
    },
  };
}

/** The program of test/clients/NAME, written in Rust. */
function rustClient(name, what) {
  const folder = join('test/clients', name);
  const output = join(binFolder, `${name}-client`);
  const sources = () => sourcesIn(folder) + sourcesIn('test/clients/rust/src');
  return {
    what: `${what} (Rust)`,
    needs: 'Rust 1.85 or later, a C compiler, make, headers of zlib',
    debian: [
      installedByApt('cargo', 'cargo'),
      installedByApt('cc', 'gcc'),
      installedByApt('make', 'make'),
      { debianPackage: 'zlib1g-dev', isThere: () => existsSync('/usr/include/zlib.h') },
    ],
    detect: () => existsSync(output) && isStamped(name, sources()),
    async install() {
      mkdirSync(binFolder, { recursive: true });
      const target = join(setupFolder, 'rust', name);
      await run('building (some minutes)', 'cargo', ['build', '--release', '--locked', '--target-dir', target], {
        cwd: folder,
      });
      copyFileSync(join(target, 'release', `${name}-client`), output);
      rmSync(target, { recursive: true, force: true });
      stamp(name, sources());
    },
  };
}

/** The sources of a small program: what lies directly in its folder. */
function sourcesIn(folder) {
  const names = readdirSync(folder).filter((name) => /\.(go|rs)$|^go\.(mod|sum)$|^Cargo\.(toml|lock)$/.test(name));
  return names
    .sort()
    .map((name) => readFileSync(join(folder, name), 'utf8'))
    .join('\n');
}

function goEnvironment() {
  return { ...process.env, GOBIN: binFolder, GOFLAGS: '-trimpath', CGO_ENABLED: '0' };
}

async function goInstall(name, target) {
  mkdirSync(binFolder, { recursive: true });
  const go = await recentGo();
  await run(`building ${name} (some minutes)`, go, ['install', target], { env: goEnvironment() });
  stamp(name, target);
}

/** Go from 1.21 on fetches the toolchain that a module asks for. An older one (Debian 12 has 1.19) can only fetch it as a module. */
async function recentGo() {
  const { output } = await run('asking Go for its version', 'go', ['env', 'GOVERSION', 'GOOS', 'GOARCH', 'GOMODCACHE']);
  const [version, os, architecture, cache] = output.trim().split('\n');
  if (Number(/^go1\.(\d+)/.exec(version)?.[1] ?? 0) >= 21) return 'go';
  const toolchain = `golang.org/toolchain@v0.0.1-${goToolchain}.${os}-${architecture}`;
  await run('fetching a newer Go', 'go', ['mod', 'download', toolchain], { cwd: setupFolder });
  const folder = join(cache, toolchain);
  // Modules carry no permission to run.
  await run('making it runnable', 'chmod', ['-R', 'u+x', join(folder, 'bin'), join(folder, 'pkg/tool')]);
  return join(folder, 'bin/go');
}
