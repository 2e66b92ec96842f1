// S3 through the bench's latency proxy: what holds of the server holds behind it, signatures, conditions and races included.
import type { AddressInfo } from 'node:net';
import { describe } from 'vitest';
import { latencyProxy } from '../../bench/models/proxy.js';
import type { S3Server } from '../servers/s3-server.js';
import { hasVersitygw, startVersitygw } from '../servers/versitygw.js';
import { s3ServerContract } from './s3-server-contract.js';

const missing = !hasVersitygw() && process.env['WEFT_ALL'] !== '1';
const times = { p50Ms: 2, p99Ms: 4 };
const model = { name: 'fast', put: times, smallPut: times, get: times };

async function startBehindProxy(buckets: readonly string[]): Promise<S3Server> {
  const server = await startVersitygw(buckets);
  const proxy = latencyProxy({ model, seed: 1, store: new URL(server.endpoint).host });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  return {
    ...server,
    endpoint: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    async stop() {
      proxy.closeAllConnections();
      await new Promise((resolve) => proxy.close(resolve));
      await server.stop();
    },
  };
}

// scripts/suites.js says that this suite was not run when its server is missing.
describe.skipIf(missing)(missing ? 'NOT RUN: versitygw (npm run setup)' : 'versitygw behind the latency proxy', () => {
  s3ServerContract(startBehindProxy);
});
