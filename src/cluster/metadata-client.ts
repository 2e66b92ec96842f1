import type { Command } from '../metadata/journal.wire.js';
import type { Changes, Outcome } from '../metadata/outcomes.js';
import type { MetadataView } from '../metadata/view.js';

/**
 * The main thread's way to the metadata: its replica, and the leader behind it. Built by `connectMetadata` (connect.ts).
 */
export interface MetadataClient {
  /** This agent's replica. */
  readonly view: MetadataView;
  /** Set once the agent has applied its own registration; it serves nothing before. */
  readonly self: { readonly agentEpoch: number; readonly nodeId: number; readonly incarnation: Uint8Array };
  /**
   * Sends a command on the control stream and resolves with its outcome once this replica has applied it.
   * Rejects with `MetadataUnavailable` when the agent's epoch closes first, with `JournalUnavailable` when too many commands
   * have no outcome yet: it was not sent then, and trying again is right.
   */
  submit(command: Command): Promise<Outcome>;
  /**
   * The same for a lane's stream (1…), whose numbers the lanes count themselves from 1. `command` is an encoded `Command`:
   * the main thread does not look inside.
   */
  forward(stream: number, number: number, command: Uint8Array): Promise<Outcome>;
  /**
   * Resolves when this replica has applied everything that was in the journal when it was called (a fresh read).
   * Rejects with `JournalUnavailable` when the journal cannot be read now: trying again is right.
   */
  fresh(): Promise<void>;
  /** Runs after each entry was applied and the promises of its commands were settled. */
  onApplied(listener: (revision: number, changes: Changes) => void): void;
  /** Tells the leader that these members showed signs of life (heartbeat, join, sync, commit). Batched. */
  membersAlive(group: string, memberIds: readonly string[]): void;
  /** False while there is no leader that accepts commands. */
  readonly leaderKnown: boolean;
  /** Hours of metadata left at the present rate of growth (Infinity when it does not grow), and the rate in extents/s. */
  growth(): { readonly hoursLeft: number; readonly extentsPerSecond: number };
  /** Resigns when leading, stops the threads. */
  close(): Promise<void>;
}

/** The command's outcome will never be known here: the epoch was closed, or the agent is stopping. */
export class MetadataUnavailable extends Error {
  override readonly name = 'MetadataUnavailable';
}

/** The journal cannot be read at present, or takes no more commands. Retriable. */
export class JournalUnavailable extends Error {
  override readonly name = 'JournalUnavailable';
}

/** Another process registered under this agent's name: the metadata takes nothing from this one any more, so it must stop. */
export class EpochClosed extends Error {
  override readonly name = 'EpochClosed';
}

/** This agent's epoch has used up its streams, each lane that crashed one: it must stop, and starts with a new epoch. */
export class StreamsUsedUp extends Error {
  override readonly name = 'StreamsUsedUp';
}

/** This agent stood still for so long that the journal it has not read is gone: it must stop, and starts from a snapshot. */
export class FellBehind extends Error {
  override readonly name = 'FellBehind';
}
