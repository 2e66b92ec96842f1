import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../processes/agent.js';
import { commandClient } from './command-client.js';

const libraries = join(root, '.cache/setup/java/lib');
const classes = join(root, '.cache/java-classes');
const classPath = `${classes}:${join(libraries, '*')}`;
/** What a run of a Java tool needs before its main class. */
export const javaWords: readonly string[] = ['java', '-Xmx256m', '-XX:TieredStopAtLevel=1', '-cp', classPath];

export const hasJava = existsSync(join(libraries, 'kafka-clients-4.3.1.jar'));

/** Kafka's own clients, 4.3.1. */
export const java = commandClient('java', ['none', 'gzip', 'snappy', 'lz4', 'zstd'], [...javaWords, 'WeftClient']);

/** Compiles WeftClient.java; once a test file. */
export function compileJava(): void {
  mkdirSync(classes, { recursive: true });
  const source = join(root, 'test/clients/java/WeftClient.java');
  execFileSync('javac', ['-d', classes, '-cp', join(libraries, '*'), source], { stdio: 'inherit' });
}
