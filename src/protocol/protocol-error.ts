/**
 * The one error that decoding throws: the peer's bytes are not a message of the named API and version. It is an operating
 * error; the connection that sent the bytes is answered or closed, nothing else is touched.
 */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
  /**
   * `truncated`: the bytes ended inside a value, so a longer prefix of the same frame may decode.
   * `malformed`: no continuation can mend it.
   */
  readonly kind: 'truncated' | 'malformed';

  constructor(kind: 'truncated' | 'malformed', message: string) {
    super(message);
    this.kind = kind;
  }
}
