import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { vi } from 'vitest';
import { root } from '../processes/agent.js';
import { freePort } from '../processes/ports.js';
import { Screen } from './screen.js';

/** Kaskade, a user interface for Kafka, which textual-serve brings into browsers; `npm run setup` installs both. */

const bin = join(root, '.cache/setup/web-ui/bin');
const patience = { timeout: 60_000, interval: 100 };
const columns = 160;
const rows = 45;

export interface WebUi {
  /** The page as a browser gets it. */
  readonly page: string;
  /** What the page does when its reader types: a message for each key or text. */
  type(...keys: readonly string[]): void;
  /** Waits until all of `wanted` are shown, each in one line. */
  shows(...wanted: readonly RegExp[]): Promise<void>;
  /** Waits until none of `unwanted` is shown any more. */
  hides(...unwanted: readonly RegExp[]): Promise<void>;
  /** Waits until the cursor is in a line like this. */
  cursorAt(line: RegExp): Promise<void>;
  close(): Promise<void>;
}

/** Serves the web UI, gets its page, and opens the socket that the page names, as its script does. */
export async function openWebUi(...words: readonly string[]): Promise<WebUi> {
  const port = await freePort();
  const command = [join(root, 'test/clients/python/web_ui.py'), String(port), join(bin, 'kaskade'), ...words];
  const server = spawn(join(bin, 'python'), command, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  server.stdout.on('data', (text) => (output += text));
  server.stderr.on('data', (text) => (output += text));
  try {
    return await browse(server, `http://127.0.0.1:${port}/`, () => output);
  } catch (error) {
    server.kill('SIGKILL');
    throw error;
  }
}

async function browse(server: ChildProcess, address: string, output: () => string): Promise<WebUi> {
  const page = await readPage(server, address, output);
  const [, url] = /data-session-websocket-url="([^"]+)"/.exec(page) ?? [];
  const socket = new WebSocket(`${url}?width=${columns}&height=${rows}`);
  socket.binaryType = 'arraybuffer';
  const screen = new Screen(columns, rows);
  const decoder = new TextDecoder();
  socket.addEventListener('message', ({ data }) => {
    if (data instanceof ArrayBuffer) screen.write(decoder.decode(data, { stream: true }));
  });
  await new Promise<void>((opened, failed) => {
    socket.addEventListener('open', () => opened());
    socket.addEventListener('error', () => failed(new Error(`no socket at ${url}:\n${output()}`)));
  });
  const shown = (pattern: RegExp): boolean => screen.lines().some((line) => pattern.test(line));
  const until = (wrong: () => readonly RegExp[], what: string): Promise<void> =>
    vi.waitFor(() => {
      if (wrong().length === 0) return;
      throw new Error(`${what} ${wrong().join(' ')}\n${screen.lines().join('\n')}\n${output()}`);
    }, patience);
  return {
    page,
    type: (...keys) => {
      for (const each of keys) socket.send(JSON.stringify(['stdin', each]));
    },
    shows: (...wanted) => until(() => wanted.filter((each) => !shown(each)), 'does not show'),
    hides: (...unwanted) => until(() => unwanted.filter(shown), 'still shows'),
    cursorAt: (line) => until(() => [line].filter((each) => !each.test(screen.cursorLine())), 'has no cursor at'),
    close: () => close(server, socket),
  };
}

/** The page, as soon as the server answers. */
function readPage(server: ChildProcess, url: string, output: () => string): Promise<string> {
  return vi.waitFor(async () => {
    const answer = await fetch(url).catch((error: Error) => error);
    if (answer instanceof Response && answer.status === 200) return answer.text();
    throw new Error(`${url}: ${answer}, server ended with ${server.exitCode}:\n${output()}`);
  }, patience);
}

async function close(server: ChildProcess, socket: WebSocket): Promise<void> {
  const ended = new Promise((resolve) => server.once('exit', resolve));
  socket.close();
  server.kill('SIGINT');
  if (server.exitCode === null && server.signalCode === null) await ended;
}
