import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../processes/agent.js';
import { commandClient } from './command-client.js';
import type { ClientDriver, Compression } from './driver.js';

const libraries = join(root, '.cache/setup/java/lib');
const program = sourceOf('WeftClient');
const sources = [program, sourceOf('RegexMember')];
const classes = classesOf(sources, libraries);
/** What a run of a Java tool needs before its main class. */
export const javaWords: readonly string[] = wordsOf(classes, libraries);

/** Kafka's own clients, 4.3.1. */
export const java = commandClient('java', ['none', 'gzip', 'snappy', 'lz4', 'zstd'], [...javaWords, 'WeftClient']);

/** Compiles the Java programs, unless they are compiled already. */
export function compileJava(): void {
  compile(sources, classes, libraries);
}

/** An older version of the Java client (scripts/parts.js has which), with the same program compiled against it. */
export function oldJava(version: string, compressions: readonly Compression[]): ClientDriver {
  const oldLibraries = join(root, '.cache/setup/java-old', version);
  const oldClasses = classesOf([program], oldLibraries);
  compile([program], oldClasses, oldLibraries);
  return commandClient(`java-${version}`, compressions, [...wordsOf(oldClasses, oldLibraries), 'WeftClient']);
}

function sourceOf(name: string): string {
  return join(root, 'test/clients/java', `${name}.java`);
}

function wordsOf(classFolder: string, jars: string): string[] {
  return ['java', '-Xmx256m', '-XX:TieredStopAtLevel=1', '-cp', `${classFolder}:${join(jars, '*')}`];
}

/** A folder of its own for what these sources become with these jars. */
function classesOf(paths: readonly string[], jars: string): string {
  const digest = createHash('sha256').update(jars);
  for (const path of paths) digest.update(readFileSync(path));
  return join(root, '.cache/java-classes', digest.digest('hex').slice(0, 16));
}

/** Test files run side by side: the folder appears with everything in it, whoever is first. */
function compile(paths: readonly string[], classFolder: string, jars: string): void {
  if (existsSync(classFolder)) return;
  const own = `${classFolder}.${process.pid}`;
  mkdirSync(own, { recursive: true });
  execFileSync('javac', ['-nowarn', '-d', own, '-cp', join(jars, '*'), ...paths], { stdio: 'inherit' });
  try {
    renameSync(own, classFolder);
  } catch (error) {
    if (!existsSync(classFolder)) throw error;
    rmSync(own, { recursive: true });
  }
}
