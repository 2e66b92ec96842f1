/** What a run waited for did not come, within its virtual time. */
export class Stuck extends Error {
  override readonly name = 'Stuck';
}
