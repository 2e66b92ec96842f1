// S3 over HTTPS against an independent server, its authority trusted as NODE_EXTRA_CA_CERTS would have it.
import { readFileSync } from 'node:fs';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { afterAll, describe } from 'vitest';
import { scratchFolder } from '../processes/agent.js';
import { writeCertificates } from '../servers/certificates.js';
import { hasVersitygw, startVersitygw } from '../servers/versitygw.js';
import { s3ServerContract } from './s3-server-contract.js';

const missing = !hasVersitygw() && process.env['WEFT_ALL'] !== '1';

// scripts/suites.js says that this suite was not run when its server is missing.
describe.skipIf(missing)(missing ? 'NOT RUN: versitygw (npm run setup)' : 'versitygw over HTTPS', () => {
  const folder = scratchFolder('https');
  const files = writeCertificates(folder.path, ['127.0.0.1']);
  const before = getCACertificates('default');
  setDefaultCACertificates([...before, readFileSync(files.ca, 'utf8')]);
  afterAll(() => {
    setDefaultCACertificates(before);
    folder.remove();
  });
  s3ServerContract((buckets) => startVersitygw(buckets, files));
});
