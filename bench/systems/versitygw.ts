import { mkdirSync, readFileSync } from 'node:fs';
import { Agent } from 'node:https';
import { join } from 'node:path';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { freePort } from '../../test/processes/ports.js';
import { runProgram, startServer, stopServer } from '../../test/servers/processes.js';
import type { RunningStore } from './store.js';

const REGION = 'us-east-1';
const keys = { accessKeyId: 'weft-bench', secretAccessKey: 'weft-bench-secret' };
const BUCKET = 'bench';

/** An S3 server over a folder, with an empty bucket. It never fsyncs. */
export async function startVersitygw(program: string, folder: string, scheme: 'http' | 'https'): Promise<RunningStore> {
  mkdirSync(join(folder, 'objects'), { recursive: true });
  const port = await freePort();
  const certificate = scheme === 'https' ? await selfSigned(folder) : undefined;
  const flags = ['--port', `127.0.0.1:${port}`, '--region', REGION, '--keep-alive', '--quiet'];
  const tls = certificate === undefined ? [] : ['--cert', certificate.path, '--key', certificate.keyPath];
  const server = startServer(program, [...flags, ...tls, 'posix', '--data-integrity-etag', join(folder, 'objects')], {
    env: { ROOT_ACCESS_KEY: keys.accessKeyId, ROOT_SECRET_KEY: keys.secretAccessKey },
  });
  const endpoint = `${scheme}://127.0.0.1:${port}`;
  const client = new S3Client({
    endpoint,
    region: REGION,
    credentials: keys,
    forcePathStyle: true,
    maxAttempts: 20,
    ...(certificate && { requestHandler: { httpsAgent: new Agent({ ca: readFileSync(certificate.path) }) } }),
  });
  await client.send(new CreateBucketCommand({ Bucket: BUCKET }));
  client.destroy();
  return {
    pid: server.process.pid!,
    endpoint,
    bucket: BUCKET,
    accessKey: keys.accessKeyId,
    secretKey: keys.secretAccessKey,
    environment: certificate === undefined ? {} : { NODE_EXTRA_CA_CERTS: certificate.path },
    stop: () => stopServer(server),
  };
}

/** A certificate of 127.0.0.1 that is its own authority, for a day. */
async function selfSigned(folder: string): Promise<{ readonly path: string; readonly keyPath: string }> {
  const path = join(folder, 'certificate.pem');
  const keyPath = join(folder, 'key.pem');
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', keyPath];
  const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'];
  await runProgram('openssl', ['req', '-x509', '-days', '1', ...key, ...subject, '-out', path]);
  return { path, keyPath };
}
