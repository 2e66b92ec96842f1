import type { AliveReport, ForwardedCommand } from './messages.js';

/**
 * An agent's way to whoever appends to the journal: at present the leader worker of its own process (leader-thread.ts),
 * later also a leader in another agent. What is sent may get lost with the leader; the journal alone says what became
 * of it.
 */
export interface CommandLink {
  /** For the leader of `term` only. */
  send(term: number, commands: readonly ForwardedCommand[]): void;
  /** The last revision as a journal read begun after this call finds it. Rejects with `JournalUnavailable`. */
  barrier(): Promise<number>;
  membersAlive(reports: readonly AliveReport[]): void;
  /** Lets a leader append what it has and resign, then ends it. */
  close(): Promise<void>;
}

/** What comes back, in this order: entries up to the leader's own `BecomeLeader`, then that it leads. */
export interface LinkEvents {
  /** The entry of a slot that is known to be full. */
  entry(revision: number, bytes: Uint8Array): void;
  leading(term: number): void;
  /** Nothing that was sent and is not in the journal will be appended by that leader. */
  leaderless(): void;
  /** A snapshot is in the store; wall clock in ms. */
  snapshotMade(revision: number, atMs: number): void;
  /** The agent must stop. */
  fatal(error: Error): void;
}
