import { type BatchRules, type Verdict, validateProduceBatches } from '../../../src/records/validate.js';

export const NOW = Date.UTC(2026, 0, 1);
/** Of a topic with Kafka's defaults whose records are walked. */
export const rules: BatchRules = {
  maxMessageBytes: 1_048_588,
  logAppendTime: false,
  timestampBeforeMaxMs: Number.MAX_SAFE_INTEGER,
  timestampAfterMaxMs: 3_600_000,
  nowMs: NOW,
  compacted: false,
  walkRecords: true,
  zstdAllowed: true,
  codec: undefined,
};

/** The verdict on the only batch of a request. */
export function judgeBatch(bytes: Uint8Array, position: number, length: number, rules: BatchRules): Verdict {
  const verdicts: Verdict[] = [];
  validateProduceBatches(bytes, [{ position, length, rules }], (_, verdict) => verdicts.push(verdict));
  return verdicts[0]!;
}
