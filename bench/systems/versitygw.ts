import { mkdirSync } from 'node:fs';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { freePort } from '../../test/processes/ports.js';
import { type Server, startServer } from '../../test/servers/processes.js';

const keys = { accessKeyId: 'weft-bench', secretAccessKey: 'weft-bench-secret' };
export const BUCKET = 'bench';

export interface Versitygw {
  readonly server: Server;
  /** For --bucket. */
  readonly bucketUrl: string;
  /** The keys, as an agent's environment. */
  readonly environment: Readonly<Record<string, string>>;
}

/** An S3 server over a folder, with an empty bucket. It never fsyncs. */
export async function startVersitygw(program: string, folder: string): Promise<Versitygw> {
  mkdirSync(folder, { recursive: true });
  const port = await freePort();
  const flags = ['--port', `127.0.0.1:${port}`, '--region', 'us-east-1', '--keep-alive', '--quiet'];
  const server = startServer(program, [...flags, 'posix', '--data-integrity-etag', folder], {
    env: { ROOT_ACCESS_KEY: keys.accessKeyId, ROOT_SECRET_KEY: keys.secretAccessKey },
  });
  const endpoint = `http://127.0.0.1:${port}`;
  const client = new S3Client({
    endpoint,
    region: 'us-east-1',
    credentials: keys,
    forcePathStyle: true,
    maxAttempts: 20,
  });
  await client.send(new CreateBucketCommand({ Bucket: BUCKET }));
  client.destroy();
  return {
    server,
    bucketUrl: `s3://${BUCKET}?region=us-east-1&endpoint=${endpoint}&path-style=true`,
    environment: { AWS_ACCESS_KEY_ID: keys.accessKeyId, AWS_SECRET_ACCESS_KEY: keys.secretAccessKey },
  };
}
