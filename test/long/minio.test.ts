// S3 against a second independent server: what only one of them allows is no contract.
import { describe } from 'vitest';
import { s3ServerContract } from '../contract/s3-server-contract.js';
import { hasMinio, startMinio } from '../servers/minio.js';

const missing = !hasMinio() && process.env['WEFT_ALL'] !== '1';

// scripts/suites.js says that this suite was not run when its server is missing.
describe.skipIf(missing)(missing ? 'NOT RUN: minio (npm run setup -- --long)' : 'minio', () => {
  s3ServerContract(startMinio);
});
