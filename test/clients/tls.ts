// What clients must be able to do by TLS. A client program uses TLS when its environment names the files to use; tests run
// them as processes of their own, which inherit it. Each test file has a process to itself, so no other test sees it.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AgentProcess, scratchFolder, startAgent } from '../processes/agent.js';
import { CertificateAuthority } from '../servers/certificates.js';
import type { ClientDriver } from './driver.js';
import { textRecords, toBrief } from './records.js';

const MINUTE = 60_000;

export function tlsScenarios(driver: ClientDriver): void {
  const folder = scratchFolder(`${driver.name}-tls`);
  const file = (name: string): string => join(folder.path, name);
  const authority = new CertificateAuthority();
  const hosts = ['localhost', '127.0.0.1'];
  let agent: AgentProcess;

  function writePair(name: string, by: CertificateAuthority, forHosts: readonly string[]): void {
    const { certificate, key } = by.issue({ commonName: name, hosts: forHosts });
    writeFileSync(file(`${name}.pem`), certificate);
    writeFileSync(file(`${name}.key`), key);
  }

  function useClient(name: string): void {
    process.env['WEFT_TEST_TLS_CA'] = file('ca.pem');
    process.env['WEFT_TEST_TLS_CERTIFICATE'] = file(`${name}.pem`);
    process.env['WEFT_TEST_TLS_KEY'] = file(`${name}.key`);
  }

  beforeAll(async () => {
    writeFileSync(file('ca.pem'), authority.certificate);
    writePair('server', authority, hosts);
    writePair('client', authority, []);
    writePair('stranger', new CertificateAuthority('Stranger'), []);
    agent = await startAgent([
      ...['--kafka', 'safe=tls://127.0.0.1:0', '--tls-ca', file('ca.pem')],
      ...['--tls-certificate', file('server.pem'), '--tls-key', file('server.key')],
      ...['--bucket', `file:${file('data')}`, '--group-initial-rebalance-delay', '0ms'],
    ]);
  }, MINUTE);
  afterAll(async () => {
    expect(await agent.stop()).toBe(0);
    folder.remove();
  }, MINUTE);

  async function roundTrip(topic: string): Promise<void> {
    const records = textRecords(topic);
    await driver.createTopic?.(agent.kafka, topic, 1);
    await driver.produce(agent.kafka, topic, records, { compression: 'gzip', idempotent: driver.idempotence });
    const consumed = await driver.groupRead(agent.kafka, topic, `${topic}-group`, records.length);
    expect(consumed.map(toBrief)).toEqual(records.map(toBrief));
  }

  describe(`${driver.name} by TLS with a client certificate`, () => {
    test('records come back as they were sent', { timeout: 2 * MINUTE }, async () => {
      useClient('client');
      await roundTrip(`${driver.name}-tls`);
    });

    test('another certificate is taken over without a restart', { timeout: 2 * MINUTE }, async () => {
      const { output } = agent;
      const loaded = (): number => output().split('TLS certificate reloaded').length - 1;
      const before = loaded();
      writePair('server', authority, hosts);
      await expect.poll(loaded, { timeout: MINUTE }).toBe(before + 1);
      await roundTrip(`${driver.name}-tls-renewed`);
    });

    test('a client certificate of another authority is refused, and the log says so', {
      timeout: 2 * MINUTE,
    }, async () => {
      useClient('stranger');
      const refused = driver.offsetAt(agent.kafka, `${driver.name}-tls`, 0).then(
        () => 'let in',
        () => 'refused',
      );
      // Many clients withhold a certificate that the listener, by the authorities it names, would not take.
      const told = /the client's certificate is refused|the client gave no certificate, which --tls-ca requires/;
      await expect.poll(() => agent.output(), { timeout: MINUTE }).toMatch(told);
      // A client that tries for ever ends when there is nobody left; until then it was not let in.
      expect(await Promise.race([refused, Promise.resolve('still trying')])).not.toBe('let in');
      useClient('client');
    });
  });
}
