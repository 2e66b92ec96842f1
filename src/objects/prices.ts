import type { BucketUrl } from '../config/bucket-url.js';
import { partBytes, singleBytesMax } from './parts.js';

/** List prices in US dollars. */
export interface Prices {
  readonly perPut: number;
  readonly perGet: number;
  /** One page of a listing: up to 1,000 keys. */
  readonly perListPage: number;
  readonly perDelete: number;
  readonly perByteWritten: number;
  readonly perByteRead: number;
}

const GB = 1e9;

/** S3 Standard, us-east-1, as published on 2025-04-10 (aws.amazon.com/s3/pricing). Transfer within the region is free. */
const standard: Prices = {
  perPut: 0.005 / 1000,
  perGet: 0.0004 / 1000,
  perListPage: 0.005 / 1000,
  perDelete: 0,
  perByteWritten: 0,
  perByteRead: 0,
};

/** S3 Express One Zone, us-east-1, as published on 2025-04-10. */
const express: Prices = {
  perPut: 0.00113 / 1000,
  perGet: 0.00003 / 1000,
  perListPage: 0.00113 / 1000,
  perDelete: 0,
  perByteWritten: 0.0032 / GB,
  perByteRead: 0.0006 / GB,
};

const none: Prices = { perPut: 0, perGet: 0, perListPage: 0, perDelete: 0, perByteWritten: 0, perByteRead: 0 };

/** What requests to a bucket cost; nothing when it is not at AWS. */
export function pricesOf(bucket: BucketUrl): Prices {
  if (bucket.kind !== 's3') return none;
  if (bucket.endpoint !== undefined && !/\.amazonaws\.com(\.cn)?(:\d+)?$/.test(bucket.endpoint)) return none;
  return bucket.express ? express : standard;
}

/** The requests that writing one object takes. */
export function putRequestsOf(bytes: number): number {
  return bytes > singleBytesMax ? Math.ceil(bytes / partBytes) + 2 : 1;
}
