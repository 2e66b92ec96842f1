// The disk as the world gives it: what src/world/world.ts promises of `Files`, on the machine's own file system.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { constants, hostname } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { wholeFiles } from '../../native-bindings/bindings.js';
import { realProcesses } from '../../src/world/process-identity.js';
import { realFiles } from '../../src/world/real-files.js';
import { root, scratchFolder } from '../processes/agent.js';

const files = realFiles();
/** A file whose size is more than there is to read. */
const saysMore = '/sys/kernel/mm/transparent_hugepage/enabled';
const bindings = join(root, 'dist/native-bindings/bindings.js');
let scratch: ReturnType<typeof scratchFolder>;
let folder: string;
beforeEach(() => {
  scratch = scratchFolder('files');
  folder = scratch.path;
});
afterEach(() => scratch.remove());

test('folders are made with their parents, again and again, but not over a file', async () => {
  await files.makeFolder(`${folder}/a/b/c`);
  await files.makeFolder(`${folder}/a/b/c`);
  await realFiles().makeFolder(`${folder}/a/b/c/d`);
  writeFileSync(`${folder}/a/file`, '');
  await expect(files.makeFolder(`${folder}/a/file`)).rejects.toMatchObject({ code: 'EEXIST' });
  await expect(files.makeFolder(`${folder}/a/file/b`)).rejects.toMatchObject({ code: 'EEXIST' });
  expect((await files.list(`${folder}/a`)).toSorted((a, b) => (a.name < b.name ? -1 : 1))).toEqual([
    { name: 'b', isFolder: true },
    { name: 'file', isFolder: false },
  ]);
});

test('slices are written in order at their position, more of them than one call takes', async () => {
  const file = await files.create(`${folder}/file`);
  const slices = Array.from({ length: 3_000 }, (_, i) => Uint8Array.of(i & 0xff, i >> 8).subarray(i % 3 === 0 ? 2 : 0));
  const shared = new Uint8Array(new SharedArrayBuffer(100_000)).fill(9);
  await file.write([shared, ...slices], 5);
  await file.sync();
  const expected = Buffer.concat([Buffer.alloc(5), shared, ...slices]);
  expect(await file.size()).toBe(expected.length);
  await file.close();
  expect(Buffer.compare(readFileSync(`${folder}/file`), expected)).toBe(0);
  const again = await files.open(`${folder}/file`);
  const into = new Uint8Array(new SharedArrayBuffer(8));
  expect(await again.read(into, 3)).toBe(8);
  expect([...into]).toEqual([0, 0, 9, 9, 9, 9, 9, 9]);
  expect(await again.read(into, expected.length - 3)).toBe(3);
  expect(await again.read(into, expected.length)).toBe(0);
  await again.close();
});

// Without the native part no file is.
describe.runIf(wholeFiles !== undefined)('a file that is created whole', () => {
  const whole = realFiles(wholeFiles).createWhole!;

  test('has all slices in order, more of them than one call takes, and leaves no scratch file', async () => {
    const slices = Array.from({ length: 3_000 }, (_, i) =>
      Uint8Array.of(i & 0xff, i >> 8).subarray(i % 3 === 0 ? 2 : 0),
    );
    const shared = new Uint8Array(new SharedArrayBuffer(3_000_000)).fill(9);
    expect(await whole(`${folder}/scratch`, `${folder}/file`, [shared, ...slices])).toBeUndefined();
    expect(Buffer.compare(readFileSync(`${folder}/file`), Buffer.concat([shared, ...slices]))).toBe(0);
    expect(readdirSync(folder)).toEqual(['file']);
  });

  test('says what failed and how far it had got', async () => {
    const body = [Uint8Array.of(1)];
    writeFileSync(`${folder}/taken`, 'before');
    expect(await whole(`${folder}/scratch`, `${folder}/taken`, body)).toMatchObject({
      step: 'link',
      error: { code: 'EEXIST' },
    });
    expect(await whole(`${folder}/scratch`, `${folder}/none/file`, body)).toMatchObject({
      step: 'link',
      error: { code: 'ENOENT' },
    });
    expect(await whole(`${folder}/none/scratch`, `${folder}/file`, body)).toMatchObject({
      step: 'write',
      error: { code: 'ENOENT' },
    });
    // A scratch file of somebody else's is neither written nor removed.
    expect(await whole(`${folder}/taken`, `${folder}/file`, body)).toMatchObject({
      step: 'write',
      error: { code: 'EEXIST' },
    });
    expect(readdirSync(folder)).toEqual(['taken']);
    expect(readFileSync(`${folder}/taken`, 'utf8')).toBe('before');
  });

  test('that does not fit has no name, and no scratch file either', () => {
    // A limit on file sizes stands in for a full disk: some of the bytes are taken, then no more.
    const script = `const { wholeFiles } = await import(${JSON.stringify(bindings)});
      process.on('SIGXFSZ', () => {});
      const body = [new Uint8Array(1 << 20)];
      console.log(await wholeFiles.createWhole('${folder}/scratch', '${folder}/file', '${folder}', body));`;
    const output = execFileSync('bash', [
      '-c',
      'ulimit -f 64; exec "$0" --input-type=module -e "$1"',
      process.execPath,
      script,
    ]);
    expect(Number(output)).toBe((1 << 16) | constants.errno.EFBIG);
    expect(readdirSync(folder)).toEqual([]);
  });

  test('asked for nonsense, throws', () => {
    expect(() => wholeFiles!.createWhole('a', 'b', 'c', ['d' as never])).toThrow(TypeError);
    expect(() => wholeFiles!.createWhole(`${folder}/a`, `${folder}/b\0`, folder, [])).toThrow(TypeError);
  });
});

