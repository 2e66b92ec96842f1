import type { Random } from './random.js';

/** Draws whole numbers. */
export type Draw = (random: Random) => number;

export type Sizes =
  | { readonly kind: 'fixed'; readonly bytes: number }
  | { readonly kind: 'uniform'; readonly min: number; readonly max: number }
  | { readonly kind: 'lognormal'; readonly median: number; readonly p99: number };

export type Keys =
  | { readonly kind: 'none' }
  | { readonly kind: 'uniform'; readonly count: number }
  | { readonly kind: 'zipf'; readonly count: number; readonly exponent: number };

/** No record value is larger: brokers refuse more than 1 MiB by default. */
export const VALUE_BYTES_MAX = 1_000_000;
/** Of the standard normal distribution. */
const P99_DEVIATIONS = 2.326_347_874;

/** `1024`, `uniform:100-2000` or `lognormal:MEDIAN,P99`: bytes of a record's value. */
export function parseSizes(text: string): Sizes {
  const [, kind = 'fixed', first = '', second] = /^(?:(uniform|lognormal):)?(\d+)(?:[-,](\d+))?$/.exec(text) ?? [];
  const [a, b] = [Number(first), Number(second)];
  if (kind === 'fixed' && first !== '' && second === undefined && inRange(a)) return { kind, bytes: a };
  if (kind === 'uniform' && inRange(a) && inRange(b) && a <= b) return { kind, min: a, max: b };
  if (kind === 'lognormal' && inRange(a) && inRange(b) && a > 0 && a < b) return { kind, median: a, p99: b };
  throw new Error(`--size is N, uniform:MIN-MAX or lognormal:MEDIAN,P99, up to ${VALUE_BYTES_MAX}: not ${text}`);
}

function inRange(bytes: number): boolean {
  return bytes >= 0 && bytes <= VALUE_BYTES_MAX;
}

export function drawSize(sizes: Sizes): Draw {
  switch (sizes.kind) {
    case 'fixed':
      return () => sizes.bytes;
    case 'uniform':
      return (random) => sizes.min + random.below(sizes.max - sizes.min + 1);
    case 'lognormal': {
      const sigma = Math.log(sizes.p99 / sizes.median) / P99_DEVIATIONS;
      return (random) => Math.min(VALUE_BYTES_MAX, Math.round(sizes.median * Math.exp(sigma * random.normal())));
    }
  }
}

export function meanSize(sizes: Sizes): number {
  switch (sizes.kind) {
    case 'fixed':
      return sizes.bytes;
    case 'uniform':
      return (sizes.min + sizes.max) / 2;
    case 'lognormal':
      return sizes.median * Math.exp((Math.log(sizes.p99 / sizes.median) / P99_DEVIATIONS) ** 2 / 2);
  }
}

/** `none`, `uniform:COUNT` or `zipf:COUNT[,EXPONENT]`. */
export function parseKeys(text: string): Keys {
  if (text === 'none') return { kind: 'none' };
  const [, kind, count = '', exponent = '0.99'] = /^(uniform|zipf):(\d+)(?:,([\d.]+))?$/.exec(text) ?? [];
  const keys = { count: Number(count), exponent: Number(exponent) };
  if (kind === 'uniform' && keys.count > 0) return { kind, count: keys.count };
  if (kind === 'zipf' && keys.count > 0 && keys.exponent > 0) return { kind, ...keys };
  throw new Error(`--keys is none, uniform:COUNT or zipf:COUNT,EXPONENT: not ${text}`);
}

/** Numbers of keys from 0, the most frequent first. */
export function drawKey(keys: Exclude<Keys, { kind: 'none' }>): Draw {
  return keys.kind === 'uniform' ? (random) => random.below(keys.count) : zipf(keys.count, keys.exponent);
}

/**
 * Zipf's law by rejection and inversion (Hörmann and Derflinger 1996, "Rejection-inversion to generate variates from
 * monotone discrete distributions"): rank k of `count` has weight k^-exponent. No table, so any number of ranks.
 */
function zipf(count: number, exponent: number): Draw {
  const q = 1 - exponent;
  // The integral of x^-exponent and its inverse; the logarithm is its limit at exponent 1.
  const area = (x: number): number => (Math.abs(q) < 1e-9 ? Math.log(x) : (x ** q - 1) / q);
  const inverse = (u: number): number => (Math.abs(q) < 1e-9 ? Math.exp(u) : (1 + u * q) ** (1 / q));
  const least = area(1.5) - 1;
  const most = area(count + 0.5);
  return (random) => {
    for (;;) {
      const u = most + random.next() * (least - most);
      const rank = Math.min(count, Math.max(1, Math.round(inverse(u))));
      if (u >= area(rank + 0.5) - rank ** -exponent) return rank - 1;
    }
  };
}
