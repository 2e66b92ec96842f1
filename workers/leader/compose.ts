import { encoded } from '../../src/bytes/wire-numbers.js';
import type { ForwardedCommand } from '../../src/cluster/messages.js';
import { Command } from '../../src/metadata/journal.wire.js';

/** The fields of an entry before its commands (proto/journal.proto). */
export interface EntryHead {
  readonly revision: number;
  readonly previousDigest: Uint8Array;
  readonly token: Uint8Array;
  readonly term: number;
  readonly timeMs: number;
}

const LENGTH_DELIMITED = 2;
const COMMANDS_TAG = (7 << 3) | LENGTH_DELIMITED;
const COMMAND_TAG = (5 << 3) | LENGTH_DELIMITED;

/** An encoded `Forwarded`: its position, and the command's bytes as they came. */
export function encodeForwarded(forwarded: ForwardedCommand): Uint8Array {
  const { agentEpoch, stream, number, confirmed, command } = forwarded;
  return encoded((writer) =>
    writer
      .uint32(1 << 3)
      .uint64(agentEpoch)
      .uint32(2 << 3)
      .uint32(stream)
      .uint32(3 << 3)
      .uint64(number)
      .uint32(4 << 3)
      .uint64(confirmed)
      .uint32(COMMAND_TAG)
      .bytes(command),
  );
}

/** A command of the leader's own: agent epoch 0. */
export function encodeOwn(command: Command): Uint8Array {
  return encoded((writer) => Command.encode(command, writer.uint32(COMMAND_TAG).fork()).join());
}

/** An entry of encoded `Forwarded`s, none of which is decoded. */
export function composeEntry(head: EntryHead, commands: readonly Uint8Array[]): Uint8Array {
  return encoded((writer) => {
    writer
      .uint32(1 << 3)
      .uint32(1)
      .uint32(2 << 3)
      .uint64(head.revision)
      .uint32((3 << 3) | LENGTH_DELIMITED)
      .bytes(head.previousDigest)
      .uint32((4 << 3) | LENGTH_DELIMITED)
      .bytes(head.token)
      .uint32(5 << 3)
      .uint64(head.term)
      .uint32(6 << 3)
      .int64(head.timeMs);
    for (const command of commands) {
      writer.uint32(COMMANDS_TAG).bytes(command);
    }
  });
}
