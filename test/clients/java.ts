import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../processes/agent.js';
import { commandClient } from './command-client.js';
import type { ClientDriver, Compression } from './driver.js';

const libraries = join(root, '.cache/setup/java/lib');
const classes = join(root, '.cache/java-classes');
/** What a run of a Java tool needs before its main class. */
export const javaWords: readonly string[] = wordsOf(classes, libraries);

export const hasJava = existsSync(join(libraries, 'kafka-clients-4.3.1.jar'));

/** Kafka's own clients, 4.3.1. */
export const java = commandClient('java', ['none', 'gzip', 'snappy', 'lz4', 'zstd'], [...javaWords, 'WeftClient']);

/** Compiles WeftClient.java; once a test file. */
export function compileJava(): void {
  compile(classes, libraries);
}

/** An older version of the Java client (scripts/parts.js has which), with the same program compiled against it. */
export function oldJava(version: string, compressions: readonly Compression[]): ClientDriver {
  const oldClasses = join(root, '.cache/java-classes-old', version);
  const oldLibraries = join(root, '.cache/setup/java-old', version);
  compile(oldClasses, oldLibraries);
  return commandClient(`java-${version}`, compressions, [...wordsOf(oldClasses, oldLibraries), 'WeftClient']);
}

function wordsOf(classFolder: string, jars: string): string[] {
  return ['java', '-Xmx256m', '-XX:TieredStopAtLevel=1', '-cp', `${classFolder}:${join(jars, '*')}`];
}

function compile(classFolder: string, jars: string): void {
  mkdirSync(classFolder, { recursive: true });
  const source = join(root, 'test/clients/java/WeftClient.java');
  execFileSync('javac', ['-nowarn', '-d', classFolder, '-cp', join(jars, '*'), source], { stdio: 'inherit' });
}
