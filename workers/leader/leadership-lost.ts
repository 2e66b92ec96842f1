/** The leader's own command went with its leadership. */
export class LeadershipLost extends Error {
  override readonly name = 'LeadershipLost';
}

/** For a clock whose command was rejected: the next leader has clocks of its own. Anything else ends this thread. */
export function ignoreLost(error: unknown): void {
  if (!(error instanceof LeadershipLost)) {
    throw error;
  }
}
