/** The Node that Weft runs on, and what the command line needs of the system. Must load on Node 20. */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import Module, { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { getHeapStatistics, setFlagsFromString } from 'node:v8';

const majorMin = 24;

/** Of the main thread's young generation, which is three such halves. */
const semiSpace = '--max-semi-space-size=4';

/**
 * What an old generation gains before it is collected, in percent of what lives in it: here 100. What is made for a request
 * survives the young generation where answers take their time, and V8 waits for up to 300 % where a heap may grow to 2 GiB;
 * where it may not, V8's own bound is lower than this one.
 */
const heapGrowth = '--heap-growing-percent';
const LARGE_HEAP_BYTES = 2 * 2 ** 30;

/** Code as V8 compiled it, for the next start: beside the program, where only those write who may change it. */
const compiledFolder = fileURLToPath(new URL('../../.compiled', import.meta.url));

/** glibc would keep what each of a dozen threads has freed for that thread alone. Whoever sets these knows better. */
const surroundings = () => ({ MALLOC_ARENA_MAX: '2', NODE_COMPILE_CACHE: compiledFolder, ...process.env });

/**
 * On a Node older than 24: runs this program again under the Node 24 that npm brought with it, and ends as that ends.
 * False when there is nothing to hand over.
 */
export function handOverToNewerNode(): boolean {
  if (Number(process.versions.node.split('.')[0]) >= majorMin) return false;
  const node = bundledNode();
  if (node === undefined) {
    process.stderr.write(
      `Weft needs Node ${majorMin} or later. This is ${process.version}, and npm brought no other for ` +
        `${process.platform} ${process.arch} (an optional package).\n`,
    );
    process.exit(1);
  }
  const child = spawn(node, [semiSpace, ...process.argv.slice(1)], { stdio: 'inherit', env: surroundings() });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal));
  child.once('error', (error) => {
    process.stderr.write(`${node}: ${error.message}\n`);
    process.exit(1);
  });
  child.once('exit', (code) => process.exit(code ?? 1));
  return true;
}

/**
 * Bounds what `--memory` knows nothing of: the garbage in old generations, the young generation of this thread, which V8 lets
 * grow to 48 MB and more, and the arenas of malloc. The last two take their bounds at the start alone, so the program begins
 * once more in the same process; where the system has no such call, or whoever started Node gave it options, they stay as they
 * are. Threads that start later have young generations of bounds of their own.
 */
export function boundHeaps(): void {
  const isChosen = process.execArgv.some((flag) => flag.startsWith(heapGrowth));
  if (!isChosen && getHeapStatistics().heap_size_limit >= LARGE_HEAP_BYTES) setFlagsFromString(`${heapGrowth}=100`);
  if (process.execArgv.includes(semiSpace)) {
    // It would stand above what each thread is given.
    setFlagsFromString('--max-semi-space-size=0');
    return;
  }
  const isPlain = process.execArgv.length === 0 && process.env['NODE_OPTIONS'] === undefined;
  if (isPlain && process.send === undefined && process.platform !== 'win32') {
    process.execve?.(process.execPath, [process.execPath, semiSpace, ...process.argv.slice(1)], surroundings());
  }
}

/** Until then a thread has loaded all of its code, which has run for a while; and clients come first. */
const keepCompiledMs = 1000;

/**
 * Writes what this thread has compiled, a second from now, for the next start. Node does that when a thread ends, which one that is
 * killed never does. A folder that cannot be written makes starts slower, nothing else.
 */
export function keepCompiled(): void {
  // Since Node 22.
  setTimeout(() => Module.flushCompileCache?.(), keepCompiledMs).unref();
}

/**
 * Keeps the process alive until what is returned runs. The world's timers keep nothing alive, and an agent that waits for its
 * store to have a better moment may have nothing else.
 */
export function stayAlive(): () => void {
  const timer = setInterval(() => {}, 2 ** 30);
  return () => clearInterval(timer);
}

function bundledNode(): string | undefined {
  const require = createRequire(import.meta.url);
  for (const name of [`node-${process.platform}-${process.arch}`, `node-bin-${process.platform}-${process.arch}`]) {
    try {
      const node = join(dirname(require.resolve(`${name}/package.json`)), 'bin/node');
      if (existsSync(node)) return node;
    } catch {
      // Not for this platform: the next name, or none.
    }
  }
  return undefined;
}

/** A small text file. Throws with the system's code. */
export function readTextFile(path: string | URL): string {
  return readFileSync(path, 'utf8');
}

export function coreCount(): number {
  return availableParallelism();
}
