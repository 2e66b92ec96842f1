/** The journal or a snapshot is not what its rules allow, or is of a newer format: this agent must not go on. */
export class JournalBroken extends Error {
  override readonly name = 'JournalBroken';
}
