// The rules of the tree. Each takes a tree and says what breaks it, with the mend.
import {
  type Findings,
  isGenerated,
  type SourceFile,
  type SourceTree,
  withoutComments,
  withoutStrings,
} from './source-tree.js';

/** Floors from the ground up. A folder imports from lower floors and from itself. */
export const floors: readonly (readonly string[])[] = [
  ['bytes', 'world', 'telemetry', 'config'],
  ['protocol', 'records', 'segments', 'threads'],
  ['metadata'],
  ['objects', 'journal'],
  ['cluster'],
  ['cache'],
  ['ingest', 'fetch', 'groups', 'transactions', 'lifecycle'],
  ['server', 'console'],
];
const topFloor = floors.length;
/** Above it lie the engines; worker halves see of them only the messages of their own. */
const workersFloorMax = 5;

const floorOfFolder = new Map(floors.flatMap((folders, floor) => folders.map((folder) => [folder, floor] as const)));

interface Place {
  readonly top: string;
  /** The folder below src/ or workers/, '' for a file directly there. */
  readonly folder: string;
  readonly floor: number;
}

function placeOf(path: string): Place | undefined {
  const [top = '', second = '', third] = path.split('/');
  if (top === 'native-bindings') return { top, folder: '', floor: 0 };
  if (top !== 'src' && top !== 'workers') return undefined;
  if (third === undefined) return { top, folder: '', floor: topFloor };
  return { top, folder: second, floor: top === 'src' ? (floorOfFolder.get(second) ?? Number.NaN) : topFloor };
}

export function unknownFolders(tree: SourceTree): Findings {
  return [...tree.keys()]
    .filter((path) => Number.isNaN(placeOf(path)?.floor))
    .map(
      (path) =>
        `${path}: its folder has no floor. Put it into a folder that has one (docs/ARCHITECTURE.md, Floors), or give the new one a floor.`,
    );
}

/** Imports that break the rule and are right. */
const wideImports: readonly { readonly from: RegExp; readonly to: string; readonly because: string }[] = [
  {
    from: /^src\/journal\/drivers\//,
    to: 'src/objects/store.ts',
    because: 'one journal driver keeps its slots in an object store',
  },
];

export function importsGoDown(tree: SourceTree): Findings {
  return [...tree.values()].flatMap((file) =>
    file.imports.flatMap((target) => {
      const from = placeOf(file.path);
      const to = placeOf(target);
      if (from === undefined || to === undefined) return [];
      if (wideImports.some((known) => known.from.test(file.path) && known.to === target)) return [];
      const wrong = whyNot(from, to, target, file.path);
      return wrong === undefined ? [] : [`${file.path} imports ${target}: ${wrong}`];
    }),
  );
}

const noNative = new Set(['metadata', 'protocol']);

function whyNot(from: Place, to: Place, target: string, file: string): string | undefined {
  if (from.top === 'native-bindings')
    return to.top === from.top ? undefined : 'native-bindings stands below everything.';
  if (to.top === 'native-bindings') {
    if (noNative.has(from.folder))
      return `${from.folder} is pure. Let its caller pass in what the native part computes.`;
    return from.floor >= 1
      ? undefined
      : 'floor 0 does not know the native part. Move the code up to threads or records.';
  }
  if (to.top === 'workers' && from.top === 'src')
    return 'src never imports workers. What crosses belongs into src/X/messages.ts.';
  if (from.top === 'workers') return whyNotFromWorker(from, to, target, file);
  if (from.folder === to.folder || to.floor < from.floor) return undefined;
  const mend = 'Move what both need to a lower floor, or take it as a parameter with an interface of your own.';
  return to.floor === from.floor
    ? `sideways on floor ${to.floor}. ${mend}`
    : `up from floor ${from.floor} to ${to.floor}. ${mend}`;
}

