import { allowed, pending } from './allowed.js';
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
  /** What tells the elements on the way apart. */
  readonly place?: RegExp;
  /** The two values as they are printed, or what they match; any when absent. */
  readonly weft?: string | number | boolean | null | RegExp;
  readonly kafka?: string | number | boolean | null | RegExp;
  /** Only for such requests. */
  readonly when?: (step: Step) => boolean;
  /** From then on the two systems hold different data: the rest of the script is not compared. */
  readonly diverges?: boolean;
  /** What is done differently: `Weft …; Kafka …`. */
  readonly what: string;
  readonly reason: string;
}

export function allowedBy(step: Step, difference: Difference): Allowed | undefined {
  const { api, version } = step;
  return [...allowed, ...pending].find(
    (entry) =>
      (entry.api === api.name || entry.api === 'every') &&
      (entry.versions === undefined || (version >= entry.versions[0] && version <= entry.versions[1])) &&
      (typeof entry.field === 'string' ? entry.field === difference.field : entry.field.test(difference.field)) &&
      (entry.place === undefined || entry.place.test(difference.place)) &&
      matches(entry.weft, difference.weft) &&
      matches(entry.kafka, difference.kafka) &&
      (entry.when === undefined || entry.when(step)),
  );
}

function matches(pattern: Allowed['weft'], value: Difference['weft']): boolean {
  if (pattern === undefined) return true;
  if (pattern instanceof RegExp) return pattern.test(typeof value === 'string' ? value : JSON.stringify(value));
  return pattern === value;
}
