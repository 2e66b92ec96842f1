import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { endWithThisProcess } from '../servers/processes.js';

/** The repository's root, from dist/test/processes. */
export const root = resolve(import.meta.dirname, '../../..');

export interface AgentProcess {
  readonly kafka: string;
  readonly http: string;
  readonly process: ChildProcess;
  /** Everything that it printed so far. */
  output(): string;
  /** Ctrl-C: drains and stops. Resolves with the exit code. */
  stop(): Promise<number | null>;
  /** kill -9. */
  kill(): Promise<void>;
  exited: Promise<number | null>;
}

/**
 * Starts one agent as a user would, on free ports unless the flags say otherwise, and waits until it is ready.
 * Rejects with everything that it printed when it ends before.
 */
export async function startAgent(
  flags: readonly string[] = [],
  main = join(root, 'dist/src/main.js'),
): Promise<AgentProcess> {
  const given = (flag: string): boolean => flags.includes(flag);
  const ports = [
    ...(given('--kafka') ? [] : ['--kafka', '127.0.0.1:0']),
    ...(given('--http') ? [] : ['--http', '127.0.0.1:0']),
  ];
  const child = spawn(process.execPath, [main, 'agent', ...ports, ...flags], { stdio: ['ignore', 'pipe', 'pipe'] });
  endWithThisProcess(child);
  let output = '';
  const exited = new Promise<number | null>((done) => child.once('exit', (code) => done(code)));
  const ready = new Promise<{ kafka: string; http: string }>((found, lost) => {
    const look = (text: Buffer): void => {
      output += text.toString();
      const kafka = /^Kafka\s+(?:\S+=)?(\S+:\d+)/m.exec(output)?.[1];
      const http = /^HTTP\s+(\S+:\d+)/m.exec(output)?.[1];
      if (kafka !== undefined && http !== undefined && /^Ready/m.test(output)) found({ kafka, http });
    };
    child.stdout.on('data', look);
    child.stderr.on('data', look);
    void exited.then((code) => lost(new Error(`the agent ended with ${code} before it was ready:\n${output}`)));
  });
  const addresses = await ready;
  return {
    ...addresses,
    process: child,
    output: () => output,
    exited,
    stop: async () => {
      child.kill('SIGINT');
      return exited;
    },
    kill: async () => {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

/** A fresh folder, in the system's for temporary files or in `parent`, that is removed by the returned function. */
export function scratchFolder(name: string, parent = tmpdir()): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(parent, `weft-${name}-`));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}
