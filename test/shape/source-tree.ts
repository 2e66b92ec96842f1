// The source tree as the shape tests see it: files, their text, what they import.
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

export interface SourceFile {
  /** From the root, with slashes: src/config/parse.ts */
  readonly path: string;
  readonly text: string;
  /** Modules named by import, export … from and import(): as resolved paths when relative (…/x.ts), else as written. */
  readonly imports: readonly string[];
}

export type SourceTree = ReadonlyMap<string, SourceFile>;

/** What is wrong and how to mend it, one line per finding; empty when all is well. */
export type Findings = readonly string[];

export const isGenerated = (path: string): boolean => path.endsWith('.wire.ts');

/** A tree from texts: for the planted faults of the shape tests' own tests. */
export function treeOf(texts: Readonly<Record<string, string>>): SourceTree {
  const files = Object.entries(texts).map(([path, text]) => ({ path, text, imports: importsOf(path, text) }));
  return new Map(files.map((file) => [file.path, file]));
}

/** The checkout's own code. Tests run in its root. */
export function readTree(globs: readonly string[]): SourceTree {
  if (!existsSync('tsconfig.json')) throw new Error('Shape tests run in the root of the checkout');
  const paths = globs.flatMap((glob) => globSync(glob)).map((path) => path.replaceAll('\\', '/'));
  return treeOf(Object.fromEntries(paths.map((path) => [path, readFileSync(path, 'utf8')])));
}

function importsOf(path: string, text: string): string[] {
  const code = withoutComments(text);
  const named = [...code.matchAll(/(?:^|[\s;}])(?:import|export)\s[^'";]*?from\s*['"]([^'"]+)['"]/g)];
  const bare = [...code.matchAll(/(?:^|[\s;}])import\s*['"]([^'"]+)['"]/g)];
  const dynamic = [...code.matchAll(/\bimport\(\s*['"]([^'"]+)['"]\s*\)/g)];
  return [...named, ...bare, ...dynamic].map((match) => resolveImport(path, match[1]!));
}

function resolveImport(from: string, specifier: string): string {
  if (!specifier.startsWith('.')) return specifier;
  return normalize(join(dirname(from), specifier))
    .replaceAll('\\', '/')
    .replace(/\.js$/, '.ts');
}

const stringOrComment = /'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`|\/\*[\s\S]*?\*\/|\/\/[^\n]*/g;

function blank(text: string): string {
  return text.replace(/[^\n]/g, ' ');
}

/** The text with comments blanked out, lines kept. Strings stay as they are. */
export function withoutComments(text: string): string {
  return text.replace(stringOrComment, (part) => (part.startsWith('/') ? blank(part) : part));
}

/** The text with strings blanked out, lines kept. */
export function withoutStrings(text: string): string {
  return text.replace(stringOrComment, (part) => (part.startsWith('/') ? part : blank(part)));
}
