import type { Ledger } from '../ledger.js';

/** The offsets of a partition are 0, 1, 2 … */
export function* offsetsDense(ledger: Ledger): Generator<string> {
  for (const [partition, log] of ledger.log) {
    for (let offset = 0; offset < log.size; offset += 1) {
      if (!log.has(offset)) {
        yield `invariant 3: ${partition} has ${log.size} records but none at ${offset}`;
        break;
      }
    }
  }
}
