import type { LatencyModel } from './model.js';

/** S3 Standard, as published measurements of it have it. */
export const standard: LatencyModel = {
  name: 'standard',
  put: { p50Ms: 130, p99Ms: 400 },
  smallPut: { p50Ms: 40, p99Ms: 180 },
  get: { p50Ms: 30, p99Ms: 150 },
};
