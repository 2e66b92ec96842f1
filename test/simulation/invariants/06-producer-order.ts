import type { Ledger } from '../ledger.js';

/** Values of one producer lie in the order in which it sent them, and an idempotent producer's without gaps. */
export function* producerOrder(ledger: Ledger): Generator<string> {
  for (const [partition, producers] of ledger.sent) {
    const offsets = new Map([...(ledger.log.get(partition) ?? [])].map(([offset, value]) => [value, offset]));
    for (const [producer, values] of producers) {
      let last = -1;
      let missing: string | undefined;
      for (const value of values) {
        const offset = offsets.get(value);
        if (offset === undefined) {
          missing ??= value;
          continue;
        }
        if (offset < last)
          yield `invariant 6: ${value} of ${producer} lies before an earlier one (${partition} ${offset})`;
        if (missing !== undefined && ledger.idempotent.has(producer)) {
          yield `invariant 6: ${value} of ${producer} is there, ${missing} before it is not`;
        }
        last = offset;
      }
    }
  }
}
