import { existsSync } from 'node:fs';
import { root } from '../processes/agent.js';
import { type S3Program, startS3Program, type TlsFiles } from './s3-program.js';
import type { S3Server } from './s3-server.js';

const program: S3Program = {
  path: `${root}/.cache/setup/bin/versitygw`,
  arguments: (address, folder, tls) => [
    ...(tls === undefined ? [] : ['--cert', tls.serverCertificate, '--key', tls.serverKey]),
    ...['--port', address, '--region', 'us-east-1', '--keep-alive', '--quiet'],
    ...['posix', folder],
  ],
  environment: (accessKey, secretKey) => ({ ROOT_ACCESS_KEY: accessKey, ROOT_SECRET_KEY: secretKey }),
};

/** Whether `npm run setup` has built it. */
export function hasVersitygw(): boolean {
  return existsSync(program.path);
}

/** The test server: its conditional writes hold in every race, and it verifies signatures and checksums. */
export async function startVersitygw(buckets: readonly string[], tls?: TlsFiles): Promise<S3Server> {
  if (!hasVersitygw()) throw new Error('versitygw is missing: npm run setup');
  return startS3Program('versitygw', program, buckets, tls);
}
