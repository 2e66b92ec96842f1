import { type ChildProcess, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { javaWords } from './java.js';

export interface JavaProcess {
  output(): string;
  /** Ends it as Ctrl-C does. */
  stop(): Promise<void>;
}

/** Writes Java properties and returns their file. */
export function properties(folder: string, name: string, entries: Readonly<Record<string, string | number>>): string {
  const path = join(folder, `${name}.properties`);
  const lines = Object.entries(entries).map(([key, value]) => `${key}=${value}\n`);
  writeFileSync(path, lines.join(''));
  return path;
}

/** Starts a Java program that runs until it is stopped. */
export function startJava(main: string, args: readonly string[]): JavaProcess {
  const [program = '', ...words] = javaWords;
  const child: ChildProcess = spawn(program, [...words, main, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  const listen = (bytes: Buffer): void => {
    output = (output + bytes.toString()).slice(-20_000);
  };
  child.stdout?.on('data', listen);
  child.stderr?.on('data', listen);
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  return {
    output: () => output,
    async stop() {
      child.kill('SIGTERM');
      await exited;
    },
  };
}
