// A real S3 server for trying Weft by hand: node scripts/servers/versitygw.js [FOLDER [PORT]]
// Serves FOLDER (.cache/s3 unless told otherwise), makes the bucket `weft`, prints how to use it, and runs until Ctrl-C.
// It never fsyncs: not for data that matter.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { binFolder, root } from '../parts.js';
import { say } from '../processes.js';

const bucket = 'weft';
const keys = { accessKeyId: 'weft', secretAccessKey: 'weft-secret' };

const program = join(binFolder, 'versitygw');
if (!existsSync(program)) {
  say('versitygw is missing: npm run setup');
  process.exit(2);
}
const folder = resolve(process.argv[2] ?? join(root, '.cache/s3'));
const port = process.argv[3] === undefined ? await freePort() : Number(process.argv[3]);
if (!Number.isInteger(port) || port < 1 || port > 65_535) {
  say(`'${process.argv[3]}' is not a port`);
  process.exit(2);
}
mkdirSync(folder, { recursive: true });

const address = `127.0.0.1:${port}`;
const child = spawn(program, ['--port', address, '--region', 'us-east-1', '--keep-alive', '--quiet', 'posix', folder], {
  env: { ROOT_ACCESS_KEY: keys.accessKeyId, ROOT_SECRET_KEY: keys.secretAccessKey },
  stdio: ['ignore', 'inherit', 'inherit'],
});
child.on('error', (error) => {
  say(error.message);
  process.exit(1);
});
child.on('exit', (code, signal) => {
  say(`versitygw ended with ${signal ?? `exit code ${code}`}`);
  process.exit(code ?? 0);
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));

await makeBucket(`http://${address}`);
const url = `s3://${bucket}?region=us-east-1&endpoint=http://${address}&path-style=true`;
say(`S3 on http://${address}, in ${folder}`);
say(
  `AWS_ACCESS_KEY_ID=${keys.accessKeyId} AWS_SECRET_ACCESS_KEY=${keys.secretAccessKey} npm start -- --bucket '${url}'`,
);

/** Asks until the server listens. A bucket that is there already is fine. */
async function makeBucket(endpoint) {
  const options = { endpoint, region: 'us-east-1', credentials: keys, forcePathStyle: true };
  // The SDK waits longer each time: some 10 seconds in all.
  const client = new S3Client({ ...options, maxAttempts: 12 });
  try {
    await client.send(new CreateBucketCommand({ Bucket: bucket }));
  } catch (error) {
    if (error.name !== 'BucketAlreadyOwnedByYou' && error.name !== 'BucketAlreadyExists') {
      say(`no bucket could be made: ${error.message}`);
      child.kill();
    }
  } finally {
    client.destroy();
  }
}

/** Bound for a moment, so that nobody else has it now. */
function freePort() {
  return new Promise((give, fail) => {
    const server = createServer();
    server.once('error', fail);
    server.listen(0, '127.0.0.1', () => {
      const { port: free } = server.address();
      server.close(() => give(free));
    });
  });
}
