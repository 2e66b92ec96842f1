import { existsSync } from 'node:fs';
import { root } from '../processes/agent.js';
import { type S3Program, startS3Program } from './s3-program.js';
import type { S3Server } from './s3-server.js';

const program: S3Program = {
  path: `${root}/.cache/setup/bin/minio`,
  arguments: (address, folder) => ['server', '--quiet', '--address', address, folder],
  environment: (accessKey, secretKey) => ({
    MINIO_ROOT_USER: accessKey,
    MINIO_ROOT_PASSWORD: secretKey,
    MINIO_BROWSER: 'off',
    MINIO_UPDATE: 'off',
    // It keeps its certificates there.
    HOME: '/nonexistent',
  }),
};

/** Whether `npm run setup -- --long` has built it. */
export function hasMinio(): boolean {
  return existsSync(program.path);
}

/** The second opinion: other code, flat keys, a server that really syncs. */
export async function startMinio(buckets: readonly string[]): Promise<S3Server> {
  if (!hasMinio()) throw new Error('MinIO is missing: npm run setup -- --long');
  return startS3Program('minio', program, buckets);
}
