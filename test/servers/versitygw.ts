import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { freePort } from '../processes/ports.js';
import { root, scratchFolder } from '../processes/agent.js';
import type { S3Server } from './s3-server.js';

const program = `${root}/.cache/setup/bin/versitygw`;

/** Whether `npm run setup` has built it. */
export function hasVersitygw(): boolean {
  return existsSync(program);
}

const keys = { AWS_ACCESS_KEY_ID: 'weft-test', AWS_SECRET_ACCESS_KEY: 'weft-test-secret' };

/** The test server: its conditional writes hold in every race, and it verifies signatures and checksums. */
export async function startVersitygw(buckets: readonly string[]): Promise<S3Server> {
  if (!hasVersitygw()) throw new Error('versitygw is missing: npm run setup');
  const folder = scratchFolder('versitygw');
  const port = await freePort();
  const flags = ['--port', `127.0.0.1:${port}`, '--region', 'us-east-1', '--keep-alive', '--quiet'];
  const child = spawn(program, [...flags, 'posix', folder.path], {
    env: { ROOT_ACCESS_KEY: keys.AWS_ACCESS_KEY_ID, ROOT_SECRET_KEY: keys.AWS_SECRET_ACCESS_KEY },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const stop = async (): Promise<void> => {
    await ended(child);
    folder.remove();
  };
  const endpoint = `http://127.0.0.1:${port}`;
  try {
    await createBuckets(endpoint, buckets, child);
  } catch (error) {
    await stop();
    throw error;
  }
  return { endpoint, environment: keys, stop };
}

/** Asks until the server listens, or has ended. */
async function createBuckets(endpoint: string, buckets: readonly string[], child: ChildProcess): Promise<void> {
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (text: Buffer) => (output += text.toString()));
  const credentials = { accessKeyId: keys.AWS_ACCESS_KEY_ID, secretAccessKey: keys.AWS_SECRET_ACCESS_KEY };
  const client = new S3Client({ endpoint, region: 'us-east-1', credentials, forcePathStyle: true, maxAttempts: 1 });
  for (const Bucket of buckets) {
    for (let tries = 0; ; tries += 1) {
      if (child.exitCode !== null) throw new Error(`versitygw ended with ${child.exitCode}:\n${output}`);
      try {
        await client.send(new CreateBucketCommand({ Bucket }));
        break;
      } catch (error) {
        if (!(error instanceof Error) || !/ECONNREFUSED/.test(`${error.message}${error.name}`) || tries > 500)
          throw error;
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