// Without the native part none is.
describe.runIf(wholeFiles !== undefined)('a file that is read whole', () => {
  const whole = realFiles(wholeFiles).readWhole!;

  test.each([0, 1, 4_096, 6_000, 1_048_576])('has its %i bytes', async (length) => {
    const bytes = new Uint8Array(length).map((_, i) => (i * 31 + (i >> 8)) & 0xff);
    writeFileSync(`${folder}/file`, bytes);
    const read = await whole(`${folder}/file`);
    expect(read).toBeInstanceOf(Uint8Array);
    expect(Buffer.compare(read as Uint8Array, bytes)).toBe(0);
  });

  test('is not longer than one turn should take', async () => {
    writeFileSync(`${folder}/file`, new Uint8Array(1_048_577));
    expect(await whole(`${folder}/file`)).toBe('long');
  });

  // What the system tells of itself there says a page and holds less.
  test.runIf(existsSync(saysMore))('that ends before its size became shorter', async () => {
    expect(await whole(saysMore)).toBe('shorter');
  });

  test('that cannot be has the code of the system', async () => {
    writeFileSync(`${folder}/file`, '');
    symlinkSync('itself', `${folder}/itself`);
    await expect(whole(`${folder}/none`)).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(whole(`${folder}/file/below`)).rejects.toMatchObject({ code: 'ENOTDIR' });
    await expect(whole(`${folder}/itself`)).rejects.toMatchObject({ code: 'ELOOP' });
    await expect(whole(`${folder}/${'n'.repeat(300)}`)).rejects.toMatchObject({ code: 'ENAMETOOLONG' });
  });

  test.each([
    ['a', -1],
    ['a', 2 ** 31],
    ['a', '1' as never],
    ['a\0b', 1],
    [1 as never, 1],
  ])('asked for %j and at most %j bytes, throws', (path, bytesMax) => {
    expect(() => wholeFiles!.readWhole(path, bytesMax)).toThrow(TypeError);
  });

  // Nobody takes what these read; its memory would be five times what is allowed here.
  test.runIf(process.platform === 'linux')(
    'for a thread that ends meanwhile leaves neither memory nor open files',
    () => {
      writeFileSync(`${folder}/file`, new Uint8Array(1_048_576));
      const script = `import { readdirSync } from 'node:fs';
      import { Worker } from 'node:worker_threads';
      const { wholeFiles } = await import(${JSON.stringify(bindings)});
      const inThread = \`import(${JSON.stringify(bindings)}).then(({ wholeFiles }) => {
        for (let i = 0; i < 100; i++) wholeFiles.readWhole('${folder}/file', 1 << 20);
        process.exit();
      })\`;
      const threads = async (count) => {
        for (let i = 0; i < count; i++) {
          const thread = new Worker(inThread, { eval: true });
          await new Promise((resolve) => thread.on('exit', resolve));
        }
      };
      const held = () => ({ bytes: process.memoryUsage.rss(), files: readdirSync('/proc/self/fd').length });
      await threads(2);
      const before = held();
      await threads(10);
      const after = held();
      const { length } = await wholeFiles.readWhole('${folder}/file', 1 << 20);
      console.log(JSON.stringify({ length, bytes: after.bytes - before.bytes, files: after.files - before.files }));`;
      const output = execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
      const { length, bytes, files } = JSON.parse(output);
      expect({ length, files }).toEqual({ length: 1_048_576, files: 0 });
      expect(bytes).toBeLessThan(200_000_000);
    },
  );
});

