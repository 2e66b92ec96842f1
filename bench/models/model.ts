/** How long an object store takes: log-normal times for each class of request, drawn from a seed. Pure. */

export interface Times {
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export interface LatencyModel {
  readonly name: string;
  /** Of a body above `SMALL_BYTES_MAX`. */
  readonly put: Times;
  readonly smallPut: Times;
  /** To the first byte. */
  readonly get: Times;
}

export type RequestClass = 'put' | 'smallPut' | 'get';

export const SMALL_BYTES_MAX = 64 * 1024;

/** The store as a whole slows down now and then: `forMs` in every `everyMs` all requests take `factor` times as long. */
export interface Slowness {
  readonly everyMs: number;
  readonly forMs: number;
  readonly factor: number;
}

export const slowness: Slowness = { everyMs: 60_000, forMs: 2_000, factor: 3 };

/** What only asks is a GET, what has a large body a PUT of that size; deletions and the steps of multipart uploads are small PUTs. */
export function classOf(method: string, bodyBytes: number): RequestClass {
  if (method === 'GET' || method === 'HEAD') return 'get';
  return bodyBytes > SMALL_BYTES_MAX ? 'put' : 'smallPut';
}

/** Of the standard normal distribution. */
const Z99 = 2.326347874;

/**
 * Milliseconds of the `count`-th request of its class (0, 1, …). The classes are independent: how many GETs there are does
 * not change what a PUT takes.
 */
export function latencyMs(model: LatencyModel, of: RequestClass, seed: number, count: number): number {
  const { p50Ms, p99Ms } = model[of];
  const sigma = Math.log(p99Ms / p50Ms) / Z99;
  return p50Ms * Math.exp(sigma * normal(seed, CLASS_STREAMS[of], count));
}

/** Whether the `count`-th request fails, where so many of a thousand do. */
export function fails(perMille: number, seed: number, count: number): boolean {
  return uniform(seed, FAILURES_STREAM, count) * 1000 < perMille;
}

/** What a latency is multiplied with, `sinceMs` after the model began. The slow time is the middle of its period. */
export function slownessAt({ everyMs, forMs, factor }: Slowness, sinceMs: number): number {
  const into = (sinceMs % everyMs) - (everyMs - forMs) / 2;
  return into >= 0 && into < forMs ? factor : 1;
}

const CLASS_STREAMS: Readonly<Record<RequestClass, number>> = { put: 0, smallPut: 1, get: 2 };
const FAILURES_STREAM = 3;
const STREAMS = 4;

/** Box and Muller, "A Note on the Generation of Random Normal Deviates", 1958. */
function normal(seed: number, stream: number, count: number): number {
  const radius = Math.sqrt(-2 * Math.log(1 - uniform(seed, stream, 2 * count)));
  return radius * Math.cos(2 * Math.PI * uniform(seed, stream, 2 * count + 1));
}

/** In [0, 1): splitmix64 (Steele, Lea and Flood, 2014) as a function of its counter. */
function uniform(seed: number, stream: number, count: number): number {
  const mask = 0xffff_ffff_ffff_ffffn;
  const counter = BigInt(count) * BigInt(STREAMS) + BigInt(stream) + 1n;
  let z = (mix(BigInt(seed), mask) + counter * 0x9e37_79b9_7f4a_7c15n) & mask;
  z = mix(z, mask);
  return Number(z >> 11n) / 2 ** 53;
}

function mix(value: bigint, mask: bigint): bigint {
  let z = value & mask;
  z = ((z ^ (z >> 30n)) * 0xbf58_476d_1ce4_e5b9n) & mask;
  z = ((z ^ (z >> 27n)) * 0x94d0_49bb_1331_11ebn) & mask;
  return z ^ (z >> 31n);
}
