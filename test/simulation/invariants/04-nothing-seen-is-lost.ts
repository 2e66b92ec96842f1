import type { Ledger } from '../ledger.js';

/** What any consumer ever saw and nobody deleted is there at the end, in its place: nothing is shown before it is durable (invariants 4, 5, 8). */
export function* nothingSeenIsLost(ledger: Ledger): Generator<string> {
  for (const [partition, log] of ledger.seenBefore) {
    for (const [offset, value] of log) {
      if (offset < ledger.beginOf(partition)) continue;
      const found = ledger.log.get(partition)?.get(offset);
      if (found !== value)
        yield `invariant 4: ${value} was seen at ${partition} ${offset}, there is ${found ?? 'nothing'}`;
    }
  }
}
