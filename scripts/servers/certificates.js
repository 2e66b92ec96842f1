// Certificates for trying TLS by hand: node scripts/servers/certificates.js FOLDER [HOST …]
// An authority (ca.pem), a server's certificate for the hosts (localhost and 127.0.0.1 unless told otherwise; server.pem,
// server.key) and a client's (client.pem, client.key). They hold for a day: not for anything that matters.
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { root } from '../parts.js';
import { say } from '../processes.js';

const [folder, ...hosts] = process.argv.slice(2);
const program = join(root, 'dist/test/servers/certificates.js');
if (folder === undefined || !existsSync(program)) {
  say(folder === undefined ? 'which FOLDER?' : 'not built yet: npm run build');
  process.exit(2);
}
const { writeCertificates } = await import(program);
const files = writeCertificates(resolve(folder), hosts.length > 0 ? hosts : ['localhost', '127.0.0.1']);
for (const path of Object.values(files)) say(path);
