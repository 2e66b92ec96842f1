import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { ClientDriver, Compression, ConsumedRecord, GroupMember, RecordPlace } from './driver.js';
import { fromLine, toLine } from './records.js';

/**
 * A client in another language behind a small command line, the same for all of them:
 *
 *   create BOOTSTRAP TOPIC PARTITIONS
 *   produce BOOTSTRAP TOPIC COMPRESSION IDEMPOTENT    records as lines on standard input (records.ts)
 *   consume BOOTSTRAP TOPIC COUNT FROM                seeks; prints `offset TAB record line`
 *   group-read BOOTSTRAP TOPIC GROUP COUNT            the same, in a group, commits, leaves
 *   join BOOTSTRAP TOPIC GROUP                        reads and commits until its input ends, then leaves; prints
 *                                                     `assigned 0,1,2` at every change, `read PARTITION OFFSET` a record
 *   offset-at BOOTSTRAP TOPIC TIMESTAMP               prints the offset, -1 for none
 */
export function commandClient(
  name: string,
  compressions: readonly Compression[],
  command: readonly string[],
  { shapes = 'every', idempotence = true }: Partial<Pick<ClientDriver, 'shapes' | 'idempotence'>> = {},
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
    idempotence,
    shapes,
    createTopic: async (bootstrap, topic, partitions) => {
      await run(['create', bootstrap, topic, String(partitions)]);
    },
    async produce(bootstrap, topic, sent, { compression, idempotent }) {
      await run(['produce', bootstrap, topic, compression, String(idempotent)], `${sent.map(toLine).join('\n')}\n`);
    },
    consume: async (bootstrap, topic, count, from = 0) =>
      records(await run(['consume', bootstrap, topic, String(count), String(from)])),
    groupRead: async (bootstrap, topic, group, count) =>
      records(await run(['group-read', bootstrap, topic, group, String(count)])),
    join: (bootstrap, topic, group) => joinGroup([...command, 'join', bootstrap, topic, group]),
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

/** Runs the `join` of a client. */
export function joinGroup(words: readonly string[]): GroupMember {
  const child: ChildProcess = spawn(words[0]!, words.slice(1), { stdio: ['pipe', 'pipe', 'pipe'] });
  let assigned: readonly number[] = [];
  const read: RecordPlace[] = [];
  createInterface({ input: child.stdout! }).on('line', (line) => {
    const [word, ...rest] = line.split(/[ ,]/).filter((part) => part !== '');
    if (word === 'assigned') assigned = rest.map(Number).sort((a, b) => a - b);
    if (word === 'read') read.push({ partition: Number(rest[0]), offset: Number(rest[1]) });
  });
  let complaints = '';
  child.stderr!.on('data', (bytes: Buffer) => (complaints += bytes.toString()));
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  return {
    assigned: () => assigned,
    read: () => read,
    async leave() {
      child.stdin!.end();
      const code = await exited;
      if (code !== 0) throw new Error(`a member ended with ${code}: ${complaints.slice(-4000)}`);
      assigned = [];
    },
    async vanish() {
      child.kill('SIGKILL');
      await exited;
      assigned = [];
    },
  };
}
