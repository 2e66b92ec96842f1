import type { LatencyModel } from './model.js';

/** S3 Express One Zone, as published measurements of it have it. */
export const express: LatencyModel = {
  name: 'express',
  put: { p50Ms: 9, p99Ms: 38 },
  smallPut: { p50Ms: 6, p99Ms: 25 },
  get: { p50Ms: 5, p99Ms: 20 },
};