function whyNotFromWorker(from: Place, to: Place, target: string, file: string): string | undefined {
  if (to.top === 'workers') {
    // What every entry does to build its real world lies directly in workers/.
    if (to.folder === '' && file.endsWith('/entry.ts')) return undefined;
    return from.folder === to.folder
      ? undefined
      : 'workers do not know one another. Move what both need to src, floor 0 to 5.';
  }
  if (to.floor <= workersFloorMax) return undefined;
  if (target === `src/${from.folder}/messages.ts`) return undefined;
  return `a worker half sees floors 0 to ${workersFloorMax} and src/${from.folder}/messages.ts. Say it in the messages, or move it down.`;
}

export function noCycles(tree: SourceTree): Findings {
  const findings: string[] = [];
  const done = new Set<string>();
  const visit = (path: string, trail: readonly string[]): void => {
    const at = trail.indexOf(path);
    if (at >= 0) {
      const cycle = [...trail.slice(at), path].join(' → ');
      findings.push(`cycle ${cycle}. Move what both ends need into a file of its own.`);
      return;
    }
    if (done.has(path)) return;
    for (const target of valueImports(tree.get(path))) if (tree.has(target)) visit(target, [...trail, path]);
    done.add(path);
  };
  for (const path of tree.keys()) visit(path, []);
  return findings;
}

