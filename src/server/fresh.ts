import { MetadataUnavailable } from '../cluster/metadata-client.js';
import type { Services } from './handler.js';

/** Brings this agent's replica up to the journal as of now. False when it cannot be known whether it is: the agent stops. */
export async function readFresh({ metadata }: Services): Promise<boolean> {
  try {
    await metadata.fresh();
    return true;
  } catch (failure) {
    if (failure instanceof MetadataUnavailable) {
      return false;
    }
    throw failure;
  }
}
