/**
 * Certificates for trying and testing TLS: an authority and what it issues, by X.509 v3 (RFC 5280) written in DER (X.690).
 * Node signs but writes no certificates. Keys are ECDSA P-256. Nothing here is kept anywhere or fit to be trusted.
 */
import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';

/** PEM texts. */
export interface KeyAndCertificate {
  readonly key: string;
  readonly certificate: string;
}

export interface Request {
  readonly commonName: string;
  /** Names and IPv4 addresses of a server; none: a client. */
  readonly hosts?: readonly string[];
  /** Milliseconds since 1970; a day from now unless given. */
  readonly validUntilMs?: number;
}

const DAY_MS = 86_400_000;

export class CertificateAuthority {
  readonly certificate: string;
  readonly #name: string;
  readonly #key: KeyObject;
  readonly #keyId: Buffer;

  constructor(name = 'Weft test authority') {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
    this.#name = name;
    this.#key = privateKey;
    this.#keyId = keyIdOf(publicKey);
    this.certificate = this.#certify(name, publicKey, Date.now() + DAY_MS, [
      extension('2.5.29.19', true, sequence(boolean(true))),
      // keyCertSign and cRLSign
      extension('2.5.29.15', true, Buffer.from([0x03, 0x02, 0x01, 0x06])),
    ]);
  }

  issue({ commonName, hosts = [], validUntilMs = Date.now() + DAY_MS }: Request): KeyAndCertificate {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
    const forServers = hosts.length > 0;
    const extensions = [
      extension('2.5.29.19', true, sequence()),
      // digitalSignature
      extension('2.5.29.15', true, Buffer.from([0x03, 0x02, 0x07, 0x80])),
      extension('2.5.29.37', false, sequence(oid(forServers ? '1.3.6.1.5.5.7.3.1' : '1.3.6.1.5.5.7.3.2'))),
    ];
    if (forServers) extensions.push(extension('2.5.29.17', false, sequence(...hosts.map(alternativeName))));
    return {
      key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
      certificate: this.#certify(commonName, publicKey, validUntilMs, extensions),
    };
  }

  #certify(commonName: string, publicKey: KeyObject, validUntilMs: number, extensions: readonly Buffer[]): string {
    const ecdsaWithSha256 = sequence(oid('1.2.840.10045.4.3.2'));
    const body = sequence(
      tagged(0xa0, integer(Buffer.from([2]))),
      integer(Buffer.concat([Buffer.from([0x01]), randomBytes(15)])),
      ecdsaWithSha256,
      nameOf(this.#name),
      sequence(utcTime(Math.min(Date.now(), validUntilMs) - DAY_MS), utcTime(validUntilMs)),
      nameOf(commonName),
      publicKey.export({ type: 'spki', format: 'der' }),
      tagged(
        0xa3,
        sequence(
          ...extensions,
          extension('2.5.29.14', false, tagged(0x04, keyIdOf(publicKey))),
          extension('2.5.29.35', false, sequence(tagged(0x80, this.#keyId))),
        ),
      ),
    );
    const signature = sign('sha256', body, this.#key);
    const der = sequence(body, ecdsaWithSha256, tagged(0x03, Buffer.concat([Buffer.from([0]), signature])));
    const lines = der.toString('base64').match(/.{1,64}/g)!;
    return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
  }
}

/** Paths of what `writeCertificates` wrote. */
export interface CertificateFiles {
  readonly ca: string;
  readonly serverCertificate: string;
  readonly serverKey: string;
  readonly clientCertificate: string;
  readonly clientKey: string;
}

/** An authority, a certificate for a server with these names, and one for a client, as files in `folder`. */
export function writeCertificates(folder: string, hosts: readonly string[]): CertificateFiles {
  const authority = new CertificateAuthority();
  const server = authority.issue({ commonName: hosts[0]!, hosts });
  const client = authority.issue({ commonName: 'client' });
  mkdirSync(folder, { recursive: true });
  const write = (name: string, text: string): string => {
    const path = join(folder, name);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  };
  return {
    ca: write('ca.pem', authority.certificate),
    serverCertificate: write('server.pem', server.certificate),
    serverKey: write('server.key', server.key),
    clientCertificate: write('client.pem', client.certificate),
    clientKey: write('client.key', client.key),
  };
}

function keyIdOf(publicKey: KeyObject): Buffer {
  return createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest()
    .subarray(0, 20);
}

function tagged(tag: number, content: Buffer): Buffer {
  const { length } = content;
  const head = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...head]), content]);
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return tagged(0x30, Buffer.concat(parts));
}

function integer(bytes: Buffer): Buffer {
  return tagged(0x02, bytes);
}

function boolean(value: boolean): Buffer {
  return Buffer.from([0x01, 0x01, value ? 0xff : 0x00]);
}

function oid(text: string): Buffer {
  const [first = 0, second = 0, ...others] = text.split('.').map(Number);
  const bytes = [first * 40 + second];
  for (const arc of others) {
    const groups = [arc & 0x7f];
    for (let left = arc >>> 7; left > 0; left >>>= 7) groups.unshift((left & 0x7f) | 0x80);
    bytes.push(...groups);
  }
  return tagged(0x06, Buffer.from(bytes));
}

function extension(id: string, critical: boolean, value: Buffer): Buffer {
  return sequence(oid(id), ...(critical ? [boolean(true)] : []), tagged(0x04, value));
}

function nameOf(commonName: string): Buffer {
  const utf8 = tagged(0x0c, Buffer.from(commonName));
  return sequence(tagged(0x31, sequence(oid('2.5.4.3'), utf8)));
}

function utcTime(ms: number): Buffer {
  const digits = new Date(ms).toISOString().replaceAll(/[-:T]/g, '').slice(2, 14);
  return tagged(0x17, Buffer.from(`${digits}Z`));
}

function alternativeName(host: string): Buffer {
  return isIP(host) === 4 ? tagged(0x87, Buffer.from(host.split('.').map(Number))) : tagged(0x82, Buffer.from(host));
}
