import { type ChildProcess, spawn } from 'node:child_process';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { scratchFolder } from '../processes/agent.js';
import { freePort } from '../processes/ports.js';
import type { CertificateFiles } from './certificates.js';
import type { S3Server } from './s3-server.js';

const keys = { AWS_ACCESS_KEY_ID: 'weft-test', AWS_SECRET_ACCESS_KEY: 'weft-test-secret' };

/** Paths of files in PEM. */
export type TlsFiles = Pick<CertificateFiles, 'serverCertificate' | 'serverKey'>;

/** How to run a program that serves S3 from a folder. */
export interface S3Program {
  readonly path: string;
  /** `tls`: it serves HTTPS with these. */
  arguments(address: string, folder: string, tls: TlsFiles | undefined): readonly string[];
  environment(accessKey: string, secretKey: string): Readonly<Record<string, string>>;
}

/** Resolves once it listens and has the buckets. */
export async function startS3Program(
  name: string,
  program: S3Program,
  buckets: readonly string[],
  tls?: TlsFiles,
): Promise<S3Server> {
  const folder = scratchFolder(name);
  const address = `127.0.0.1:${await freePort()}`;
  const child = spawn(program.path, program.arguments(address, folder.path, tls), {
    env: program.environment(keys.AWS_ACCESS_KEY_ID, keys.AWS_SECRET_ACCESS_KEY),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const stop = async (): Promise<void> => {
    await ended(child);
    folder.remove();
  };
  const endpoint = `${tls === undefined ? 'http' : 'https'}://${address}`;
  try {
    await createBuckets(name, endpoint, buckets, child);
  } catch (error) {
    await stop();
    throw error;
  }
  return { endpoint, environment: keys, stop };
}

/** Asks until the server serves, or has ended. */
async function createBuckets(
  name: string,
  endpoint: string,
  buckets: readonly string[],
  child: ChildProcess,
): Promise<void> {
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (text: Buffer) => (output += text.toString()));
  const credentials = { accessKeyId: keys.AWS_ACCESS_KEY_ID, secretAccessKey: keys.AWS_SECRET_ACCESS_KEY };
  const client = new S3Client({ endpoint, region: 'us-east-1', credentials, forcePathStyle: true, maxAttempts: 1 });
  for (const Bucket of buckets) {
    for (let tries = 0; ; tries += 1) {
      if (child.exitCode !== null) throw new Error(`${name} ended with ${child.exitCode}:\n${output}`);
      try {
        await client.send(new CreateBucketCommand({ Bucket }));
        break;
      } catch (error) {
        const soon = error instanceof Error && /ECONNREFUSED|NotInitialized/.test(`${error.message}${error.name}`);
        if (!soon || tries > 500) throw error;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
  }
  client.destroy();
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await gone;
}
