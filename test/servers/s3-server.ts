import type { S3BucketUrl } from '../../src/config/bucket-url.js';

/** A server that speaks S3, for the length of a test file. */
export interface S3Server {
  /** http://127.0.0.1:PORT, or https:// */
  readonly endpoint: string;
  /** The keys that it lets in, as environment variables. */
  readonly environment: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

/** `bucket` on a test server. */
export function bucketOn(endpoint: string, bucket: string, prefix = ''): S3BucketUrl {
  return { kind: 's3', bucket, prefix, region: 'us-east-1', endpoint, pathStyle: true, express: false };
}
