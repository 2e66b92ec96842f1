// S3 against an independent server, which verifies signatures and checksums and whose conditions hold in every race.
import { describe } from 'vitest';
import { hasVersitygw, startVersitygw } from '../servers/versitygw.js';
import { s3ServerContract } from './s3-server-contract.js';

const missing = !hasVersitygw() && process.env['WEFT_ALL'] !== '1';

// scripts/suites.js says that this suite was not run when its server is missing.
describe.skipIf(missing)(missing ? 'NOT RUN: versitygw (npm run setup)' : 'versitygw', () => {
  s3ServerContract(startVersitygw);
});
