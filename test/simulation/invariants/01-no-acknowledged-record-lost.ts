import type { Ledger } from '../ledger.js';

/** Every acknowledged record that was not deleted is there, at the offset that its producer was told (invariants 1 and 7). */
export function* noAcknowledgedRecordLost(ledger: Ledger): Generator<string> {
  for (const [value, { partition, offset }] of ledger.acknowledgedAt) {
    const found = ledger.log.get(partition)?.get(offset);
    const mayLack = found === undefined && offset < ledger.beginOf(partition);
    if (found !== value && !mayLack)
      yield `invariant 1: ${value} was acknowledged at ${partition} ${offset}, there is ${found ?? 'nothing'}`;
  }
}
