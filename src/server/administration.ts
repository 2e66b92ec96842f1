import { JournalUnavailable, MetadataUnavailable } from '../cluster/metadata-client.js';
import type { Outcome, Refused } from '../metadata/outcomes.js';
import { errors } from '../protocol/errors.js';
import type { Services } from './handler.js';

/** What a command of an administrator's request came to. */
export type Administered =
  | { readonly outcome: Exclude<Outcome, Refused>; readonly error: 0; readonly message: null }
  | { readonly outcome: undefined; readonly error: number; readonly message: string | null };

/**
 * Waits for a command at most as long as the client does: REQUEST_TIMED_OUT (7) says that it may still happen.
 * NOT_CONTROLLER (41), which clients retry, when its outcome will never be known here, or when it was not taken, since too many
 * wait for the journal.
 */
export async function administer(
  services: Services,
  timeoutMs: number,
  submitted: Promise<Outcome>,
): Promise<Administered> {
  const { timers } = services.world;
  let cancel = (): void => {};
  const timeout = new Promise<undefined>((resolve) => {
    const timer = timers.after(Math.max(0, timeoutMs), () => resolve(undefined));
    cancel = () => timer.cancel();
  });
  try {
    const outcome = await Promise.race([submitted, timeout]);
    if (outcome === undefined) {
      // Whatever it comes to later is no longer this request's; a mistake of ours still ends the process.
      submitted.catch((failure: unknown) => {
        if (!(failure instanceof MetadataUnavailable)) {
          throw failure;
        }
      });
      return { outcome, error: errors.REQUEST_TIMED_OUT.code, message: null };
    }
    return outcome.kind === 'refused'
      ? { outcome: undefined, error: outcome.error, message: outcome.message === '' ? null : outcome.message }
      : { outcome, error: 0, message: null };
  } catch (failure) {
    if (failure instanceof MetadataUnavailable || failure instanceof JournalUnavailable) {
      return { outcome: undefined, error: errors.NOT_CONTROLLER.code, message: null };
    }
    throw failure;
  } finally {
    cancel();
  }
}
