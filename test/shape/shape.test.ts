// The shape of the tree is kept by tests. Each finding says how to mend it.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import * as rules from './rules.js';
import { type Findings, readTree, type SourceTree, treeOf } from './source-tree.js';

const code = readTree(['src/**/*.ts', 'workers/**/*.ts', 'native-bindings/**/*.ts']);
const everything = readTree(['{src,workers,native-bindings,bench,profiles,test}/**/*.ts', 'scripts/**/*.js']);

interface Rule {
  readonly name: string;
  readonly find: (tree: SourceTree) => Findings;
  readonly tree: SourceTree;
  /** Small trees that break the rule, with a piece of what is found. */
  readonly planted: readonly (readonly [Readonly<Record<string, string>>, string])[];
  /** A small tree that does not. */
  readonly allowed: Readonly<Record<string, string>>;
}

const table: readonly Rule[] = [
  {
    name: 'every folder has a floor',
    find: rules.unknownFolders,
    tree: code,
    planted: [[{ 'src/extras/a.ts': '' }, 'has no floor']],
    allowed: { 'src/bytes/a.ts': '', 'src/main.ts': '', 'workers/ingest/run.ts': '' },
  },
  {
    name: 'imports go down',
    find: rules.importsGoDown,
    tree: code,
    planted: [
      [{ 'src/bytes/a.ts': "import { b } from '../metadata/b.js';" }, 'up from floor 0 to 2'],
      [{ 'src/fetch/a.ts': "import { b } from '../ingest/b.js';" }, 'sideways on floor 6'],
      [{ 'src/fetch/a.ts': "import type { B } from '../ingest/b.js';" }, 'sideways on floor 6'],
      [{ 'src/fetch/a.ts': "export * from '../server/b.js';" }, 'up from floor 6 to 7'],
      [{ 'src/cache/a.ts': "const b = await import('../agent.js');" }, 'up from floor 5 to 8'],
      [{ 'src/ingest/a.ts': "import '../../workers/ingest/run.js';" }, 'src never imports workers'],
      [
        { 'workers/ingest/run.ts': "import { a } from '../../src/ingest/engine.js';" },
        'a worker half sees floors 0 to 5',
      ],
      [
        { 'workers/ingest/run.ts': "import { a } from '../../src/fetch/messages.js';" },
        'a worker half sees floors 0 to 5',
      ],
      [{ 'workers/ingest/run.ts': "import { a } from '../leader/run.js';" }, 'workers do not know one another'],
      [{ 'workers/ingest/run.ts': "import { a } from '../surroundings.js';" }, 'workers do not know one another'],
      [{ 'src/metadata/a.ts': "import { crc32c } from '../../native-bindings/native.js';" }, 'metadata is pure'],
      [{ 'src/bytes/a.ts': "import { crc32c } from '../../native-bindings/native.js';" }, 'floor 0 does not know'],
      [{ 'native-bindings/native.ts': "import { a } from '../src/bytes/a.js';" }, 'stands below everything'],
    ],
    allowed: {
      'src/main.ts': "import { a } from './agent.js';\nimport { b } from './server/b.js';",
      'src/metadata/a.ts':
        "// import { x } from '../server/x.js'\nimport {\n  b,\n} from '../bytes/b.js';\nimport { c } from './c.js';",
      'src/records/a.ts': "import { crc32c } from '../../native-bindings/native.js';",
      'workers/ingest/run.ts':
        "import { a } from '../../src/ingest/messages.js';\nimport { b } from '../../src/cache/b.js';",
    },
  },
  {
    name: 'no cycles',
    find: rules.noCycles,
    tree: code,
    planted: [
      [
        {
          'src/a.ts': "import { b } from './b.js';",
          'src/b.ts': "export { c } from './c.js';",
          'src/c.ts': "import { a } from './a.js';",
        },
        'src/a.ts → src/b.ts → src/c.ts → src/a.ts',
      ],
    ],
    allowed: { 'src/a.ts': "import { b } from './b.js';", 'src/b.ts': "import type { A } from './a.js';" },
  },
  {
    name: 'metadata, protocol, records and segments know nothing of Node',
    find: rules.pureFoldersKnowNoNode,
    tree: code,
    planted: ['metadata', 'protocol', 'records', 'segments'].map((folder) => [
      { [`src/${folder}/deep/a.ts`]: "import { Buffer } from 'node:buffer';" },
      'imports node:buffer',
    ]),
    allowed: { 'src/threads/a.ts': "import { Worker } from 'node:worker_threads';" },
  },
  {
    name: 'only the world and store drivers touch clock, timers, randomness, sockets and disk',
    find: rules.onlyTheWorldTouchesTheOutside,
    tree: code,
    planted: [
      [{ 'src/fetch/a.ts': 'const at = Date.now();' }, 'src/fetch/a.ts:1 uses Date.now: use world.clock.wallMs()'],
      [{ 'src/fetch/a.ts': '\nconst at = new Date();' }, 'src/fetch/a.ts:2 uses new Date()'],
      [{ 'src/fetch/a.ts': 'performance.now()' }, 'world.clock.monotonicMs()'],
      [{ 'workers/leader/run.ts': 'process.hrtime.bigint()' }, 'world.clock.monotonicMs()'],
      [{ 'src/fetch/a.ts': 'setTimeout(run, 5)' }, 'world.timers.after()'],
      [{ 'src/fetch/a.ts': 'setImmediate(run)' }, 'world.timers.soon()'],
      [{ 'src/fetch/a.ts': 'process.nextTick(run)' }, 'world.timers.soon()'],
      [{ 'src/fetch/a.ts': 'queueMicrotask(run)' }, 'world.timers.soon()'],
      [{ 'src/fetch/a.ts': 'Math.random()' }, 'world.random'],
      [{ 'src/fetch/a.ts': 'crypto.getRandomValues(a)' }, 'world.random'],
      [{ 'src/fetch/a.ts': "import { readFile } from 'node:fs/promises';" }, 'imports node:fs/promises'],
      [{ 'workers/ingest/run.ts': "import net from 'node:net';" }, 'imports node:net'],
      [{ 'src/console/a.ts': "import { createServer } from 'http';" }, 'imports http'],
      [{ 'src/server/a.ts': "import { createHash, randomBytes } from 'node:crypto';" }, 'imports node:crypto'],
      [{ 'src/server/a.ts': "const { randomBytes } = await import('node:crypto');" }, 'imports node:crypto'],
    ],
    allowed: {
      'src/world/real-files.ts': "import fs from 'node:fs';\nDate.now();",
      'src/cluster/a.ts': "import { createHash } from 'node:crypto';",
      'src/objects/drivers/s3.ts': "import { Agent } from 'node:https';",
      'src/fetch/a.ts':
        '// Date.now() is forbidden\nworld.timers.after(5, run); this.setTimeout(1); new Date(atMs); timer.fetch();',
    },
  },
  {
    name: 'files are short',
    find: rules.filesAreShort,
    tree: everything,
    planted: [[{ 'src/bytes/a.ts': 'a();\n'.repeat(401) }, 'has 401 lines']],
    allowed: { 'src/bytes/a.ts': 'a();\n'.repeat(400), 'src/metadata/journal.wire.ts': 'a();\n'.repeat(4000) },
  },
  {
    name: 'names say something',
    find: rules.namesSaySomething,
    tree: everything,
    planted: [
      'src/bytes/utils.ts',
      'src/helpers/a.ts',
      'test/unit/common.ts',
      'src/misc.ts',
      'src/core/a.ts',
      'src/bytes/index.ts',
      'src/groups/manager.ts',
      'src/groups/group-manager.ts',
      'scripts/util.js',
      'test/unit/helper.test.ts',
    ].map((path) => [{ [path]: '' }, 'says nothing']),
    allowed: { 'src/segments/segment-index.ts': '', 'src/server/handlers/index-of.ts': '' },
  },
  {
    name: 'one API has one number and name everywhere',
    find: rules.oneApiOneNumber,
    tree: everything,
    planted: [
      [{ 'src/protocol/schema/01-fetch.ts': '', 'src/server/handlers/01-list-offsets.ts': '' }, "01 is 'fetch'"],
      [{ 'src/server/handlers/03-metadata.ts': '', 'test/conformance/03-fetch.test.ts': '' }, "03 is 'metadata'"],
    ],
    allowed: {
      'src/protocol/schema/01-fetch.ts': '',
      'src/server/handlers/01-fetch.ts': '',
      'test/conformance/deep/01-fetch.test.ts': '',
    },
  },
  {
    name: 'every handler has a definition',
    find: rules.handlersHaveDefinitions,
    tree: everything,
    planted: [[{ 'src/server/handlers/09-offset-fetch.ts': '' }, 'src/server/handlers/09-*.ts has no definition']],
    allowed: { 'src/server/handlers/09-offset-fetch.ts': '', 'src/protocol/schema/09-offset-fetch.ts': '' },
  },
  {
    name: 'no test is hidden',
    find: rules.noTestIsHidden,
    tree: everything,
    planted: [
      [{ 'test/unit/a.test.ts': "test.only('a', () => {});" }, 'has .only'],
      [{ 'test/unit/a.test.ts': "describe.each([1]).only('a', () => {});" }, 'has .only'],
      [{ 'test/unit/a.test.ts': "\ntest.skip('a', () => {});" }, 'test/unit/a.test.ts:2 has .skip without a reason'],
      [{ 'test/unit/a.test.ts': "describe.skipIf(true)('a', () => {});" }, 'has .skipIf without a reason'],
      [{ 'test/unit/a.test.ts': "test.runIf(linux).each([1])('a', () => {});" }, 'has .runIf without a reason'],
      [{ 'test/unit/a.test.ts': "it.todo('a');" }, 'has .todo'],
    ],
    allowed: {
      'test/unit/a.test.ts': "// The platform has no links.\ntest.skipIf(windows)('a', () => {});\n// test.only('x')",
    },
  },
];

