import { Command, Entry } from './journal.wire.js';

/**
 * An entry that this code must not apply: a foreign format, a revision out of order, a command it does not know. Nothing of
 * the entry has been applied. A replica that meets one stops: going on would make it differ from the others.
 */
export class EntryRefused extends Error {
  override readonly name = 'EntryRefused';
}

/** The entry in a journal slot. Throws `EntryRefused` for bytes that are none. */
export function decodeEntry(bytes: Uint8Array): Entry {
  try {
    return Entry.decode(bytes);
  } catch (error) {
    throw new EntryRefused(`not a journal entry: ${(error as Error).message}`);
  }
}

/**
 * A forwarded command. Throws `EntryRefused` for bytes that are none and for a command that this code does not know:
 * a leader must not append either.
 */
export function decodeCommand(bytes: Uint8Array): Command {
  let command: Command;
  try {
    command = Command.decode(bytes);
  } catch (error) {
    throw new EntryRefused(`not a command: ${(error as Error).message}`);
  }
  if (command.kind === undefined) {
    throw new EntryRefused('a command that this agent does not know');
  }
  return command;
}
