/** A message takes more bytes than its writer may write: an operating error. What was written of it is of no use. */
export class TooLongError extends Error {
  override readonly name = 'TooLongError';
}
