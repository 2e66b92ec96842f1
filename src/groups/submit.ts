import { JournalUnavailable, type MetadataClient, MetadataUnavailable } from '../cluster/metadata-client.js';
import type { Command } from '../metadata/journal.wire.js';
import type { Outcome } from '../metadata/outcomes.js';
import { refused } from '../metadata/outcomes.js';
import { errors } from '../protocol/errors.js';

/** The outcome of a command of a group; a refusal that clients retry when there is no leader, or when it cannot be known. */
export async function submit(metadata: MetadataClient, command: Command): Promise<Outcome> {
  if (!metadata.leaderKnown) {
    return refused(errors.COORDINATOR_LOAD_IN_PROGRESS.code, 'no agent leads the journal at present');
  }
  try {
    return await metadata.submit(command);
  } catch (failure) {
    if (failure instanceof JournalUnavailable) {
      return refused(errors.COORDINATOR_LOAD_IN_PROGRESS.code, 'too many commands wait for the journal');
    }
    return refused(unavailable(failure), 'the agent is stopping');
  }
}

/**
 * What a failure of the metadata means for a client: the outcome cannot be known here, so it finds a coordinator again; or
 * the journal does not answer, so it tries again. Anything else is a programmer's error.
 */
export function unavailable(failure: unknown): number {
  if (failure instanceof MetadataUnavailable) {
    return errors.NOT_COORDINATOR.code;
  }
  if (failure instanceof JournalUnavailable) {
    return errors.COORDINATOR_NOT_AVAILABLE.code;
  }
  throw failure;
}

export function expectKind<K extends Outcome['kind']>(outcome: Outcome, kind: K): Extract<Outcome, { kind: K }> {
  if (outcome.kind !== kind) {
    throw new Error(`outcome ${outcome.kind} where ${kind} was due`);
  }
  return outcome as Extract<Outcome, { kind: K }>;
}
