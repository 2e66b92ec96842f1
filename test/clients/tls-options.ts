import { readFileSync } from 'node:fs';

/** Of the environment. Undefined: plaintext. */
export function tlsOptions(): { readonly ca: string; readonly cert: string; readonly key: string } | undefined {
  const { WEFT_TEST_TLS_CA: ca, WEFT_TEST_TLS_CERTIFICATE: cert, WEFT_TEST_TLS_KEY: key } = process.env;
  if (ca === undefined || cert === undefined || key === undefined) return undefined;
  const read = (path: string): string => readFileSync(path, 'utf8');
  return { ca: read(ca), cert: read(cert), key: read(key) };
}
