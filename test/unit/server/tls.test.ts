import { beforeEach, describe, expect, it } from 'vitest';
import { apis } from '../../../src/protocol/apis.js';
import { ClientQuotas } from '../../../src/server/client-quotas.js';
import { Server } from '../../../src/server/server.js';
import { type Log, type LogFields, silentLog } from '../../../src/telemetry/log.js';
import type { Files, OpenFile } from '../../../src/world/world.js';
import { LocalAgent, localSettings } from '../../conformance/local-agent.js';

/** Files that the test writes and the server reads. */
let contents: Map<string, string>;
beforeEach(() => {
  contents = new Map([
    ['cert.pem', 'CN=a 4000000000000'],
    ['key.pem', 'key of CN=a'],
    ['ca.pem', 'an authority'],
  ]);
});

const files = {
  open: async (path: string): Promise<OpenFile> => {
    const text = contents.get(path);
    if (text === undefined) throw Object.assign(new Error(`ENOENT: no such file, open '${path}'`), { code: 'ENOENT' });
    const bytes = Buffer.from(text);
    return {
      size: async () => bytes.length,
      read: async (into) => bytes.copy(into),
      close: async () => {},
      write: async () => {},
      sync: async () => {},
    };
  },
} as Partial<Files> as Files;

const kafka = [
  { name: 'plain', tls: false, host: 'agent.test', port: 0, advertise: undefined },
  { name: 'safe', tls: true, host: 'agent.test', port: 0, advertise: { host: 'kafka.example', port: 443 } },
];

type Line = Readonly<Record<string, unknown>>;
function logTo(logged: Line[]): Log {
  const at = (level: string) => (fields: LogFields, message: string) => void logged.push({ ...fields, level, message });
  return { ...silentLog, info: at('info'), warn: at('warn'), error: at('error') };
}

interface Started {
  readonly agent: LocalAgent;
  readonly server: Server;
  readonly safePort: number;
  readonly logged: readonly Line[];
}

async function start(tlsCa?: string): Promise<Started> {
  const agent = await LocalAgent.start();
  const logged: Line[] = [];
  const settings = { ...localSettings, kafka, tlsCertificate: 'cert.pem', tlsKey: 'key.pem', tlsCa };
  const world = { ...agent.world, files };
  const server = await Server.open({ world, settings, ...agent.shared, log: logTo(logged) });
  server.serve(agent.dispatch, agent.intake, new ClientQuotas(agent.metadata));
  return { agent, server, safePort: agent.net.lastPort, logged };
}

const lines = (logged: readonly Line[], level: string) => logged.filter((line) => line['level'] === level);