/** Types alone make no cycle: they are gone when the code runs. */
function valueImports(file: SourceFile | undefined): readonly string[] {
  if (file === undefined) return [];
  const code = withoutComments(file.text).replace(/(?:import|export)\s+type\s[^'";]*?from\s*['"][^'"]+['"]/g, '');
  return file.imports.filter((target) => {
    const name = target.split('/').at(-1)?.replace(/\.ts$/, '') ?? target;
    return code.includes(`/${name}.js'`) || code.includes(`/${name}.js"`);
  });
}

const pureFolders = /^src\/(metadata|protocol|records|segments)\//;

export function pureFoldersKnowNoNode(tree: SourceTree): Findings {
  return [...tree.values()]
    .filter((file) => pureFolders.test(file.path))
    .flatMap((file) => file.imports.filter((target) => target.startsWith('node:')).map((target) => ({ file, target })))
    .map(
      ({ file, target }) =>
        `${file.path} imports ${target}: this folder is pure. Let a higher floor do it and pass in the result.`,
    );
}

/** Where clock, timers, randomness, sockets and disk may be touched. */
const outside = /^src\/(world|objects\/drivers|journal\/drivers)\//;

const worldModules =
  /^(node:)?(fs|fs\/promises|net|tls|dgram|dns|http|https|http2|timers|timers\/promises|crypto|child_process|perf_hooks|inspector|os)$/;

/** What of node:crypto only computes. */
const pureCrypto = new Set(['createHash', 'createHmac', 'hash', 'timingSafeEqual']);

function takesOnlyPureCrypto(code: string): boolean {
  const clauses = [...code.matchAll(/import\s*\{([^}]*)\}\s*from\s*'node:crypto'/g)];
  const names = clauses
    .flatMap(([, names = '']) => names.split(',').map((name) => name.trim()))
    .filter((name) => name !== '');
  return names.length > 0 && names.every((name) => pureCrypto.has(name.replace(/^type /, '')));
}

const forbiddenCalls: readonly (readonly [RegExp, string])[] = [
  [/\bDate\.now\b|\bnew Date\(\s*\)|\bDate\(\s*\)/, 'world.clock.wallMs()'],
  [/\bperformance\.(now|timeOrigin)\b|\bprocess\.(hrtime|uptime)\b/, 'world.clock.monotonicMs()'],
  [/(?<![.\w])(setTimeout|setInterval)\(/, 'world.timers.after()'],
  [/(?<![.\w])(setImmediate|queueMicrotask)\(|\bprocess\.nextTick\(/, 'world.timers.soon()'],
  [/\bMath\.random\b|\bcrypto\.(randomBytes|randomUUID|getRandomValues|randomInt|randomFill)/, 'world.random'],
  [/(?<![.\w])fetch\(\s*['"`]http|\bnew (WebSocket|EventSource)\(/, 'world.net or a store driver'],
];

export function onlyTheWorldTouchesTheOutside(tree: SourceTree): Findings {
  return [...tree.values()]
    .filter((file) => /^(src|workers)\//.test(file.path) && !outside.test(file.path))
    .flatMap((file) => {
      const code = withoutComments(file.text);
      const modules = file.imports
        .filter((target) => worldModules.test(target))
        .filter((target) => target !== 'node:crypto' || !takesOnlyPureCrypto(code))
        .map((target) => `${file.path} imports ${target}: only src/world and store drivers do. Take it from world.`);
      const calls = forbiddenCalls.flatMap(([call, mend]) =>
        code.split('\n').flatMap((line, index) => {
          const found = call.exec(line)?.[0];
          return found === undefined ? [] : [`${file.path}:${index + 1} uses ${found.trim()}: use ${mend}.`];
        }),
      );
      return [...modules, ...calls];
    });
}

const linesMax = 400;

export function filesAreShort(tree: SourceTree): Findings {
  return [...tree.values()]
    .filter((file) => !isGenerated(file.path))
    .map((file) => ({ file, lines: file.text.trimEnd().split('\n').length }))
    .filter(({ lines }) => lines > linesMax)
    .map(
      ({ file, lines }) =>
        `${file.path} has ${lines} lines, more than ${linesMax}. Split it where its subject divides.`,
    );
}

const emptyNames = /^(utils?|helpers?|common|misc|core|managers?|shared|stuff|index)$|-(utils?|helpers?|managers?)$/;

export function namesSaySomething(tree: SourceTree): Findings {
  return [...tree.keys()].flatMap((path) => {
    const empty = path
      .split('/')
      .map((part) => part.replace(/(\.test)?\.\w+$/, ''))
      .find((part) => emptyNames.test(part));
    return empty === undefined
      ? []
      : [`${path}: '${empty}' says nothing. Name it after what it does, in the words of docs/GLOSSARY.md.`];
  });
}

const numbered = /(?:^|\/)(\d\d)-([a-z-]+?)(?:\.test)?\.ts$/;
const numberedFolders = ['src/protocol/schema/', 'src/server/handlers/', 'test/conformance/'];

export function oneApiOneNumber(tree: SourceTree): Findings {
  const findings: string[] = [];
  const names = new Map<string, { readonly name: string; readonly path: string }>();
  for (const folder of numberedFolders) {
    for (const path of tree.keys()) {
      const match = path.startsWith(folder) ? numbered.exec(path) : null;
      if (match === null) continue;
      const [, number = '', name = ''] = match;
      const known = names.get(number);
      if (known === undefined) names.set(number, { name, path });
      else if (known.name !== name)
        findings.push(`${path}: ${number} is '${known.name}' in ${known.path}. Use the same number and name.`);
    }
  }
  return findings;
}

export function handlersHaveDefinitions(tree: SourceTree): Findings {
  const numbers = (folder: string) =>
    [...tree.keys()].flatMap((path) => (path.startsWith(folder) ? (numbered.exec(path)?.[1] ?? []) : []));
  const defined = new Set(numbers('src/protocol/schema/'));
  return [...new Set(numbers('src/server/handlers/'))]
    .filter((number) => !defined.has(number))
    .map((number) => `src/server/handlers/${number}-*.ts has no definition. Add src/protocol/schema/${number}-….ts.`);
}

/** `.only` hides other tests; `.skip`, `.runIf` and the like need their reason in a comment on the line before. */
export function noTestIsHidden(tree: SourceTree): Findings {
  return [...tree.values()]
    .filter((file) => file.path.endsWith('.test.ts'))
    .flatMap((file) => {
      const code = withoutStrings(withoutComments(file.text)).split('\n');
      const text = file.text.split('\n');
      return code.flatMap((line, index) => {
        const where = `${file.path}:${index + 1}`;
        if (/(\b(test|it|describe)|\))(\.\w+)*\.only\b/.test(line)) return [`${where} has .only. Take it out.`];
        const hidden = /(\b(test|it|describe)|\))(\.\w+)*\.(skip|skipIf|runIf|todo|fails)\b/.exec(line)?.[4];
        if (hidden === undefined || /^\s*\/\//.test(text[index - 1] ?? '')) return [];
        return [
          `${where} has .${hidden} without a reason. Run it, or give the reason in a comment on the line before.`,
        ];
      });
    });
}
