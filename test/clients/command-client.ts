import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { ClientDriver, Compression, ConsumedRecord, GroupMember } from './driver.js';
import { fromLine, toLine } from './records.js';

/**
 * A client in another language behind a small command line, the same for all of them:
 *
 *   produce BOOTSTRAP TOPIC COMPRESSION IDEMPOTENT    records as lines on standard input (records.ts)
 *   consume BOOTSTRAP TOPIC COUNT                     prints `offset TAB record line`
 *   group-read BOOTSTRAP TOPIC GROUP COUNT            the same, in a group, commits, leaves
 *   join BOOTSTRAP TOPIC GROUP                        prints `assigned 0,1,2` at every change; leaves when its input ends
 *   offset-at BOOTSTRAP TOPIC TIMESTAMP               prints the offset, -1 for none
 */
export function commandClient(
  name: string,
  compressions: readonly Compression[],
  command: readonly string[],
  shapes: ClientDriver['shapes'] = 'every',
): ClientDriver {
  const run = (words: readonly string[], input = ''): Promise<string[]> => runClient([...command, ...words], input);
  const records = (lines: readonly string[]): ConsumedRecord[] =>
    lines.map((line) => {
      const tab = line.indexOf('\t');
      return { partition: 0, offset: Number(line.slice(0, tab)), ...fromLine(line.slice(tab + 1)) };
    });
  return {
    name,
    compressions,
    shapes,
    async produce(bootstrap, topic, sent, { compression, idempotent }) {
      await run(['produce', bootstrap, topic, compression, String(idempotent)], `${sent.map(toLine).join('\n')}\n`);
    },
    consume: async (bootstrap, topic, count) => records(await run(['consume', bootstrap, topic, String(count)])),
    groupRead: async (bootstrap, topic, group, count) =>
      records(await run(['group-read', bootstrap, topic, group, String(count)])),
    join: async (bootstrap, topic, group) => joinGroup([...command, 'join', bootstrap, topic, group]),
    async offsetAt(bootstrap, topic, timestampMs) {
      const [offset] = await run(['offset-at', bootstrap, topic, String(timestampMs)]);
      return Number(offset);
    },
  };
}

/** Its output lines. Rejects with everything that it said when it does not end with 0. */
export function runClient(words: readonly string[], input: string): Promise<string[]> {
  const child = spawn(words[0]!, words.slice(1), { stdio: ['pipe', 'pipe', 'pipe'] });
  const out: Buffer[] = [];
  const complaints: Buffer[] = [];
  child.stdout.on('data', (bytes: Buffer) => out.push(bytes));
  child.stderr.on('data', (bytes: Buffer) => complaints.push(bytes));
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      const text = Buffer.concat(out).toString();
      if (code === 0) resolve(text === '' ? [] : text.trimEnd().split('\n'));
      else
        reject(
          new Error(
            `${words.slice(0, 4).join(' ')} … ended with ${code}\n${text.slice(-300)}\n${Buffer.concat(complaints).toString().slice(-4000)}`,
          ),
        );
    });
  });
}

function joinGroup(words: readonly string[]): GroupMember {
  const child: ChildProcess = spawn(words[0]!, words.slice(1), { stdio: ['pipe', 'pipe', 'ignore'] });
  let assigned: readonly number[] = [];
  createInterface({ input: child.stdout! }).on('line', (line) => {
    const list = /^assigned ?(.*)$/.exec(line)?.[1];
    if (list !== undefined)
      assigned =
        list === ''
          ? []
          : list
              .split(',')
              .map(Number)
              .sort((a, b) => a - b);
  });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  return {
    assigned: () => assigned,
    async leave() {
      child.stdin!.end();
      await exited;
      assigned = [];
    },
    async vanish() {
      child.kill('SIGKILL');
      await exited;
      assigned = [];
    },
  };
}
