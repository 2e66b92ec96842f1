import { join } from 'node:path';

/** Joins a group, tells by `say` what command-client.ts asks of a member, and returns how to leave. */
export type MemberProgram = (
  bootstrap: string,
  topic: string,
  group: string,
  say: (line: string) => void,
) => Promise<() => Promise<void>>;

/** The command line of member.ts. */
export function memberWords(client: 'kafkajs' | 'platformatic', words: readonly [string, string, string]): string[] {
  return [process.execPath, join(import.meta.dirname, 'member.js'), client, ...words];
}
