import type { Ledger } from '../ledger.js';

/** Nothing is read that nobody sent to that partition. */
export function* nothingInvented(ledger: Ledger): Generator<string> {
  for (const [partition, log] of ledger.log) {
    const sent = new Set([...(ledger.sent.get(partition)?.values() ?? [])].flat());
    for (const [offset, value] of log) if (!sent.has(value)) yield `invented: '${value}' at ${partition} ${offset}`;
  }
}
