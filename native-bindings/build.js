// Builds weft.node with the machine's C++ compiler. Dependency-free and without node-gyp, which would download headers.
// Without a compiler nothing fails: bindings.ts falls back to packages and plain JavaScript, and the agent says so.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = dirname(fileURLToPath(import.meta.url));
const source = join(folder, 'weft.cc');
const built = join(folder, 'build', 'weft.node');
const stamp = join(folder, 'build', 'stamp');

const without = (why) => console.log(`weft: no native part (${why}); CRC-32C and batch checks will take more CPU`);

const headers = () => {
  try {
    return createRequire(import.meta.url)('node-api-headers').include_dir;
  } catch {
    return undefined;
  }
};

const compiler = process.env.CXX ?? 'c++';
const version = spawnSync(compiler, ['--version'], { encoding: 'utf8' });
const include = headers();
if (!['linux', 'darwin'].includes(process.platform)) without(`not built on ${process.platform}`);
else if (version.error !== undefined || version.status !== 0) without(`no C++ compiler: ${compiler} does not run`);
else if (include === undefined) without('the package node-api-headers is missing');
else {
  const flags = [
    '-std=c++17',
    '-O3',
    '-fPIC',
    '-shared',
    '-fvisibility=hidden',
    '-DNAPI_VERSION=8',
    '-DNODE_GYP_MODULE_NAME=weft',
  ];
  if (process.platform === 'darwin') flags.push('-undefined', 'dynamic_lookup');
  const what = createHash('sha256')
    .update(readFileSync(source))
    .update(version.stdout)
    .update(flags.join(' '))
    .update(process.arch)
    .digest('hex');
  if (!existsSync(built) || !existsSync(stamp) || readFileSync(stamp, 'utf8') !== what) {
    mkdirSync(join(folder, 'build'), { recursive: true });
    const scratch = `${built}.${process.pid}`;
    const run = spawnSync(compiler, [...flags, `-I${include}`, source, '-o', scratch], { encoding: 'utf8' });
    if (run.status === 0) {
      renameSync(scratch, built);
      writeFileSync(stamp, what);
      console.log('weft: native part built');
    } else {
      process.stderr.write(run.stderr ?? '');
      without(`${compiler} failed`);
    }
  }
}
