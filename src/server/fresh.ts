import { JournalUnavailable, MetadataUnavailable } from '../cluster/metadata-client.js';
import type { Services } from './handler.js';

/**
 * Brings this agent's replica up to the journal as of now. False when it cannot be known whether it is: the journal does
 * not answer, or the agent stops. The client is to ask again.
 */
export async function readFresh({ metadata }: Services): Promise<boolean> {
  try {
    await metadata.fresh();
    return true;
  } catch (failure) {
    if (failure instanceof MetadataUnavailable || failure instanceof JournalUnavailable) {
      return false;
    }
    throw failure;
  }
}