test.each(table)('$name', ({ find, tree }) => {
  expect(tree.size).toBeGreaterThan(10);
  expect(find(tree).join('\n')).toBe('');
});

test.each(table)('planted faults are found: $name', ({ find, planted, allowed }) => {
  for (const [texts, expected] of planted) {
    const findings = find(treeOf(texts));
    expect(findings, JSON.stringify(texts)).toHaveLength(1);
    expect(findings[0]).toContain(expected);
  }
  expect(find(treeOf(allowed))).toEqual([]);
});

/** The generated files of a checkout that differ from what `npm run proto` makes of its proto/. */
function staleWireFiles(root: string): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'weft-proto-'));
  try {
    const wire = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.wire.ts'),
    );
    cpSync(join(root, 'proto'), join(folder, 'proto'), { recursive: true });
    cpSync('scripts/proto.js', join(folder, 'scripts/proto.js'));
    for (const name of wire) mkdirSync(join(folder, 'src', name, '..'), { recursive: true });
    const path = `${resolve('node_modules/.bin')}:${process.env['PATH']}`;
    execFileSync(process.execPath, ['scripts/proto.js'], { cwd: folder, env: { ...process.env, PATH: path } });
    const text = (base: string, name: string) => readFileSync(join(base, 'src', name), 'utf8');
    return wire.filter((name) => text(root, name) !== text(folder, name));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('generated code is fresh', () => {
  expect(staleWireFiles('.'), 'run `npm run proto`').toEqual([]);
});

test('planted faults are found: generated code is fresh', () => {
  const root = mkdtempSync(join(tmpdir(), 'weft-stale-'));
  try {
    cpSync('proto', join(root, 'proto'), { recursive: true });
    for (const path of everything.keys()) if (path.endsWith('.wire.ts')) cpSync(path, join(root, path));
    const proto = join(root, 'proto/boundary.proto');
    const changed = readFileSync(proto, 'utf8').replace(/}\s*$/, '  uint64 planted = 1000;\n}\n');
    expect(changed).toContain('planted');
    writeFileSync(proto, changed);
    expect(staleWireFiles(root)).toEqual(['journal/boundary.wire.ts']);
  } finally {
    rmSync(root, { recursive: true });
  }
});
