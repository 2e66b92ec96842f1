import { type Kind, Mistake } from './kinds.js';

/** A host name or IP address (IPv6 without brackets) and a TCP port. */
export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** One place where Kafka clients connect. */
export interface KafkaListener {
  /** Unique; when none was given, its HOST:PORT. */
  readonly name: string;
  /** By TLS; tcp:// is plaintext. */
  readonly tls: boolean;
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** What clients of this listener are told to connect to; undefined: its own host and actual port. */
  readonly advertise: HostPort | undefined;
}

export function showHostPort(address: HostPort): string {
  return address.host.includes(':') ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}

function parseHostPort(text: string, portMin: number): HostPort {
  const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]+)):(\d{1,5})$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  if (match === null || host === undefined) throw new Mistake(`'${text}' is not HOST:PORT (IPv6 as [::1]:9092)`);
  const port = Number(match[3]);
  if (port < portMin || port > 65_535) throw new Mistake(`port ${port} is outside ${portMin} to 65535`);
  return { host, port };
}

const listenFailures = new Map([
  ['EADDRINUSE', 'another process listens there; choose another port'],
  ['EADDRNOTAVAIL', 'no interface of this machine has this address; choose one that it has'],
  ['EACCES', 'the system allows this port only to others; choose one from 1024 on'],
]);

/** For people: what to do about an address of `flag` that could not be had. Keeps the system's code. */
export function listenFailure(flag: '--kafka' | '--http', address: HostPort, failure: unknown): unknown {
  const { code = '' } = failure as { readonly code?: string };
  const sentence = listenFailures.get(code);
  if (sentence === undefined) return failure;
  return Object.assign(new Error(`${flag} ${showHostPort(address)}: ${sentence} (${code})`, { cause: failure }), {
    code,
  });
}

/** `HOST:PORT`; port 0 takes any free one. */
export const hostPort: Kind<HostPort> = {
  placeholder: 'HOST:PORT',
  parse: (text) => parseHostPort(text, 0),
  show: showHostPort,
};

const everyInterface = new Set(['0.0.0.0', '::']);

/** `[NAME=tcp://|NAME=tls://]HOST:PORT[,advertise=HOST:PORT]` */
export const kafkaListener: Kind<KafkaListener> = {
  placeholder: '[NAME=tcp://|NAME=tls://]HOST:PORT[,advertise=HOST:PORT]',
  parse(text) {
    const [where = '', ...options] = text.split(',');
    if (where.startsWith('tls://')) throw new Mistake('a TLS listener needs a name: NAME=tls://HOST:PORT');
    if (/^[A-Za-z]+:\/\//.test(where)) {
      throw new Mistake(`'${where}' has no name: write HOST:PORT, NAME=tcp://HOST:PORT or NAME=tls://HOST:PORT`);
    }
    const named = /^([^=]*)=([a-z]+):\/\/(.*)$/.exec(where);
    const scheme = named?.[2] ?? 'tcp';
    if (scheme !== 'tcp' && scheme !== 'tls') {
      throw new Mistake(`'${scheme}://' is unknown; tcp:// and tls:// are served`);
    }
    if (named !== null && !/^[A-Za-z0-9._-]{1,100}$/.test(named[1] ?? '')) {
      throw new Mistake(`'${named[1]}' is not a listener name; use letters, digits, '.', '_' and '-'`);
    }
    const address = parseHostPort(named?.[3] ?? where, 0);
    let advertise: HostPort | undefined;
    for (const option of options) {
      if (!option.startsWith('advertise='))
        throw new Mistake(`'${option}' is unknown; only advertise=HOST:PORT may follow`);
      if (advertise !== undefined) throw new Mistake('advertise is given twice');
      advertise = parseHostPort(option.slice('advertise='.length), 1);
    }
    if (everyInterface.has((advertise ?? address).host)) {
      throw new Mistake(
        `clients cannot connect to ${(advertise ?? address).host}; add ,advertise=HOST:PORT as they see this agent`,
      );
    }
    return { name: named?.[1] ?? showHostPort(address), tls: scheme === 'tls', ...address, advertise };
  },
  show(listener) {
    const where = showHostPort(listener);
    const scheme = listener.tls ? 'tls' : 'tcp';
    const named = listener.name === where && !listener.tls ? where : `${listener.name}=${scheme}://${where}`;
    return listener.advertise === undefined ? named : `${named},advertise=${showHostPort(listener.advertise)}`;
  },
};
