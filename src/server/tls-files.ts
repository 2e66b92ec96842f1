import type { Meters } from '../telemetry/counters.js';
import type { Log } from '../telemetry/log.js';
import type { CertificateFacts, Files, Timer, TlsCredentials, TlsListening, World } from '../world/world.js';

/** As `Settings` (src/config) has them: files in PEM. */
export interface TlsSettings {
  readonly tlsCertificate: string | undefined;
  readonly tlsKey: string | undefined;
  readonly tlsCa: string | undefined;
}

interface TlsFilesParts {
  readonly world: Pick<World, 'files' | 'net' | 'timers' | 'clock'>;
  readonly meters: Meters;
  readonly log: Log;
}

/** Short beside the life of a certificate; the files are a few KiB. */
const LOOK_MS = 5_000;
/** A file of certificates is small; one that is not would be read again and again. */
const FILE_BYTES_MAX = 1024 * 1024;

/**
 * The certificate, key and CA of the TLS listeners, read again every few seconds: their contents are compared, so it does
 * not matter how they are replaced (over the old one, by a rename, by a symbolic link as Kubernetes does). New handshakes
 * get the new ones. Files that cannot be used (a new certificate beside the old key, for one moment) change nothing.
 */
export class TlsFiles {
  readonly credentials: TlsCredentials;
  readonly #settings: TlsSettings;
  readonly #to: TlsFilesParts;
  readonly #listening: TlsListening[] = [];
  #inForce: string;
  /** What was told to be of no use: contents, or why there are none. */
  #useless: string | undefined;
  #timer: Timer | undefined;
  #closed = false;

  private constructor(settings: TlsSettings, to: TlsFilesParts, credentials: TlsCredentials) {
    this.#settings = settings;
    this.#to = to;
    this.credentials = credentials;
    this.#inForce = textOf(credentials);
  }

  /** Rejects with an error for people when the files are not there or cannot be used. */
  static async load(settings: TlsSettings, to: TlsFilesParts): Promise<TlsFiles> {
    const credentials = await readAll(to.world.files, settings);
    const facts = await to.world.net.checkTls(credentials);
    const files = new TlsFiles(settings, to, credentials);
    files.#tell(facts, 'TLS certificate loaded');
    files.#schedule();
    return files;
  }

  /** A listener that was opened with `credentials` gets the later ones. */
  renews(listening: TlsListening): void {
    this.#listening.push(listening);
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
  }

  #schedule(): void {
    if (this.#closed) return;
    this.#timer = this.#to.world.timers.after(LOOK_MS, () => {
      void this.#look().then(() => this.#schedule());
    });
  }

  async #look(): Promise<void> {
    const { world, meters, log } = this.#to;
    let text: string | undefined;
    try {
      const credentials = await readAll(world.files, this.#settings);
      if (this.#closed) return;
      text = textOf(credentials);
      if (text !== this.#inForce && text !== this.#useless) {
        const facts = await world.net.checkTls(credentials);
        if (this.#closed) return;
        for (const listening of this.#listening) listening.renew(credentials);
        this.#inForce = text;
        meters.tlsReloads.done.add(1);
        this.#tell(facts, 'TLS certificate reloaded: new connections get it');
      }
      if (text === this.#inForce) this.#useless = undefined;
    } catch (error) {
      const { message } = error as Error;
      const useless = text ?? message;
      // Files that are missing are missed at every look: said once, until something changes.
      if (useless === this.#useless) return;
      this.#useless = useless;
      meters.tlsReloads.refused.add(1);
      log.error({ reason: message }, 'TLS files have changed and cannot be used; the former ones stay in force');
    }
  }

  #tell({ subject, validUntilMs }: CertificateFacts, message: string): void {
    const { world, meters, log } = this.#to;
    meters.tlsCertificateExpiry.set(validUntilMs / 1000);
    const fields = { subject, validUntil: new Date(validUntilMs).toISOString(), clientCertificates: this.#demands };
    if (validUntilMs > world.clock.wallMs()) log.info(fields, message);
    else log.warn(fields, `${message}; it has EXPIRED, clients will refuse it`);
  }

  get #demands(): 'required' | 'not asked for' {
    return this.#settings.tlsCa === undefined ? 'not asked for' : 'required';
  }
}

async function readAll(files: Files, settings: TlsSettings): Promise<TlsCredentials> {
  const certificate = await readText(files, '--tls-certificate', settings.tlsCertificate);
  const key = await readText(files, '--tls-key', settings.tlsKey);
  const ca = settings.tlsCa === undefined ? undefined : await readText(files, '--tls-ca', settings.tlsCa);
  return { certificate, key, ca };
}

async function readText(files: Files, flag: string, path: string | undefined): Promise<string> {
  if (path === undefined) throw new Error(`${flag} is not given`);
  try {
    const file = await files.open(path);
    try {
      const size = await file.size();
      // Cut, it would lose authorities without a word.
      if (size > FILE_BYTES_MAX) throw new Error(`has ${size} bytes; ${FILE_BYTES_MAX} are read at most`);
      const bytes = new Uint8Array(size);
      const count = await file.read(bytes, 0);
      return new TextDecoder().decode(bytes.subarray(0, count));
    } finally {
      await file.close();
    }
  } catch (error) {
    throw new Error(`${flag} ${path}: ${(error as Error).message}`);
  }
}

function textOf({ certificate, key, ca }: TlsCredentials): string {
  return JSON.stringify([certificate, key, ca]);
}
