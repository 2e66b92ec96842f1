import { type BatchRules, type Verdict, validateProduceBatches } from '../../../src/records/validate.js';

/** The verdict on the only batch of a request. */
export function judgeBatch(bytes: Uint8Array, position: number, length: number, rules: BatchRules): Verdict {
  const verdicts: Verdict[] = [];
  validateProduceBatches(bytes, [{ position, length, rules }], (_, verdict) => verdicts.push(verdict));
  return verdicts[0]!;
}