test('errors carry the code of the system', async () => {
  writeFileSync(`${folder}/a`, 'a');
  writeFileSync(`${folder}/b`, 'b');
  await expect(files.create(`${folder}/a`)).rejects.toMatchObject({ code: 'EEXIST' });
  await expect(files.open(`${folder}/c`)).rejects.toMatchObject({ code: 'ENOENT' });
  await expect(files.link(`${folder}/a`, `${folder}/b`)).rejects.toMatchObject({ code: 'EEXIST' });
  await expect(files.list(`${folder}/c`)).rejects.toMatchObject({ code: 'ENOENT' });
  await expect(files.remove(`${folder}/c`)).rejects.toMatchObject({ code: 'ENOENT' });
  await files.rename(`${folder}/a`, `${folder}/b`);
  await files.syncFolder(folder);
  expect(readFileSync(`${folder}/b`, 'utf8')).toBe('a');
});

describe('a lock', () => {
  const path = (): string => join(folder, 'lock');

  test('is held once in a process, until it is released, any number of times', async () => {
    for (let i = 0; i < 3; i += 1) {
      const lock = await files.lock(path());
      expect(lock).toBeDefined();
      expect(await files.lock(path())).toBeUndefined();
      expect(await realFiles().lock(path())).toBeUndefined();
      await lock!.release();
    }
    expect(readdirSync(folder)).toHaveLength(1);
  });

  test('has one winner among many at once', async () => {
    for (let i = 0; i < 10; i += 1) {
      const locks = await Promise.all(Array.from({ length: 10 }, () => files.lock(path())));
      const [winner, ...others] = locks.filter((lock) => lock !== undefined);
      expect(others).toEqual([]);
      expect(winner).toBeDefined();
      await winner!.release();
    }
  });

  /** A process that takes the lock and says whether it has it. */
  async function taker(): Promise<{ readonly process: ChildProcess; readonly has: boolean }> {
    const script = `
      const { realFiles } = await import(${JSON.stringify(join(root, 'dist/src/world/real-files.js'))});
      console.log(await realFiles().lock(${JSON.stringify(path())}) === undefined ? 'no' : 'yes');
      setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [answer] = (await once(child.stdout!, 'data')) as [Buffer];
    return { process: child, has: answer.toString().trim() === 'yes' };
  }
  async function kill({ process: child }: { readonly process: ChildProcess }): Promise<void> {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }

  test('of another process holds while it lives, and is taken over once it was killed', async () => {
    const first = await taker();
    expect(first.has).toBe(true);
    const second = await taker();
    expect(second.has).toBe(false);
    expect(await files.lock(path())).toBeUndefined();
    await kill(second);
    expect(await files.lock(path())).toBeUndefined();
    await kill(first);
    const locks = await Promise.all(Array.from({ length: 10 }, () => files.lock(path())));
    expect(locks.filter((lock) => lock !== undefined)).toHaveLength(1);
  });

  const self = realProcesses().self;
  const holders: readonly { readonly what: string; readonly text: string; readonly free: boolean }[] = [
    { what: 'this very process', text: JSON.stringify(self), free: false },
    { what: 'an earlier process of our number', text: JSON.stringify({ ...self, processStart: 1 }), free: true },
    { what: 'a number that no process has', text: JSON.stringify({ ...self, processId: 2 ** 30 }), free: true },
    { what: 'this machine before its restart', text: JSON.stringify({ ...self, bootId: 'former' }), free: true },
    {
      what: 'this container before its restart',
      text: JSON.stringify({ ...self, host: `${hostname()} pid:[1]` }),
      free: true,
    },
    { what: 'another machine', text: JSON.stringify({ ...self, host: 'elsewhere' }), free: false },
    { what: 'no one knows whom', text: '{"host":', free: false },
    { what: 'no one', text: '', free: true },
  ];
  // Elsewhere a process is known by its host and number alone.
  test.runIf(process.platform === 'linux').each(holders)('held by $what: free is $free', async ({ text, free }) => {
    writeFileSync(`${path()}.7`, text);
    const lock = await files.lock(path());
    expect(lock !== undefined).toBe(free);
    expect(readdirSync(folder)).toEqual([free ? 'lock.8' : 'lock.7']);
  });

  // The pipe holds back the slow one between its look at lock.1 and its own file.
  test.runIf(process.platform === 'linux')(
    'that a slow successor takes late gives way to whoever came meanwhile',
    async () => {
      execFileSync('mkfifo', [`${path()}.1`]);
      const slow = files.lock(path());
      // Opens once there is a reader: it has looked.
      const pipe = await open(`${path()}.1`, 'w');
      writeFileSync(`${path()}.3`, JSON.stringify(self));
      await pipe.close();
      expect(await slow).toBeUndefined();
      expect(readdirSync(folder).toSorted()).toEqual(['lock.1', 'lock.3']);
    },
  );

  test('removes what lies below it', async () => {
    for (const number of [1, 2, 5]) writeFileSync(`${path()}.${number}`, '');
    writeFileSync(`${path()}.other`, '');
    expect(await files.lock(path())).toBeDefined();
    expect(readdirSync(folder).toSorted()).toEqual(['lock.6', 'lock.other']);
  });
});
