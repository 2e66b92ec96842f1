/** Compressed bytes that cannot be, or that would grow beyond the cap. */
export class CodecError extends Error {
  override readonly name = 'CodecError';
}

/** Bytes that may be right but would grow beyond the cap. */
export class CapError extends CodecError {}
