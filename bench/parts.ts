import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** The repository's root, from dist/bench. */
export const root = resolve(import.meta.dirname, '../..');

const setup = join(root, '.cache/setup');
const librdkafka = join(setup, 'librdkafka/node_modules/node-rdkafka/deps/librdkafka');
const built = join(root, '.cache/bench');

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
