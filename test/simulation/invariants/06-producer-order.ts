import type { Ledger } from '../ledger.js';

/**
 * Values of one producer lie in the order in which it sent them, and an idempotent producer's without gaps: where one lacks,
 * something that nobody saw was deleted between its neighbours. What a lost connection left unanswered may come later than
 * what the next one brought, as in Kafka: only idempotence orders across connections.
 */
export function* producerOrder(ledger: Ledger): Generator<string> {
  for (const [partition, producers] of ledger.sent) {
    const log = ledger.log.get(partition) ?? new Map<number, string>();
    const offsets = new Map([...log].map(([offset, value]) => [value, offset]));
    const unseen = Array.from({ length: ledger.beginOf(partition) }, (_, offset) => offset).filter((o) => !log.has(o));
    for (const [producer, values] of producers) {
      let last = -1;
      const lastOfLoss = new Map<number, number>();
      let missing: string | undefined;
      for (const value of values) {
        const offset = offsets.get(value);
        if (offset === undefined) {
          missing ??= value;
          continue;
        }
        const loss = ledger.unknownValues.get(value);
        if (loss === undefined ? offset < last : offset < Math.max(last, lastOfLoss.get(loss) ?? -1))
          yield `invariant 6: ${value} of ${producer} lies before an earlier one (${partition} ${offset})`;
        const mayLack = unseen.some((deleted) => deleted > last && deleted < offset);
        if (missing !== undefined && ledger.idempotent.has(producer) && !mayLack) {
          yield `invariant 6: ${value} of ${producer} is there, ${missing} before it is not`;
        }
        if (mayLack) missing = undefined;
        if (loss === undefined) last = offset;
        else lastOfLoss.set(loss, offset);
      }
    }
  }
}
