import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** The repository's root, from dist/bench. */
export const root = resolve(import.meta.dirname, '../..');

const setup = join(root, '.cache/setup');
const javaLibraries = join(setup, 'java/lib');
const librdkafka = join(setup, 'librdkafka/node_modules/node-rdkafka/deps/librdkafka');
const built = join(root, '.cache/bench');

/** The class path of Kafka's server and tools; undefined when `npm run setup` has not brought it. */
export function kafkaClassPath(): string | undefined {
  return existsSync(join(javaLibraries, 'kafka_2.13-4.3.1.jar')) ? join(javaLibraries, '*') : undefined;
}

export function versitygwProgram(): string | undefined {
  const program = join(setup, 'bin/versitygw');
  return existsSync(program) ? program : undefined;
}

/**
 * librdkafka's load generator, compiled from the sources that `npm run setup` brings and linked with the library built
 * there; undefined when one of them or the C compiler is missing.
 */
export function rdkafkaPerformance(): string | undefined {
  const program = join(built, 'rdkafka_performance');
  if (existsSync(program)) return program;
  const source = join(librdkafka, 'examples/rdkafka_performance.c');
  const libraries = join(librdkafka, 'src');
  if (!existsSync(source) || !existsSync(join(libraries, 'librdkafka.so.1'))) return undefined;
  mkdirSync(built, { recursive: true });
  const linked = [`-L${libraries}`, '-lrdkafka', `-Wl,-rpath,${libraries}`, '-lm', '-lpthread'];
  const flags = ['-O2', '-o', program, `-I${libraries}`, `-I${librdkafka}`, source, ...linked];
  const { status, error } = spawnSync('cc', flags, { stdio: ['ignore', 'inherit', 'inherit'] });
  return error === undefined && status === 0 ? program : undefined;
}