describe('the TLS files', () => {
  it('are read at the start: subject and expiry are told', async () => {
    const { agent, logged } = await start();
    expect(lines(logged, 'info')).toContainEqual(
      expect.objectContaining({
        subject: 'CN=a',
        validUntil: '2096-10-02T07:06:40.000Z',
        clientCertificates: 'not asked for',
      }),
    );
    expect(agent.telemetry.total('tlsCertificateExpiry')).toBe(4_000_000_000);
    const { logged: mutual } = await start('ca.pem');
    expect(lines(mutual, 'info')).toContainEqual(expect.objectContaining({ clientCertificates: 'required' }));
  });

  it('that have expired are served with a warning', async () => {
    contents.set('cert.pem', 'CN=a -1000');
    const { logged } = await start();
    expect(lines(logged, 'warn')[0]!['message']).toContain('EXPIRED');
  });

  it.each([
    ['cert.pem', undefined, /^--tls-certificate cert.pem: ENOENT/],
    ['key.pem', undefined, /^--tls-key key.pem: ENOENT/],
    ['ca.pem', undefined, /^--tls-ca ca.pem: ENOENT/],
    ['key.pem', 'key of CN=b', /^the key is not the key of the certificate$/],
  ])('that cannot be used keep the agent from starting: %s', async (path, text, sentence) => {
    if (text === undefined) contents.delete(path);
    else contents.set(path, text);
    await expect(start('ca.pem')).rejects.toThrow(sentence);
  });

  it('that come back as they were renew nothing, whatever stood in their place', async () => {
    const { agent, logged } = await start();
    for (const between of [undefined, 'key of CN=b']) {
      if (between === undefined) contents.delete('key.pem');
      else contents.set('key.pem', between);
      await agent.pass(60_000);
      contents.set('key.pem', 'key of CN=a');
      await agent.pass(60_000);
    }
    expect(agent.net.renewals).toEqual([]);
    // Told once each, and once more when it happens again.
    expect(lines(logged, 'error')).toHaveLength(2);
    contents.delete('key.pem');
    await agent.pass(60_000);
    expect(lines(logged, 'error')).toHaveLength(3);
  });

  it('that change go to the listeners', async () => {
    const { agent } = await start('ca.pem');
    await agent.pass(60_000);
    expect(agent.net.renewals).toEqual([]);
    contents.set('cert.pem', 'CN=b 4100000000000');
    contents.set('key.pem', 'key of CN=b');
    await agent.pass(6_000);
    expect(agent.net.renewals).toEqual([{ certificate: 'CN=b 4100000000000', key: 'key of CN=b', ca: 'an authority' }]);
    expect(agent.telemetry.total('tlsCertificateExpiry')).toBe(4_100_000_000);
    contents.set('ca.pem', 'another authority');
    await agent.pass(6_000);
    expect(agent.net.renewals.at(-1)!.ca).toBe('another authority');
    expect(agent.telemetry.total('tlsReloads')).toBe(2);
  });

  it('that become unusable change nothing, are complained of once, and are taken when they are mended', async () => {
    const { agent, logged } = await start();
    contents.set('cert.pem', 'CN=b 4100000000000');
    await agent.pass(60_000);
    contents.delete('key.pem');
    await agent.pass(60_000);
    expect(lines(logged, 'error').map((line) => line['reason'])).toEqual([
      'the key is not the key of the certificate',
      "--tls-key key.pem: ENOENT: no such file, open 'key.pem'",
    ]);
    expect(agent.net.renewals).toEqual([]);
    expect(agent.telemetry.total('tlsCertificateExpiry')).toBe(4_000_000_000);
    contents.set('key.pem', 'key of CN=b');
    await agent.pass(6_000);
    expect(agent.net.renewals).toHaveLength(1);
    expect(agent.telemetry.read('tlsReloads').map((series) => 'value' in series && series.value)).toEqual([1, 2]);
  });

  it('that are too large are refused, not cut', async () => {
    const { agent, logged } = await start();
    contents.set('cert.pem', `CN=a 4100000000000${' '.repeat(2 ** 20)}`);
    await agent.pass(6_000);
    expect(lines(logged, 'error')[0]!['reason']).toMatch(/cert\.pem: has 1048594 bytes/);
    expect(agent.net.renewals).toEqual([]);
  });

  it('are left alone once the server is closed', async () => {
    const { agent, server } = await start();
    await server.close();
    contents.set('cert.pem', 'CN=a 4100000000000');
    await agent.pass(60_000);
    expect(agent.net.renewals).toEqual([]);
  });
});

describe('a TLS listener', () => {
  it('serves as any other does, advertised under its name; what came through it is counted', async () => {
    const { agent, server, safePort } = await start();
    expect(server.advertised[1]).toEqual({ name: 'safe', host: 'kafka.example', port: 443 });
    const client = agent.connect(safePort);
    await client.call(apis.apiVersions, 0, {});
    expect(agent.telemetry.total('decryptedBytes')).toBe(agent.telemetry.total('receivedBytes'));
    expect(agent.telemetry.total('decryptedBytes')).toBeGreaterThan(0);
    const other = agent.connect();
    await other.call(apis.apiVersions, 0, {});
    expect(agent.telemetry.total('decryptedBytes')).toBeLessThan(agent.telemetry.total('receivedBytes'));
  });

  it('tells why a handshake failed, some times in ten seconds', async () => {
    const { agent, safePort, logged } = await start();
    for (let count = 0; count < 50; count += 1) agent.connect(safePort).socket.fail('the client leaves');
    await agent.pass(10);
    const told = lines(logged, 'warn').filter((line) => line['reason'] === 'handshake');
    expect(told).toHaveLength(20);
    expect(told[0]).toMatchObject({ listener: 'safe', detail: 'the client leaves', client: '192.0.2.1:50000' });
    expect(agent.telemetry.total('connectionsClosed')).toBe(50);
    expect(agent.telemetry.total('connectionsOpen')).toBe(0);
  });

  it('closes who holds most of what is not read yet, until the rest has room; who holds little or nothing stays', async () => {
    const { agent, safePort, logged } = await start();
    const KiB = 1024;
    const dial = (heldBytes: number) => {
      const { socket } = agent.connect(safePort);
      socket.heldBytes = heldBytes;
      return socket;
    };
    const sockets = [64, 1, 32, 64, 0, 64, 2, 0].map((size) => dial(size * KiB));
    // 16 MiB are free to hold: 227 KiB are here, so that 43 more of 380 KiB are 183 KiB too much.
    const crowd = Array.from({ length: 43 }, () => dial(380 * KiB));
    await agent.pass(2_000);
    expect(sockets.some(({ closed }) => closed)).toBe(false);
    expect(crowd.filter(({ closed }) => closed)).toHaveLength(1);
    expect(lines(logged, 'warn').map((line) => line['reason'])).toEqual(['limit']);
    await agent.pass(10_000);
    expect(crowd.filter(({ closed }) => closed)).toHaveLength(1);
  });
});
