// Builds weft.node with the machine's C++ compiler. Dependency-free and without node-gyp, which would download headers.
// Without a compiler nothing fails: bindings.ts falls back to packages and plain JavaScript, and the agent says so.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = dirname(fileURLToPath(import.meta.url));
const source = join(folder, 'weft.cc');
const headers = ['crc.h', 'files.h', 'sockets.h'].map((name) => join(folder, name));
const built = join(folder, 'build', 'weft.node');
const stamp = join(folder, 'build', 'stamp');
const require = createRequire(import.meta.url);

const compiler = process.env.CXX ?? 'c++';
const flags = ['-std=c++17', '-O3', '-fPIC', '-shared', '-fvisibility=hidden', '-DNAPI_VERSION=8'];
flags.push('-DNODE_GYP_MODULE_NAME=weft');
if (process.platform === 'darwin') flags.push('-undefined', 'dynamic_lookup');

function build() {
  const what = createHash('sha256')
    .update(Buffer.concat([source, ...headers].map((path) => readFileSync(path))))
    .update([compiler, ...flags, process.platform, process.arch].join(' '))
    .digest('hex');
  if (existsSync(built) && existsSync(stamp) && readFileSync(stamp, 'utf8') === what) return;
  // An addon of other sources must not be loaded, whatever becomes of this build.
  rmSync(built, { force: true });
  if (!['linux', 'darwin'].includes(process.platform)) throw new Error(`not built on ${process.platform}`);
  mkdirSync(dirname(built), { recursive: true });
  const include = require('node-api-headers').include_dir;
  const scratch = join(dirname(built), `weft.${process.pid}.node`);
  try {
    const run = spawnSync(compiler, [...flags, `-I${include}`, source, '-o', scratch], { encoding: 'utf8' });
    if (run.error !== undefined) throw new Error(`no C++ compiler: ${compiler} does not run`);
    if (run.status !== 0) {
      throw new Error(
        `${compiler} failed: ${run.stderr.split('\n').find((line) => line.includes('error')) ?? run.status}`,
      );
    }
    require(scratch);
    renameSync(scratch, built);
  } finally {
    rmSync(scratch, { force: true });
  }
  writeFileSync(stamp, what);
  console.log('weft: native part built');
}

try {
  build();
} catch (error) {
  const why = String(error.message).split('\n')[0];
  console.log(`weft: no native part (${why}); CRC-32C and batch checks will take more CPU`);
}
