import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../bench/parts.js';
import { freePort } from '../test/processes/ports.js';
import { type ThreadTime, threadTime } from './cpu-profile.js';
import { flameGraph } from './flame-graph.js';
import { ThreadProfiler } from './inspector.js';
import { sourcePlaces } from './places.js';

export interface Capture {
  /** The files begin so. */
  readonly name: string;
  readonly output: string;
  readonly intervalUs: number;
}

/** One thread's files: NAME-THREAD.svg, and .cpuprofile for Chrome's DevTools. */
export interface CapturedThread {
  readonly thread: string;
  readonly svg: string;
  readonly time: ThreadTime;
}

/** What Node needs to be profiled; `port` of 127.0.0.1 belongs to its inspector. */
export async function inspected(): Promise<{ readonly port: number; readonly nodeFlags: readonly string[] }> {
  const port = await freePort();
  return { port, nodeFlags: [`--inspect=127.0.0.1:${port}`, '--inspect-publish-uid=http'] };
}

/** Profiles all threads of the process whose inspector is at `port` while `work` runs. */
export async function capture(port: number, options: Capture, work: () => Promise<void>): Promise<CapturedThread[]> {
  const { name, output, intervalUs } = options;
  const [target] = (await (await fetch(`http://127.0.0.1:${port}/json/list`)).json()) as [
    { readonly webSocketDebuggerUrl: string },
  ];
  const profiler = await ThreadProfiler.connect(target.webSocketDebuggerUrl);
  await profiler.start(intervalUs);
  await work();
  const threads = await profiler.stop();
  profiler.close();
  mkdirSync(output, { recursive: true });
  const placeOf = sourcePlaces(root);
  return threads.map(({ name: thread, profile }) => {
    const time = threadTime(profile, placeOf);
    const path = join(output, `${name}-${thread}`);
    writeFileSync(`${path}.cpuprofile`, JSON.stringify(profile));
    writeFileSync(`${path}.svg`, flameGraph(`${thread}, ${name}`, time));
    return { thread, svg: `${path}.svg`, time };
  });
}
