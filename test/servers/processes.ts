import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { connect } from 'node:net';

/** Ended with this process, however it ends. */
const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(130));

/** A server that tests or the bench run. */
export interface Server {
  readonly process: ChildProcess;
  readonly exited: Promise<void>;
  /** The last of what it printed. */
  output(): string;
}

const OUTPUT_MAX = 20_000;
const RUN_MS_MAX = 180_000;

export function startServer(program: string, args: readonly string[], options: SpawnOptions = {}): Server {
  const child = spawn(program, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  endWithThisProcess(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (text: Buffer) => {
      output = (output + text.toString()).slice(-OUTPUT_MAX);
    });
  }
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  return { process: child, exited, output: () => output };
}

/** SIGTERM, and SIGKILL ten seconds later. */
export async function stopServer(server: Server): Promise<void> {
  if (server.process.exitCode !== null || server.process.signalCode !== null) return;
  server.process.kill('SIGTERM');
  const last = setTimeout(() => server.process.kill('SIGKILL'), 10_000);
  await server.exited;
  clearTimeout(last);
}

/** Runs a program to its end, at most three minutes; its output, or an error with it when it ends with another code than these. */
export async function runProgram(
  program: string,
  args: readonly string[],
  options: SpawnOptions = {},
  codes: readonly number[] = [0],
): Promise<string> {
  const child = spawn(program, args, { timeout: RUN_MS_MAX, ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  endWithThisProcess(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (text: Buffer) => (output += text.toString()));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code === null || !codes.includes(code))
    throw new Error(`${program} ended with ${code}:\n${output.slice(-OUTPUT_MAX)}`);
  return output;
}

/** A test that fails leaves none of them running. */
export function endWithThisProcess(child: ChildProcess): void {
  running.add(child);
  child.once('exit', () => running.delete(child));
}

/** ApiVersions v0, correlation id 1, no client id. */
export const API_VERSIONS = Buffer.from([0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 1, 0xff, 0xff]);
const READY_SECONDS_MAX = 60;

/** Ends when the server at 127.0.0.1:`port` answers a Kafka request. */
export async function untilReady(server: Server, port: number): Promise<void> {
  const startedMs = performance.now();
  while (!(await answers(port))) {
    const ended = server.process.exitCode !== null || server.process.signalCode !== null;
    if (ended || performance.now() - startedMs > READY_SECONDS_MAX * 1000) {
      throw new Error(`${server.process.spawnfile} is not ready:\n${server.output()}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(API_VERSIONS));
    const end = (answered: boolean): void => {
      socket.destroy();
      resolve(answered);
    };
    socket.setTimeout(1_000, () => end(false));
    socket.once('data', () => end(true));
    socket.once('error', () => end(false));
    socket.once('close', () => end(false));
  });
}
