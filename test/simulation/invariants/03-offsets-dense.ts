import type { Ledger } from '../ledger.js';

/** The offsets of a partition are those from its log start on, one after the other. */
export function* offsetsDense(ledger: Ledger): Generator<string> {
  for (const [partition, log] of ledger.log) {
    const begin = ledger.beginOf(partition);
    const end = Math.max(begin - 1, ...log.keys()) + 1;
    for (let offset = begin; offset < end; offset += 1) {
      if (!log.has(offset)) {
        yield `invariant 3: ${partition} has records from ${begin} to ${end} but none at ${offset}`;
        break;
      }
    }
  }
}
