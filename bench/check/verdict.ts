import { median } from '../measure.js';

export interface Verdict {
  readonly worse: boolean;
  readonly ratio: number;
  /** One sentence. */
  readonly text: string;
}

/** Medians of CPU-s/GB held against each other. Worse is what takes more than `margin` (0.1: 10 %) above the baseline's. */
export function verdictOf(load: string, now: readonly number[], baseline: readonly number[], margin: number): Verdict {
  const [is, was] = [median(now), median(baseline)];
  const ratio = is / was;
  const worse = ratio > 1 + margin;
  const word = worse ? 'WORSE' : ratio < 1 - margin ? 'better' : 'the same';
  const limit = `within ${(margin * 100).toFixed(0)} %`;
  const text = `${load}: ${is.toFixed(3)} CPU-s/GB, baseline ${was.toFixed(3)}, ratio ${ratio.toFixed(2)}: ${word}${word === 'the same' ? ` (${limit})` : ''}`;
  return { worse, ratio, text };
}
