import type { Difference } from './compare.js';
import type { Step } from './script.js';

/** A difference that stays, and why. */
export interface Allowed {
  /** Its name, or `every`. */
  readonly api: string;
  /** First and last version; all when absent. */
  readonly versions?: readonly [number, number];
  /** The field of the answer, as in {@link Difference}; or `outcome`. */
  readonly field: string | RegExp;
  /** The two values as they are printed, or what they match; any when absent. */
  readonly weft?: string | number | boolean | null | RegExp;
  readonly kafka?: string | number | boolean | null | RegExp;
  /** Of what is compared, in words. */
  readonly what: string;
  readonly reason: string;
}

/** Every difference between Weft and Apache Kafka 4.3.1 that this test meets and that stays. An entry never met fails the test. */
export const allowed: readonly Allowed[] = [
  {
    api: 'every',
    field: /(^|\.)errorMessage$/,
    weft: '<text>',
    kafka: null,
    what: 'a message beside an error',
    reason: 'Weft says in words why, where Kafka leaves it at the code',
  },
];

export function allowedBy({ api, version }: Step, difference: Difference): Allowed | undefined {
  return allowed.find(
    (entry) =>
      (entry.api === api.name || entry.api === 'every') &&
      (entry.versions === undefined || (version >= entry.versions[0] && version <= entry.versions[1])) &&
      (typeof entry.field === 'string' ? entry.field === difference.field : entry.field.test(difference.field)) &&
      matches(entry.weft, difference.weft) &&
      matches(entry.kafka, difference.kafka),
  );
}

function matches(pattern: Allowed['weft'], value: Difference['weft']): boolean {
  if (pattern === undefined) return true;
  if (pattern instanceof RegExp) return pattern.test(typeof value === 'string' ? value : JSON.stringify(value));
  return pattern === value;
}
