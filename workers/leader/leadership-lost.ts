/** The leader's own command went with its leadership. */
export class LeadershipLost extends Error {
  override readonly name = 'LeadershipLost';
}
