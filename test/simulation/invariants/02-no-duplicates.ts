import type { Ledger } from '../ledger.js';

/** A value is there once at most: idempotent producers resend the same sequences, others never resend what is in doubt. */
export function* noDuplicates(ledger: Ledger): Generator<string> {
  const seen = new Map<string, string>();
  for (const [partition, log] of ledger.log) {
    for (const [offset, value] of log) {
      const former = seen.get(value);
      if (former !== undefined) yield `invariant 2: ${value} is at ${former} and at ${partition} ${offset}`;
      seen.set(value, `${partition} ${offset}`);
    }
  }
}
